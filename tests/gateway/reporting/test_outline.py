"""What a report says that is not of a lesion stands in its outline, and so in every form made of it."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataset import Dataset

from gateway.reporting.example import phantom_form
from gateway.reporting.layout.entries import Coded, Entry, Heading, Measured, Words
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.printable import render
from gateway.reporting.report import report_from_form
from support.objects.reports import document

UNUSUAL = "PML suspected, though every lesion, or every diagnosis named, is of another cause"
REASON = "The ring on DWI outweighs the shape."
FORM = phantom_form() | {
    "context.referral": "known_pml",
    "context.pml_status": "known",
    "context.pml_certainty": "probable",
    "protocol.sequences.dwi.coverage": "part",
    "diagnoses": ["ms"],
    "reasons.high_level_without_pml_lesion": REASON,
    "follow_up_value": "10",
    "follow_up_unit": "d",
}
SECTIONS = outline(report_from_form(FORM), Restoration())


def entries(among: Iterable[Entry]) -> list[Entry]:
    """Every entry, those below headings too."""
    return [
        each
        for entry in among
        for each in ([entry, *entries(entry.entries)] if isinstance(entry, Heading) else [entry])
    ]


def test_status_certainty_coverage_and_interval_are_coded() -> None:
    """What the hospital knows stands apart from the suspicion; coverage stands at its sequence."""
    said = {(entry.concept, entry.value) for entry in entries(SECTIONS) if isinstance(entry, Coded)}
    assert {
        ("referral", "referral.known_pml"),
        ("pml_status", "pml_status.known"),
        ("pml_certainty", "pml_certainty.probable"),
        ("coverage", "coverage.part"),
        ("coverage", "coverage.whole_brain"),
        ("recommendation", "recommendation.follow_up"),
    } <= said
    measured = [(entry.concept, entry.unit) for entry in entries(SECTIONS) if isinstance(entry, Measured)]
    assert ("follow_up_interval", "unit.d") in measured


def test_a_reason_stands_in_the_impression_beside_what_it_is_a_reason_for() -> None:
    """Who reads the report only sees the unusual combination and why, on paper too; the two are apart."""
    (impression,) = (section for section in SECTIONS if section.concept == "section.impression")
    (reason,) = (entry for entry in impression.entries if isinstance(entry, Heading))
    assert [(entry.concept, entry.text) for entry in reason.entries if isinstance(entry, Words)] == [
        ("unusual", UNUSUAL),
        ("reason_text", REASON),
    ]
    page = render(SECTIONS, {})
    assert page.index(UNUSUAL) < page.index(REASON)
    assert "Part of the brain" in page


def test_a_reason_is_in_every_class_of_sr() -> None:
    """Enhanced and Basic Text SR say both texts."""
    report = report_from_form(FORM)
    for form in ("enhanced", "basic"):
        assert {REASON, UNUSUAL} <= texts_of(document(report, as_=form))


def texts_of(ds: Dataset) -> set[str]:
    """The texts of a document."""
    return {str(ds.get("TextValue", ""))}.union(*map(texts_of, ds.get("ContentSequence", [])))
