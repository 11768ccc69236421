"""Uploads under way: how many, whose, and how much they hold, whatever becomes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.records.blobs import LocalBlobs
from gateway.settings import Settings
from gateway.web.foundation.problems import NoRoom, TooManyRequests
from gateway.web.foundation.upload_places import UploadPlaces

MB = 1_000_000


def places(folder: Path, min_free_mb: int = 0, **limits: int) -> UploadPlaces:
    """Places of a server with these limits."""
    settings = Settings.model_validate(
        {"limits": limits, "storage": {"objects": folder, "min_free_mb": min_free_mb}}
    )
    return UploadPlaces(settings, LocalBlobs(folder))


def test_an_account_has_its_share_and_all_have_theirs(tmp_path: Path) -> None:
    """One more is told to come again; when one ends, there is a place."""
    of_all = places(tmp_path, uploads=3, uploads_per_account=2)
    with of_all.upload("1"), of_all.upload("1"):
        with pytest.raises(TooManyRequests, match="2 uploads of this account"), of_all.upload("1"):
            pass
        with (
            of_all.upload("2"),
            pytest.raises(TooManyRequests, match="3 uploads are under way"),
            of_all.upload("3"),
        ):
            pass
        with of_all.upload("3"):
            pass
    with of_all.upload("1"), of_all.upload("1"):
        pass


def test_temporary_files_count_while_they_are_there(tmp_path: Path) -> None:
    """By account and in all; closing one gives its bytes back, whatever became of it."""
    of_all = places(tmp_path, uploads_mb=3, uploads_mb_per_account=2)
    with of_all.upload("1") as mine, of_all.upload("2") as other:
        with mine.temporary_file() as file, other.temporary_file() as more:
            file.write(bytes(2 * MB))
            with pytest.raises(NoRoom):
                file.write(b"x")
            more.write(bytes(MB))
            with pytest.raises(NoRoom):
                more.write(b"x")
        with mine.temporary_file() as file:
            file.write(bytes(2 * MB))


def test_a_form_counts_from_its_beginning(tmp_path: Path) -> None:
    """What it announces is taken, and given back with the upload."""
    of_all = places(tmp_path, uploads_mb=3, uploads_mb_per_account=3)
    for _ in range(2):
        with of_all.upload("1") as form:
            form.take(3 * MB)
            with pytest.raises(NoRoom):
                form.take(1)


def test_a_disk_that_fills_up_stops_an_upload_on_its_way(tmp_path: Path) -> None:
    """Not only before: others need what is left."""
    of_all = places(tmp_path, min_free_mb=10**9)
    with of_all.upload("1") as upload, upload.temporary_file() as file:
        for _ in range(15):
            file.write(bytes(MB))
        with pytest.raises(NoRoom, match="disk"):
            file.write(bytes(MB))


def test_temporary_files_are_beside_the_objects_without_a_name(tmp_path: Path) -> None:
    """A crash leaves nothing."""
    with places(tmp_path).upload("1") as upload, upload.temporary_file() as file:
        file.write(bytes(2 * MB))
        assert list(tmp_path.iterdir()) == []
