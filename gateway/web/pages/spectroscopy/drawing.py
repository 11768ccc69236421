"""The spectra of a case: one signal of an object of spectroscopy as a drawing, and all of them for the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from markupsafe import Markup

from gateway.decoding import files
from gateway.decoding.errors import CannotDecode, NoSuchFrame, TooBusy
from gateway.decoding.files import ShownSpectrum
from gateway.errors import NotThere
from gateway.imaging.spectrum import BROADENING_HZ, HIGHEST_PPM, LINES, LOWEST_PPM
from gateway.imaging.study_index import Vector
from gateway.records.accounts import Viewer
from gateway.records.tables.cases import PreparedInstance
from gateway.records.views import case_rows
from gateway.web.foundation.case_access import CaseId, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.images import PictureFailed, come_again, pictured
from gateway.web.pages.queue import Looker, etag_of, is_known

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/cases", tags=["cases"])

MR_SPECTROSCOPY: Final = "1.2.840.10008.5.1.4.1.1.4.2"
MOST_TOLD: Final = 64
"""Signals that the list tells of; a grid of spectroscopy has hundreds."""
_WIDTH, _HEIGHT, _FLOOR, _CEILING, _MARGIN = 640, 300, 262.0, 34.0, 24.0
_NOT_SUPPRESSED: Final = 10.0
"""From so many times the largest line on, the water was not suppressed: such a signal is a reference."""


def spectra_of(context: WebContext, viewer: Viewer, case_id: int) -> list[PreparedInstance]:
    """The copies of a case that hold spectra, in the order in which they were made; raises NotThere."""
    forgotten = open_case(context, viewer, case_id).page.row.forgotten_at
    with context.database.read() as session:
        copies = [] if forgotten else case_rows.prepared(session, case_id)
    return [copy for copy in copies if copy.sop_class_uid == MR_SPECTROSCOPY]


@router.get("/cases/{case_id}/spectra/{number}/{signal}.svg")
def drawing(
    request: Request, context: Context, viewer: Looker, case_id: CaseId, number: int, signal: int
) -> Response:
    """One signal of a de-identified copy as its spectrum; both are counted from 0."""
    copies = spectra_of(context, viewer, case_id)
    if not 0 <= number < len(copies):
        raise NotThere("There is no such spectrum.", "Load the case again: its images may have changed.")
    etag = etag_of(f"{copies[number].blob} {copies[number].sop_instance_uid} {signal}".encode())
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    try:
        with pictured():
            shown = files.spectrum_of(context.blobs.path(copies[number].blob), signal)
    except PictureFailed as failed:
        if isinstance(failed.__cause__, NoSuchFrame):
            raise NotThere(failed.__cause__.problem, failed.__cause__.fix) from failed
        raise
    return Response(drawn(shown, signal), media_type="image/svg+xml", headers=headers)


@api.get("/{case_id}/spectra")
def spectra_json(context: Context, viewer: Looker, case_id: CaseId) -> Response:
    """Every signal of spectroscopy of a case: where its drawing is, TE in ms, and its voxel in mm (DICOM's axes)."""
    told: list[dict[str, Any]] = []
    for number, copy in enumerate(spectra_of(context, viewer, case_id)):
        signal, signals = 0, 1
        while signal < signals and len(told) < MOST_TOLD:
            entry: dict[str, Any] = {
                "object": number,
                "signal": signal,
                "uid": copy.sop_instance_uid,
                "drawing": f"/cases/{case_id}/spectra/{number}/{signal}.svg",
            }
            try:
                shown = files.spectrum_of(context.blobs.path(copy.blob), signal)
            except TooBusy as error:
                raise come_again(error) from error
            except CannotDecode as error:
                told.append({**entry, "problem": error.problem})
                break
            signals = shown.signals
            told.append({**entry, "signals": signals, "echo_time": shown.echo_time, "voxel": _voxel(shown)})
            signal += 1
    return JSONResponse({"spectra": told})


def _voxel(shown: ShownSpectrum) -> dict[str, Any] | None:
    box = shown.voxel
    return None if box is None else {"middle": box.middle, "sizes": box.sizes, "corners": box.corners}


def drawn(shown: ShownSpectrum, signal: int) -> Markup:
    """The drawing: chemical shift from high to low, lines named where they are expected, and what it shows."""
    line = " ".join(
        f"{_across(ppm):.1f},{_FLOOR - (_FLOOR - _CEILING) * height:.1f}"
        for ppm, height in zip(shown.spectrum.ppm, shown.spectrum.magnitude, strict=True)
    )
    told = _told(shown, signal)
    parts = Markup('<title>{}</title><rect width="{}" height="{}" fill="#0c1215"/>').format(
        told, _WIDTH, _HEIGHT
    )
    for name, ppm in LINES:
        parts += Markup(
            '<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" stroke="#3d4f58" stroke-dasharray="3 4"/>'
            '<text x="{0:.1f}" y="{3}" text-anchor="middle" fill="#9fb3bd">{4}</text>'
        ).format(_across(ppm), _CEILING, _FLOOR, _CEILING - 4, name)
    parts += Markup('<polyline points="{}" fill="none" stroke="#5cc8bd" stroke-width="1.4"/>').format(line)
    for tenths in range(5, 45, 5):
        parts += Markup('<text x="{:.1f}" y="{}" text-anchor="middle" fill="#8aa0ab">{:.1f}</text>').format(
            _across(tenths / 10), _FLOOR + 16, tenths / 10
        )
    parts += Markup('<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="#5a6d78"/>').format(
        _MARGIN, _WIDTH - _MARGIN, _FLOOR, _FLOOR
    )
    parts += Markup('<text x="{}" y="{}" fill="#8aa0ab">{}</text>').format(_MARGIN, _HEIGHT - 5, told)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="sans-serif" font-size="11">{}</svg>'
    ).format(_WIDTH, _HEIGHT, parts)


def _across(ppm: float) -> float:
    """Chemical shifts fall from left to right, as they are read."""
    return _MARGIN + (_WIDTH - 2 * _MARGIN) * (HIGHEST_PPM - ppm) / (HIGHEST_PPM - LOWEST_PPM)


def _told(shown: ShownSpectrum, signal: int) -> str:
    water = "; water not suppressed" if shown.spectrum.water > _NOT_SUPPRESSED else ""
    parts = [
        f"Signal {signal + 1} of {shown.signals}",
        f"TE {shown.echo_time:g} ms" if shown.echo_time is not None else "TE not told",
        _place(shown),
        f"ppm; magnitude, {BROADENING_HZ:g} Hz{water}",
    ]
    return " · ".join(parts)


def _place(shown: ShownSpectrum) -> str:
    box = shown.voxel
    if box is None:
        return "voxel not told"
    return " × ".join(f"{size:.0f}" for size in box.sizes) + f" mm at {in_words(box.middle)}"


def in_words(point: Vector) -> str:
    """A point of the patient in mm, as people say it: to which side of the middle of the scanner."""
    sides: Sequence[tuple[str, str]] = (("L", "R"), ("P", "A"), ("S", "I"))
    return " ".join(
        f"{positive if value >= 0 else negative} {abs(value):.0f}"
        for value, (positive, negative) in zip(point, sides, strict=True)
    )
