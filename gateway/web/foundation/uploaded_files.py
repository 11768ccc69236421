"""Uploaded files on their way to the intake: single objects and archives, each told what became of it.

Names inside an archive are only ever shown, never used as a path.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from fastapi import Request

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.instance import read_instance
from gateway.errors import NotAllowed
from gateway.intake import SUCCESS
from gateway.records.accounts import Viewer
from gateway.web.foundation.context import WebContext

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
LARGEST_OBJECT = 2**30
"""Bytes of one object, unpacked: a 4D enhanced MR takes half. Guards against endless archives."""
MOST_ENTRIES = 100_000
NOT_IMAGES = frozenset({"DICOMDIR", "THUMBS.DB", ".DS_STORE", "DESKTOP.INI", "AUTORUN.INF"})


@dataclass(frozen=True)
class UploadResult:
    """What became of one file; `name` is what the uploader called it and goes back to nobody else."""

    name: str
    kept: bool
    problem: str = ""
    fix: str = ""
    study_id: int | None = None


@dataclass(frozen=True)
class Uploader:
    """Who uploads, for which site, from where."""

    account_id: int
    site: str
    address: str
    upload: str


def own_site(viewer: Viewer) -> str:
    """The site that what this account sends belongs to; raises NotAllowed for a coordinator without one."""
    if viewer.site:
        return viewer.site
    if viewer.role == "coordinator":
        raise NotAllowed("Your account belongs to no site.", "An administrator can give it one.")
    return "default"


def uploader_of(request: Request, viewer: Viewer) -> Uploader:
    """The uploader behind a request."""
    address = request.client.host if request.client else ""
    return Uploader(viewer.account_id, own_site(viewer), address, f"upload-{secrets.token_hex(8)}")


def keep_file(context: WebContext, who: Uploader, name: str, stream: IO[bytes]) -> Iterator[UploadResult]:
    """Every object of one uploaded file, which may be an archive."""
    start = stream.read(4)
    stream.seek(0)
    if start not in ZIP_STARTS:
        yield _keep(context, who, name, stream.read(LARGEST_OBJECT + 1))
        return
    try:
        with ZipFile(stream) as archive:
            yield from _keep_archive(context, who, archive)
    except (BadZipFile, NotImplementedError, EOFError) as error:
        yield UploadResult(
            name,
            False,
            f"The archive cannot be read ({type(error).__name__}).",
            "Make the ZIP again and repeat the upload.",
        )


def _keep_archive(context: WebContext, who: Uploader, archive: ZipFile) -> Iterator[UploadResult]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not is_clutter(entry.filename)]
    if len(entries) > MOST_ENTRIES:
        yield UploadResult(
            "", False, f"The archive holds more than {MOST_ENTRIES} files.", "Upload one study at a time."
        )
        return
    left = context.settings.web.max_upload_mb * 1_000_000 * 10  # what an honest archive of MR can unpack to
    for entry in entries:
        data = _unpacked(archive, entry)
        left -= len(data or b"")
        if left < 0:
            yield UploadResult(
                "",
                False,
                "The archive unpacks to far more than an upload may hold.",
                "Upload one study at a time.",
            )
            return
        if data is None:
            yield UploadResult(
                entry.filename,
                False,
                "This entry of the archive is encrypted or damaged.",
                "Make the ZIP again without a password.",
            )
        else:
            yield _keep(context, who, entry.filename, data)


def _unpacked(archive: ZipFile, entry: ZipInfo) -> bytes | None:
    """An entry's bytes, at most one more than the largest object; None when it cannot be unpacked."""
    try:
        with archive.open(entry) as stream:
            return stream.read(LARGEST_OBJECT + 1)
    except Exception:  # noqa: BLE001  a damaged entry raises zlib's, lzma's, struct's or zipfile's own errors
        return None


def is_clutter(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.upper() in NOT_IMAGES or "__MACOSX" in path.parts


def _keep(context: WebContext, who: Uploader, name: str, data: bytes) -> UploadResult:
    if len(data) > LARGEST_OBJECT:
        return UploadResult(
            name, False, "The file is larger than one object may be.", "Send it by DICOM instead."
        )
    try:
        received = read_instance(
            data,
            called_ae_title=context.settings.dicom.ae_title,
            peer_address=who.address,
            association_id=who.upload,
            received_by="upload",
        )
    except NotDicom as error:
        return UploadResult(name, False, error.problem, error.fix)
    result = context.intake.keep(received, uploaded_by=who.account_id, site=who.site)
    return UploadResult(name, result.status == SUCCESS, result.problem, result.fix, result.study_id)


def summary_of(results: Iterable[UploadResult]) -> dict[str, Any]:
    found = list(results)
    studies = sorted({one.study_id for one in found if one.study_id is not None})
    return {
        "kept": sum(one.kept for one in found),
        "refused": [one for one in found if not one.kept],
        "studies": studies,
    }
