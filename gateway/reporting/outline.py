"""The report as a tree of headings and entries: one table of contents for the SR, the PDF and the screen.

Identity comes back here, and only what needs it: the date of the prior study (shifted towards the reader) and the SOP
Instance UIDs of key images. Order and headings follow PS3.16 TID 2000 with the sections of CID 7001.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.reporting.form import SEQUENCES
from gateway.reporting.signer import NOT_SIGNED, Unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from gateway.reporting.answers import Answer
    from gateway.reporting.parts import Lesion, Ratios, SequenceSeen, Spectrum
    from gateway.reporting.report import Report
    from gateway.reporting.signer import Signature


NOTICE = "For healthcare professionals only. This report supports a clinical decision; it makes none."


@dataclass(frozen=True)
class Coded:
    """A question answered with a code; both are keys of `codes.json`."""

    concept: str
    value: str


@dataclass(frozen=True)
class Words:
    """A question answered in words."""

    concept: str
    text: str


@dataclass(frozen=True)
class Measured:
    """A question answered with a number and a UCUM unit (`unit.*` key)."""

    concept: str
    value: Decimal | int
    unit: str


@dataclass(frozen=True)
class Day:
    """A question answered with a date."""

    concept: str
    day: date


@dataclass(frozen=True)
class Moment:
    """A question answered with an aware date and time."""

    concept: str
    at: datetime


@dataclass(frozen=True)
class UidReference:
    """A question answered with a UID that is no instance, such as a study."""

    concept: str
    uid: str


@dataclass(frozen=True)
class ImageReference:
    """A reference to one instance of the study."""

    concept: str
    sop_instance_uid: str


@dataclass(frozen=True)
class Heading:
    """A heading with what stands under it."""

    concept: str
    entries: tuple[Entry, ...]


Entry = Coded | Words | Measured | Day | Moment | UidReference | ImageReference | Heading


@dataclass(frozen=True)
class Restoration:
    """What turns the reader's view back into the sender's.

    `date_shift_days` are the days that were added to this patient's dates, `original_uids` maps pseudonymous to
    original SOP Instance UIDs (a UID that is not in it is taken as original), `prior_studies` maps each original
    Study Instance UID of a prior to its study date, None when the study has none.
    """

    date_shift_days: int = 0
    original_uids: Mapping[str, str] = field(default_factory=dict)
    prior_studies: Mapping[str, date | None] = field(default_factory=dict)

    def day(self, shown: date) -> date:
        """The real date behind a date as it was shown."""
        return shown - timedelta(days=self.date_shift_days)

    def uid(self, shown: str) -> str:
        """The original UID behind a UID as it was shown."""
        return self.original_uids.get(shown, shown)


def notice_of(signature: Signature | Unsigned) -> str:
    """Whom the report is for, and that it is preliminary while nobody has signed it: the same in every form."""
    return f"{NOT_SIGNED}. {NOTICE}" if isinstance(signature, Unsigned) else NOTICE


def outline(report: Report, restoration: Restoration, addendum: str = "") -> tuple[Heading, ...]:
    """Every section of `report` in its order; an addendum or a critical result only where there is one."""
    sections = [
        Heading("section.request", tuple(_request(report))),
        Heading("section.procedure", tuple(_procedure(report))),
        Heading("section.prior", tuple(_prior(report, restoration))),
        Heading("section.findings", tuple(_findings(report, restoration))),
        Heading("section.impression", tuple(_impression(report))),
        Heading("section.recommendations", tuple(_recommendations(report))),
    ]
    if told := report.communication:
        entries = (Words("communicated_to", told.person), Moment("communicated_at", told.at))
        sections.append(Heading("section.communication", entries))
    if addendum:
        sections.append(Heading("section.addendum", (Words("addendum_text", addendum),)))
    return tuple(sections)


def _coded(concept: str, *answers: Answer | None) -> Iterable[Coded]:
    return (Coded(concept, answer.key) for answer in answers if answer is not None)


def _words(concept: str, text: str) -> Iterable[Words]:
    return (Words(concept, text),) if text else ()


def _measured(concept: str, value: Decimal | int | None, unit: str) -> Iterable[Measured]:
    return (Measured(concept, value, f"unit.{unit}"),) if value is not None else ()


def _request(report: Report) -> Iterable[Entry]:
    context = report.context
    yield Coded("reading", "reading.second_opinion")
    yield from _coded("referral", context.referral)
    yield from _words("question", context.question)
    yield from _words("symptoms", context.symptoms)
    yield from _measured("natalizumab_months", context.natalizumab_months, "mo")
    yield from _measured("dosing_interval_weeks", context.dosing_interval_weeks, "wk")
    yield from _coded("jcv_antibodies", context.jcv_antibodies)
    yield from _measured("jcv_index", context.jcv_index, "1")
    yield from _coded("prior_immunosuppression", context.prior_immunosuppression)
    yield from _coded("csf_jcv_pcr", context.csf_jcv_pcr)
    yield from _measured("kps", context.kps, "1")
    yield from _measured("edss", context.edss, "1")


def _procedure(report: Report) -> Iterable[Entry]:
    protocol = report.protocol
    yield from _coded("completeness", protocol.completeness)
    yield from _coded("quality", protocol.quality)
    yield from _words("limitation", protocol.limitation)
    yield from _words("contrast_correction", protocol.contrast_correction)
    # Behind what is said of the whole examination, which else reads as if it belonged to the last sequence.
    for name in SEQUENCES:
        yield Heading("sequence", tuple(_sequence(name, getattr(protocol.sequences, name))))


def _sequence(name: str, seen: SequenceSeen) -> Iterable[Entry]:
    yield Coded("sequence", f"sequence.{name}")
    yield from _coded("acquired", seen.acquired)
    yield from _measured("slice_thickness", seen.thickness_mm, "mm")
    yield from _coded("quality", seen.quality)


def _prior(report: Report, restoration: Restoration) -> Iterable[Entry]:
    yield from _coded("comparison", report.comparison.done)
    if (shown := report.comparison.prior_study_date) is None:
        return
    day = restoration.day(shown)
    yield Day("prior_study_date", day)
    for uid, study_date in sorted(restoration.prior_studies.items()):
        if study_date == day:
            yield UidReference("study_instance_uid", uid)


def _findings(report: Report, restoration: Restoration) -> Iterable[Entry]:
    yield from _coded("new_lesion", report.new_lesion)
    yield from _coded("t2_load_change", report.comparison.t2_load_change)
    for number, lesion in enumerate(report.lesions, start=1):
        yield Heading("lesion", tuple(_lesion(number, lesion, restoration)))
    for spectrum in report.spectra:
        yield Heading("spectrum", tuple(_spectrum(spectrum)))
    yield from _words("other_findings", report.other_findings)


def _lesion(number: int, lesion: Lesion, restoration: Restoration) -> Iterable[Entry]:
    yield Words("lesion_identifier", str(number))
    yield from _coded("site", *lesion.sites)
    yield from _coded("laterality", lesion.laterality)
    yield from _coded("topography", *lesion.topography)
    yield from _coded("multiplicity", lesion.multiplicity)
    yield from _coded("cortical_involvement", lesion.cortical_involvement)
    yield from _coded("morphology", lesion.morphology)
    yield from _coded("border", lesion.border)
    yield from _coded("time_course", lesion.time_course)
    yield from _coded("t1", lesion.t1)
    yield from _coded("t2", *lesion.t2)
    yield from _coded("dwi", lesion.dwi)
    yield from _coded("adc", lesion.adc)
    yield from _coded("enhancement", lesion.enhancement)
    yield from _coded("swi", *lesion.swi)
    yield from _coded("mass_effect", lesion.mass_effect)
    yield from _coded("haemorrhage", lesion.haemorrhage)
    yield from _measured("long_axis_mm", lesion.long_axis_mm, "mm")
    yield from _measured("volume_cm3", lesion.volume_cm3, "cm3")
    yield from _coded("attribution", lesion.attribution)
    yield from _words("comment", lesion.comment)
    for shown in lesion.key_images:
        yield ImageReference("key_image", restoration.uid(shown))


def _spectrum(spectrum: Spectrum) -> Iterable[Entry]:
    yield from _coded("site", spectrum.site)
    yield from _coded("laterality", spectrum.laterality)
    yield from _ratios(spectrum.values)
    yield from _coded("reference", spectrum.reference)
    if spectrum.reference_values.known:
        yield Heading("reference_values", tuple(_ratios(spectrum.reference_values)))


def _ratios(ratios: Ratios) -> Iterable[Entry]:
    for name, value in ratios.known.items():
        yield Measured(name, value, "unit.ratio")


def _impression(report: Report) -> Iterable[Entry]:
    yield from _coded("suspicion", report.suspicion)
    yield from _measured("suspicion_level", report.suspicion.level, "1")
    yield from _measured("certainty_percent", report.certainty_percent, "%")
    yield from _coded("iris_phase", report.iris_phase)
    yield from _coded("diagnosis", *report.diagnoses)
    yield from _words("narrative", report.narrative)


def _recommendations(report: Report) -> Iterable[Entry]:
    yield from _coded("recommendation", *report.recommendations)
    if report.follow_up_unit is not None:
        yield from _measured("follow_up_interval", report.follow_up_value, report.follow_up_unit.value)
    yield from _words("recommendation_text", report.recommendation_text)
