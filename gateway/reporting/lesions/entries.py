"""Lesions and spectra as entries of the outline: a side modifies its site (PS3.16 TID 300), lesions are tracked.

Tracking Identifier and Tracking Unique Identifier (PS3.16 TID 1501: 112039, 112040) name the same lesion in every
report of a patient.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.reporting.layout.entries import (
    Coded,
    Drawn,
    Entry,
    Heading,
    ImageReference,
    Measured,
    UidReference,
    Words,
    coded,
    measured,
    words,
)
from gateway.reporting.lesions.growth import growth_of
from gateway.reporting.lesions.marks import MarkKind, key_image, place_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.reporting.lesions.answers import AnatomicalSite, Laterality
    from gateway.reporting.lesions.lesion import Lesion
    from gateway.reporting.lesions.marks import Mark
    from gateway.reporting.lesions.spectrum import Ratios, Spectrum


def lesion_entries(
    number: int,
    lesion: Lesion,
    original_uid: Callable[[str], str],
    compared: bool,
    frame_of_reference: Callable[[str], str],
) -> Iterable[Entry]:
    """What is said of lesion `number`; `original_uid` leads from a picture's UID as shown to the sender's.

    `frame_of_reference` gives that of an instance of the sender's, empty where it is not known.

    Growth is told with the days it is counted from, and only in a report that `compared` with a prior.
    """
    yield Words("lesion_identifier", str(number))
    if lesion.tracking_uid is not None:
        yield Words("tracking_identifier", f"Lesion {number}")
        yield UidReference("tracking_uid", lesion.tracking_uid)
    for site, side in lesion.places.items():
        yield _place(site, side)
    yield from words("other_site", lesion.other_site)
    yield from coded("topography", *(lesion.topography or ()))
    yield from coded("multiplicity", lesion.multiplicity)
    yield from coded("cortical_involvement", lesion.cortical_involvement)
    yield from coded("morphology", *(lesion.morphology or ()))
    yield from coded("border", lesion.border)
    yield from coded("border_white_matter", lesion.border_white_matter)
    yield from coded("border_grey_matter", lesion.border_grey_matter)
    yield from coded("time_course", lesion.time_course)
    yield from coded("course", *lesion.course)
    yield from coded("t1", *(lesion.t1 or ()))
    yield from coded("t2", *(lesion.t2 or ()))
    yield from coded("dwi", *(lesion.dwi or ()))
    yield from coded("adc", lesion.adc)
    yield from coded("enhancement", *(lesion.enhancement or ()))
    yield from coded("swi", *(lesion.swi or ()))
    yield from coded("mass_effect", lesion.mass_effect)
    yield from coded("haemorrhage", lesion.haemorrhage)
    yield from coded("iris_signs", *lesion.iris_signs)
    yield from coded("residual", *lesion.residual)
    yield from measured("long_axis_mm", lesion.long_axis_mm, "mm")
    yield from measured("volume_cm3", lesion.volume_cm3, "cm3")
    changes = growth_of(lesion) if compared else []
    if changes and lesion.prior is not None:
        yield Measured("prior_days", Decimal(lesion.prior.days), "unit.d")
    for grown in changes:
        yield Measured(grown.concept, grown.value, f"unit.{grown.unit}")
    yield from coded("attribution", lesion.attribution)
    yield from words("comment", lesion.comment)
    for shown in lesion.key_images:
        uid, frame = key_image(shown)
        yield ImageReference("key_image", original_uid(uid), frame)
    for each in lesion.marks:
        yield mark_heading(number, lesion.tracking_uid, each, original_uid, frame_of_reference)


def mark_heading(
    number: int,
    tracking_uid: str | None,
    mark: Mark,
    original_uid: Callable[[str], str],
    frame_of_reference: Callable[[str], str],
) -> Heading:
    """One mark as a measurement group (PS3.16 TID 1410; with the outlines of several slices TID 1411).

    A long axis is measured on its path (TID 1400); a region on its outlines.
    """
    uid = original_uid(mark.uid)
    entries: list[Entry] = [Words("tracking_identifier", f"Lesion {number}")]
    if tracking_uid is not None:
        entries.append(UidReference("tracking_uid", tracking_uid))
    if mark.kind is MarkKind.REGION:
        entries += [
            Drawn("image_region", original_uid(each.uid), each.frame, "POLYGON", each.points)
            for each in mark.outlines
        ]
        entries += measured("volume_cm3", mark.volume_ml, "cm3")
        entries += words("mark_method", str(mark.method))
    elif mark.length_mm is not None:
        path = Drawn("path", uid, mark.frame, "POLYLINE", mark.points)
        entries.append(Measured("long_axis_mm", mark.length_mm, "unit.mm", path))
    else:
        entries.append(Drawn("image_region", uid, mark.frame, "POINT", mark.points))
    entries += (Words("mark_place", place_in_words(point)) for point in mark.points)
    if system := frame_of_reference(uid):
        entries.append(UidReference("frame_of_reference", system))
    return Heading("mark", tuple(entries), "1411" if len(mark.outlines) > 1 else "1410")


def spectrum_entries(spectrum: Spectrum) -> Iterable[Entry]:
    """What is said of one voxel."""
    if spectrum.lesion is not None:
        yield Words("spectrum_lesion", str(spectrum.lesion))
    yield from coded("overlap", spectrum.overlap)
    yield _place(spectrum.site, spectrum.laterality)
    yield from measured("echo_time_ms", spectrum.echo_time_ms, "ms")
    yield from _ratios(spectrum.values)
    yield from coded("reference", spectrum.reference)
    if spectrum.reference_values.known:
        yield Heading("reference_values", tuple(_ratios(spectrum.reference_values)))


def _place(site: AnatomicalSite, side: Laterality) -> Coded:
    return Coded("site", site.key, (Coded("laterality", side.key),))


def _ratios(ratios: Ratios) -> Iterable[Entry]:
    for name, value in ratios.known.items():
        yield Measured(name, value, "unit.ratio")
