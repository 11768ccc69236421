"""Uploaded files on their way to the intake: single objects and archives, each told what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from fastapi import Request

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.instance import open_instance
from gateway.errors import NotAllowed
from gateway.intake import SUCCESS
from gateway.records.accounts import Viewer
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.upload_places import UploadPlace
from gateway.web.unpacking.archives import Entry, Unopened

_UNPACKED: Final = 10
"""How many times the largest upload its archives may hold: what honest ones of MR reach."""


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


def keep_file(
    context: WebContext, who: Uploader, place: UploadPlace, name: str, stream: IO[bytes]
) -> Iterator[UploadResult]:
    """Every object of one uploaded file, which may be an archive."""
    most = context.settings.web.max_upload_mb * 1_000_000 * _UNPACKED
    for entry in place.unpacking.entries(name, stream, most, place.folder, place.temporary_file):
        if isinstance(entry, Unopened):
            yield UploadResult(entry.name, False, entry.problem, entry.fix)
        else:
            yield _keep(context, who, entry)


def _keep(context: WebContext, who: Uploader, entry: Entry) -> UploadResult:
    try:
        opened = open_instance(
            entry.content,
            called_ae_title=context.settings.dicom.ae_title,
            peer_address=who.address,
            association_id=who.upload,
            received_by="upload",
        )
    except NotDicom as error:
        return UploadResult(entry.name, False, error.problem, error.fix)
    result = context.intake.keep_stream(opened.announced, entry.content, who.account_id, who.site)
    return UploadResult(entry.name, result.status == SUCCESS, result.problem, result.fix, result.study_id)


def summary_of(results: Iterable[UploadResult]) -> dict[str, Any]:
    found = list(results)
    studies = sorted({one.study_id for one in found if one.study_id is not None})
    return {
        "kept": sum(one.kept for one in found),
        "refused": [one for one in found if not one.kept],
        "studies": studies,
    }
