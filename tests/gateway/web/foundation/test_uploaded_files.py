"""Uploaded files on their way in: what each becomes, whatever an archive is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlmodel import select

from gateway.errors import NotAllowed
from gateway.intake import Intake
from gateway.records.accounts import Viewer
from gateway.records.tables.studies import Study
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.upload_places import UploadPlaces
from gateway.web.foundation.uploaded_files import (
    Uploader,
    UploadResult,
    keep_file,
    own_site,
    summary_of,
)
from gateway.web.unpacking import process
from gateway.web.unpacking.archives import is_clutter
from support.objects.dicom_files import study_file
from support.web_gateway import WebGateway

WHO = Uploader(1, "north", "10.1.2.3", "upload-test")


def archive(files: dict[str, bytes]) -> bytes:
    """A ZIP of these names."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def kept(context: WebContext, data: bytes, name: str = "a.zip") -> list[UploadResult]:
    """What became of every object of one file."""
    places = UploadPlaces(context.settings, context.blobs)
    with places.upload("cora") as place, place.temporary_file() as stream:
        stream.write(data)
        return list(keep_file(context, WHO, place, name, stream))


@pytest.mark.parametrize(
    ("role", "site", "belongs"),
    [("coordinator", "north", "north"), ("admin", "", "default"), ("admin", "south", "south")],
)
def test_what_an_account_sends_belongs_to_its_site(role: str, site: str, belongs: str) -> None:
    """An administrator of every site sends for the default one."""
    assert own_site(Viewer(1, "x", "X", role, site)) == belongs


def test_a_coordinator_without_a_site_sends_nothing() -> None:
    """The study would be seen by every site's coordinators or by none."""
    with pytest.raises(NotAllowed) as refused:
        own_site(Viewer(1, "x", "X", "coordinator", ""))
    assert refused.value.fix == "An administrator can give it one."


@pytest.mark.parametrize(
    ("name", "clutter"),
    [
        ("DICOMDIR", True),
        ("disc/dicomdir", True),
        ("disc\\Thumbs.db", True),
        ("a/.DS_Store", True),
        ("__MACOSX/a/._1.dcm", True),
        ("autorun.inf", True),
        ("a/1.dcm", False),
        ("DICOMDIR/1", False),
        ("IMG00001", False),
        ("", False),
    ],
)
def test_what_lies_beside_images_is_passed_over(name: str, clutter: bool) -> None:
    """On discs and in archives of either system; a folder of that name is none."""
    assert is_clutter(name) is clutter


def test_an_object_is_kept_for_the_site_with_its_origin(web: WebGateway) -> None:
    """Who uploaded, from where; the name of the file goes back to nobody but the uploader."""
    [result] = kept(web.context, study_file("2.25.7001"), "Doe^Jane.dcm")
    assert (result.name, result.kept, result.problem) == ("Doe^Jane.dcm", True, "")
    with web.database.read() as session:
        study = session.exec(select(Study).where(Study.study_instance_uid == "2.25.7001")).one()
    assert (study.id, study.site, study.received_by, study.address) == (
        result.study_id,
        "north",
        "upload",
        "10.1.2.3",
    )


def test_an_archive_in_an_archive_is_opened(web: WebGateway) -> None:
    """The name of its entries tells the way to them."""
    inner = archive({"x.dcm": study_file("2.25.7002", 1)})
    results = kept(web.context, archive({"in.zip": inner, "y.dcm": study_file("2.25.7002", 2)}))
    assert [(one.name, one.kept) for one in results] == [("in.zip/x.dcm", True), ("y.dcm", True)]


def damaged(data: bytes) -> bytes:
    """An archive whose first entry does not unpack."""
    middle = data.index(b"x.dcm") + 200
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 40]) + data[middle + 40 :]


def encrypted(data: bytes) -> bytes:
    """An archive that says its first entry has a password."""
    local, central = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    marked = bytearray(data)
    marked[local + 6] |= 1
    marked[central + 8] |= 1
    return bytes(marked)


@pytest.mark.parametrize("broken", [damaged, encrypted])
def test_an_entry_that_cannot_be_unpacked_is_told_and_the_next_is_kept(
    web: WebGateway, broken: Callable[[bytes], bytes]
) -> None:
    """One bad entry does not lose a study."""
    study = f"2.25.7003.{broken.__name__[0].encode()[0]}"
    data = archive({"x.dcm": study_file(study, 1), "y.dcm": study_file(study, 2)})
    first, second = kept(web.context, broken(data))
    assert (first.name, first.kept) == ("x.dcm", False)
    assert broken.__name__ in first.problem
    assert (second.name, second.kept) == ("y.dcm", True)


def test_an_object_over_the_limit_is_refused(web: WebGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself, without having been read; in an archive, without having been kept here."""
    data = study_file("2.25.7004")
    monkeypatch.setattr(process, "LARGEST_OBJECT", len(data) - 1)
    [result] = kept(web.context, data)
    assert (result.kept, result.fix) == (False, "Send it by DICOM instead.")
    [result] = kept(web.context, archive({"x.dcm": data}))
    assert not result.kept
    monkeypatch.setattr(process, "LARGEST_OBJECT", len(data))
    assert kept(web.context, data)[0].kept


def test_a_disk_that_is_full_is_told(web: WebGateway) -> None:
    """The answer of the intake, with its fix."""
    settings = web.context.settings
    wanting = settings.model_copy(
        update={"storage": settings.storage.model_copy(update={"min_free_mb": 10**9})}
    )
    full = replace(web.context, intake=Intake(wanting, web.database, web.context.blobs))
    [result] = kept(full, study_file("2.25.7005"))
    assert not result.kept
    assert result.problem
    assert result.fix


def test_a_summary_counts_what_was_kept_and_lists_what_was_not() -> None:
    """Each study once, in order."""
    refused = UploadResult("x.txt", False, "It is no DICOM.", "Send DICOM.")
    results = [
        UploadResult("a", True, study_id=9),
        UploadResult("b", True, study_id=4),
        refused,
        UploadResult("c", True, study_id=9),
    ]
    assert summary_of(iter(results)) == {"kept": 3, "refused": [refused], "studies": [4, 9]}


def test_nothing_is_written_where_a_name_points(web: WebGateway, tmp_path: Path) -> None:
    """An absolute path in an archive is a name."""
    target = tmp_path / "escaped.dcm"
    [result] = kept(web.context, archive({str(target): study_file("2.25.7006")}))
    assert result.kept
    assert not target.exists()
