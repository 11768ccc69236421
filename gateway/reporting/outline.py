"""The report as a tree of headings and entries: one table of contents for the SR, the PDF and the screen.

Identity comes back here, and only what needs it: the date of the prior study (shifted towards the reader) and the SOP
Instance UIDs of key images. Order and headings follow PS3.16 TID 2000 with the sections of CID 7001.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gateway.reporting.answers import ComparisonDone
from gateway.reporting.checks.rules import questions
from gateway.reporting.form import SEQUENCES
from gateway.reporting.layout.entries import (
    Coded,
    Day,
    Entry,
    Heading,
    Moment,
    UidReference,
    Words,
    coded,
    measured,
    words,
)
from gateway.reporting.lesions.entries import lesion_entries, spectrum_entries
from gateway.reporting.lesions.identity import numbered
from gateway.reporting.questions import QUESTIONS
from gateway.reporting.signer import NOT_SIGNED, Unsigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.reporting.lesions.lesion import Lesion
    from gateway.reporting.parts import SequenceSeen
    from gateway.reporting.report import Report
    from gateway.reporting.signer import Signature


NOTICE = "For healthcare professionals only. This report supports a clinical decision; it makes none."


@dataclass(frozen=True)
class Restoration:
    """What turns the reader's view back into the sender's.

    `date_shift_days` are the days that were added to this patient's dates, `original_uids` maps pseudonymous to
    original SOP Instance UIDs (a UID that is not in it is taken as original), `prior_studies` maps each original
    Study Instance UID of a prior to its study date, None when the study has none. `frames_of_reference` maps an
    original SOP Instance UID to the original Frame of Reference UID, where it has one.
    """

    date_shift_days: int = 0
    original_uids: Mapping[str, str] = field(default_factory=dict)
    prior_studies: Mapping[str, date | None] = field(default_factory=dict)
    frames_of_reference: Mapping[str, str] = field(default_factory=dict)

    def day(self, shown: date) -> date:
        """The real date behind a date as it was shown."""
        return shown - timedelta(days=self.date_shift_days)

    def uid(self, shown: str) -> str:
        """The original UID behind a UID as it was shown."""
        return self.original_uids.get(shown, shown)

    def frame_of_reference(self, original: str) -> str:
        """The original Frame of Reference UID of an original instance; empty when it is not known."""
        return self.frames_of_reference.get(original, "")


def notice_of(signature: Signature | Unsigned) -> str:
    """Whom the report is for, and that it is preliminary while nobody has signed it: the same in every form."""
    return f"{NOT_SIGNED}. {NOTICE}" if isinstance(signature, Unsigned) else NOTICE


def withdrawn(words: str) -> tuple[Heading, ...]:
    """The outline of a document that takes a report back: what it is, and why; of the findings nothing."""
    return (
        Heading("section.addendum", (Words("addendum_text", words),)),
        Heading("section.request", (Coded("reading", "reading.second_opinion"),)),
    )


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
    if addendum:  # first: who reads a corrected report must not take it for the one before
        sections.insert(0, Heading("section.addendum", (Words("addendum_text", addendum),)))
    return tuple(sections)


def _request(report: Report) -> Iterable[Entry]:
    context = report.context
    yield Coded("reading", "reading.second_opinion")
    yield from coded("referral", context.referral)
    yield from coded("pml_status", context.pml_status)
    yield from coded("pml_certainty", context.pml_certainty)
    yield from words("question", context.question)
    yield from words("symptoms", context.symptoms)
    yield from measured("natalizumab_months", context.natalizumab_months, "mo")
    yield from measured("dosing_interval_weeks", context.dosing_interval_weeks, "wk")
    yield from coded("jcv_antibodies", context.jcv_antibodies)
    yield from measured("jcv_index", context.jcv_index, "1")
    yield from coded("prior_immunosuppression", context.prior_immunosuppression)
    yield from coded("csf_jcv_pcr", context.csf_jcv_pcr)
    yield from measured("kps", context.kps, "1")
    yield from measured("edss", context.edss, "1")


def _procedure(report: Report) -> Iterable[Entry]:
    protocol = report.protocol
    yield from coded("judged_by", protocol.judged_by)
    yield from coded("completeness", protocol.completeness)
    yield from coded("quality", protocol.quality)
    yield from words("limitation", protocol.limitation)
    yield from words("contrast_correction", protocol.contrast_correction)
    # Behind what is said of the whole examination, which else reads as if it belonged to the last sequence.
    for name in SEQUENCES:
        yield Heading("sequence", tuple(_sequence(name, getattr(protocol.sequences, name))))


def _sequence(name: str, seen: SequenceSeen) -> Iterable[Entry]:
    yield Coded("sequence", f"sequence.{name}")
    yield from coded("acquired", seen.acquired)
    yield from measured("slice_thickness", seen.thickness_mm, "mm")
    yield from coded("quality", seen.quality)
    yield from coded("coverage", seen.coverage)


def _prior(report: Report, restoration: Restoration) -> Iterable[Entry]:
    yield from coded("comparison", report.comparison.done)
    if (shown := report.comparison.prior_study_date) is None:
        return
    day = restoration.day(shown)
    yield Day("prior_study_date", day)
    for uid, study_date in sorted(restoration.prior_studies.items()):
        if study_date == day:
            yield UidReference("study_instance_uid", uid)


def _findings(report: Report, restoration: Restoration) -> Iterable[Entry]:
    yield from coded("new_lesion", report.new_lesion)
    yield from coded("t2_load_change", report.comparison.t2_load_change)
    compared = report.comparison.done is ComparisonDone.YES
    for number, lesion in numbered(report.lesions):
        yield Heading("lesion", tuple(_lesion(number, lesion, restoration, compared)))
    for spectrum in report.spectra:
        yield Heading("spectrum", tuple(spectrum_entries(spectrum)))
    yield from words("other_findings", report.other_findings)


def _lesion(number: int, lesion: Lesion, restoration: Restoration, compared: bool) -> Iterable[Entry]:
    return lesion_entries(number, lesion, restoration.uid, compared, restoration.frame_of_reference)


def _impression(report: Report) -> Iterable[Entry]:
    yield from coded("suspicion", report.suspicion)
    yield from measured("suspicion_level", report.suspicion.level, "1")
    yield from measured("certainty_percent", report.certainty_percent, "%")
    yield from coded("iris_phase", report.iris_phase)
    yield from coded("diagnosis", *report.diagnoses)
    yield from words("narrative", report.narrative)
    lesions = {asked.question: asked.lesions for asked in questions(report)}
    for key, reason in sorted(report.reasons.items()):
        # Apart, because what is unusual is said by the form in English, and the reason by the reader.
        numbers = ", ".join(map(str, lesions.get(key, ())))
        which = f" (lesion {numbers})" if numbers else ""
        said = words("unusual", f"{QUESTIONS[key].statement}{which}") if key in QUESTIONS else ()
        yield Heading("reason", (*said, Words("reason_text", reason)))


def _recommendations(report: Report) -> Iterable[Entry]:
    yield from coded("recommendation", *report.recommendations)
    if report.follow_up_unit is not None:
        yield from measured("follow_up_interval", report.follow_up_value, report.follow_up_unit.value)
    yield from words("recommendation_text", report.recommendation_text)
