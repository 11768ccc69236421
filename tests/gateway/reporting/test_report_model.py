"""The report model: what a reader may sign, what contradicts, and the way between form and report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError
from pydicom.sr._concepts_dict import concepts

from gateway.errors import InvalidReport
from gateway.reporting import answers, codes
from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.form import FORM, item_of_field
from gateway.reporting.lesions import answers as lesion_answers
from gateway.reporting.report import Report, StudyFacts, form_problems, report_from_form, report_to_form
from support.objects.reports import changed_form, reports

ABSENT: dict[str, Any] = {"acquired": "absent", "quality": None, "thickness_mm": None, "coverage": None}


def without(name: str) -> dict[str, Any]:
    """Changes that take a sequence out of the protocol."""
    return {f"protocol.sequences.{name}.{item}": value for item, value in ABSENT.items()}


LOW = {
    "suspicion": "1",
    "iris_phase": "not_applicable",
    "lesions.0.attribution": "ms",
    "communication.*": None,
    "recommendations": ["follow_up", "csf_pcr"],
}
NO_DWI = {**without("dwi"), "lesions.0.dwi": "not_covered", "lesions.0.adc": None}
SPECTRUM = {
    "protocol.sequences.mrs.acquired": "present",
    "protocol.sequences.mrs.quality": "diagnostic",
    "spectra.0.site": "frontal_lobe",
    "spectra.0.laterality": "right",
    "spectra.0.values.lip_cr": "1.8",
    "spectra.0.reference": "nawm",
    "spectra.0.reference_values.lip_cr": "0.4",
}

LESION = {name: value for name, value in phantom_form().items() if name.startswith("lesions.0.")}
LESION_2 = {name.replace("lesions.0.", "lesions.1."): value for name, value in LESION.items()}

ACCEPTED: dict[str, dict[str, Any]] = {
    "the phantom": {},
    "low suspicion": LOW,
    "low suspicion without lesions": {**LOW, "lesions.*": None, "new_lesion": "absent"},
    "no DWI, marked incomplete": {**NO_DWI, "protocol.completeness": "incomplete"},
    "no contrast, pattern not acquired": {
        **without("t1_contrast"),
        "lesions.0.enhancement": "not_covered",
        "recommendations": ["follow_up", "add_contrast"],
    },
    "no SWI": {**without("swi"), "lesions.0.swi": "not_covered"},
    "unreadable SWI": {
        "protocol.sequences.swi.quality": "non_diagnostic",
        "lesions.0.swi": ["not_assessable"],
    },
    "a lesion that readable sequences do not show": {
        "lesions.0.swi": ["not_assessable"],
        "lesions.0.enhancement": ["not_covered"],
    },
    "no prior": {
        "comparison.done": "no_prior",
        "comparison.prior_study_date": None,
        "comparison.t2_load_change": None,
        "lesions.0.time_course": "no_prior",
        "new_lesion": "present_no_comparison",
    },
    "spectroscopy": SPECTRUM,
    "one answer where several may be chosen": {"lesions.0.topography": "subcortical"},
    "a blank second lesion": {
        "lesions.1.places.pons": "",
        "lesions.1.border_white_matter": "",
        "lesions.1.t2": [],
    },
    "routine surveillance": {
        **LOW,
        "recommendations": ["routine"],
        "follow_up_value": "3",
        "follow_up_unit": "mo",
    },
    "ratios that look like dates": {"narrative": "Ratio 1.8 against 0.4, slice 12 of 40, 3.5 mm."},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_report_without_contradictions_can_be_signed(changes: dict[str, Any]) -> None:
    """A complete form whose answers fit together becomes a report."""
    form = changed_form(changes)
    assert form_problems(form) == []
    report_from_form(form)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "suspicion 2 without a lesion": (
        {"lesions.*": None, "suspicion": "2", "new_lesion": "absent", "iris_phase": "not_applicable"},
        "suspicion",
    ),
    "suspicion 1 with an IRIS phase": ({**LOW, "iris_phase": "iris"}, "iris_phase"),
    "known PML without a phase": (
        {"iris_phase": "not_applicable", "context.pml_status": "known"},
        "iris_phase",
    ),
    "enhancement without contrast": (without("t1_contrast"), "lesions.0.enhancement"),
    "no DWI, called complete": (NO_DWI, "protocol.completeness"),
    "no FLAIR, called limited": (
        {**without("flair"), "protocol.completeness": "limited", "protocol.limitation": "x"},
        "protocol.completeness",
    ),
    "DWI described but absent": (
        {**without("dwi"), "protocol.completeness": "incomplete"},
        "lesions.0.dwi",
    ),
    "SWI none and something": ({"lesions.0.swi": ["none", "rim"]}, "lesions.0.swi"),
    "T2 both ways": ({"lesions.0.t2": ["homogeneous", "inhomogeneous"]}, "lesions.0.t2"),
    "critical result not told": ({"communication.*": None}, "communication.person"),
    "told, but not when": ({"communication.at": None}, "communication.at"),
    "told to nobody": ({"communication.person": " "}, "communication.person"),
    "a limitation not explained": ({"protocol.completeness": "limited"}, "protocol.limitation"),
    "compared, but with what": ({"comparison.prior_study_date": None}, "comparison.prior_study_date"),
    "growth without comparison": (
        {"comparison.done": "no", "comparison.prior_study_date": None, "comparison.t2_load_change": None},
        "lesions.0.time_course",
    ),
    "a date without comparison": (
        {"comparison.done": "no_prior", "lesions.0.time_course": "no_prior"},
        "comparison.done",
    ),
    "no prior, yet compared": ({"lesions.0.time_course": "no_prior"}, "lesions.0.time_course"),
    "a new lesion that is not new": ({"new_lesion": "absent"}, "new_lesion"),
    "PML lesion at level 1": ({**LOW, "lesions.0.attribution": "pml"}, "suspicion"),
    "spectroscopy not reported": (
        {"protocol.sequences.mrs.acquired": "present", "protocol.sequences.mrs.quality": "diagnostic"},
        "spectra",
    ),
    "a spectrum from nowhere": (
        {**SPECTRUM, "protocol.sequences.mrs.acquired": "absent", "protocol.sequences.mrs.quality": None},
        "protocol.sequences.mrs.acquired",
    ),
    "a follow-up of a suspicion in months": ({"follow_up_unit": "mo"}, "follow_up_value"),
    "a follow-up of a suspicion in 8 weeks": ({"follow_up_value": "8"}, "follow_up_value"),
    "a follow-up without interval": ({"follow_up_value": None}, "follow_up_value"),
    "an interval without follow-up": ({"recommendations": ["csf_pcr"]}, "recommendations"),
    "two follow-ups": ({"recommendations": ["routine", "follow_up"]}, "recommendations"),
    "an absent sequence with quality": (
        {"protocol.sequences.mrs.quality": "diagnostic"},
        "protocol.sequences.mrs",
    ),
    "a present sequence without quality": ({"protocol.sequences.t2.quality": None}, "protocol.sequences.t2"),
    "no narrative": ({"narrative": " \r\n "}, "narrative"),
    "a date in the narrative": ({"narrative": "New since 3.11.2025."}, "narrative"),
    "an ISO date in a comment": ({"lesions.0.comment": "first seen 2025-11-03"}, "lesions.0.comment"),
    "a compact date": ({"other_findings": "as on 20251103"}, "other_findings"),
    "a pseudonym in the narrative": ({"narrative": "PML-ABCDEF23 has a lesion."}, "narrative"),
    "an unprintable character": ({"narrative": "bell \x07"}, "narrative"),
    "a lesion nowhere": ({"lesions.0.places.*": None}, "lesions.0.places"),
    "a site without a known side": ({"lesions.0.places.pons": "both"}, "lesions.0.places.pons"),
    "another site without its name": ({"lesions.0.places.other": "left"}, "lesions.0.other_site"),
    "two lesions of one number": (
        {**LESION_2, "lesions.0.number": "2", "lesions.1.number": "2"},
        "lesions.1.number",
    ),
    "a spectrum of no lesion": ({**SPECTRUM, "spectra.0.lesion": "4"}, "spectra.0.lesion"),
    "a negative size": ({"lesions.0.long_axis_mm": "-3"}, "lesions.0.long_axis_mm"),
    "a number that is none": ({"certainty_percent": "many"}, "certainty_percent"),
    "an unknown answer": ({"lesions.0.border_grey_matter": "fuzzy"}, "lesions.0.border_grey_matter"),
    "an unknown field": ({"lesions.0.colour": "red"}, "lesions.0.colour"),
    "a key image that is no UID": ({"lesions.0.key_images": ["1.2.x"]}, "lesions.0.key_images.0"),
}


@pytest.mark.parametrize(("changes", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_a_contradiction_is_shown_at_its_item(changes: dict[str, Any], field: str) -> None:
    """Every contradiction keeps the report unsigned and is named at the item where it is mended."""
    form = changed_form(changes)
    problems = form_problems(form)
    assert field in {problem.field for problem in problems}
    assert all(problem.problem for problem in problems)
    with pytest.raises(InvalidReport) as refused:
        report_from_form(form)
    assert len(refused.value.problems) == len(problems)


def test_an_empty_form_lists_every_required_item() -> None:
    """A reader who has filled in nothing sees all required items, not only the first."""
    missing = {problem.field for problem in form_problems({})}
    required = {
        item.name for section in FORM if not section.repeats for item in section.items if item.required
    }
    assert missing == required


def test_several_contradictions_are_shown_at_once() -> None:
    """All contradictions of a complete form are listed together."""
    form = changed_form({"iris_phase": "late_post_pml", "new_lesion": "absent", "communication.*": None})
    assert {problem.field for problem in form_problems(form)} == {
        "iris_phase",
        "new_lesion",
        "communication.person",
    }


@pytest.mark.parametrize(
    ("recognised", "changes", "accepted"),
    [
        (True, {}, True),
        (False, {}, True),
        (None, {}, True),
        (
            True,
            {
                **without("t1_contrast"),
                "lesions.0.enhancement": "not_covered",
                "recommendations": ["follow_up", "add_contrast"],
            },
            False,
        ),
        (
            False,
            {
                **without("t1_contrast"),
                "lesions.0.enhancement": "not_covered",
                "recommendations": ["follow_up", "add_contrast"],
            },
            True,
        ),
        (
            True,
            {
                **without("t1_contrast"),
                "lesions.0.enhancement": "not_covered",
                "recommendations": ["follow_up", "add_contrast"],
                "protocol.contrast_correction": "Labelled as contrast, but acquired before the injection.",
            },
            True,
        ),
    ],
)
def test_a_recognised_contrast_t1_cannot_be_denied_in_silence(
    recognised: bool | None, changes: dict[str, Any], accepted: bool
) -> None:
    """A contrast T1 that was recognised must be reported, unless the reader says what it really is."""
    form = changed_form(changes)
    facts = StudyFacts(contrast_t1=recognised)
    assert (report_from_form(form).problems(facts) == []) is accepted
    assert (form_problems(form, facts) == []) is accepted


@given(reports())
@settings(max_examples=40)
def test_form_and_report_lead_into_each_other(report: Report) -> None:
    """The form of any report gives the same report back, and so does its JSON."""
    form = report_to_form(report)
    assert report_from_form(form) == report
    assert Report.model_validate_json(report.model_dump_json()) == report
    assert all(item_of_field(field) for field in form)


def test_answers_are_kept_once_and_in_the_order_of_the_form() -> None:
    """The same choice clicked in another order is the same report."""
    one = report_from_form(changed_form({"lesions.0.t2": ["microcystic", "inhomogeneous", "microcystic"]}))
    other = report_from_form(changed_form({"lesions.0.t2": ["inhomogeneous", "microcystic"]}))
    assert one == other
    assert [answer.value for answer in one.lesions[0].t2] == ["inhomogeneous", "microcystic"]


def test_lesions_follow_their_numbers_not_their_spelling() -> None:
    """Lesion 10 comes after lesion 2."""
    form = dict(phantom_form())
    for number in (2, 10):
        for field, value in phantom_form().items():
            if field.startswith("lesions.0."):
                form[field.replace("lesions.0.", f"lesions.{number}.")] = value
        form[f"lesions.{number}.comment"] = f"number {number}"
    assert [lesion.comment for lesion in report_from_form(form).lesions] == ["", "number 2", "number 10"]


def test_a_time_without_zone_is_read_in_the_zone_given() -> None:
    """A browser sends local time without a zone; the page knows which zone it meant."""
    form = changed_form({"communication.at": "2026-02-03T11:30"})
    zone = timezone(timedelta(hours=1))
    told = report_from_form(form, zone=zone).communication
    assert told is not None
    assert told.at == datetime(2026, 2, 3, 10, 30, tzinfo=UTC)


def test_a_signed_report_cannot_be_changed() -> None:
    """A report is frozen."""
    with pytest.raises(ValidationError):
        phantom_report().narrative = "other"  # type: ignore[misc]


def test_every_answer_has_a_code_and_every_code_a_source() -> None:
    """No answer is without a code, and a public code stands in pydicom, ICD-10 or RFC 5646."""
    for question in (*answers.QUESTION, *lesion_answers.QUESTION):
        for answer in question:
            assert codes.code(answer.key).meaning
    for key, found in codes.CODES.items():
        assert len(found.value) <= 16, key
        assert len(found.meaning) <= 64, key
        if found.scheme_designator not in {codes.PRIVATE_SCHEME.designator, "I10", "RFC5646"}:
            known = concepts[found.scheme_designator].values()
            # A UCUM expression is right when each unit of it is.
            parts = found.value.split("/") if found.scheme_designator == "UCUM" else [found.value]
            for part in parts:
                assert any(part in values for values in known), f"{key} is not in pydicom"


def test_an_unknown_code_key_is_named() -> None:
    """A missing code is a programming error that says which."""
    with pytest.raises(KeyError, match=r"no\.such"):
        codes.code("no.such")


def test_the_form_shows_both_patterns_for_every_row_of_the_table() -> None:
    """Each row of the MS-versus-PML table is an item of a lesion with both patterns, and help names its source."""
    lesion = next(section for section in FORM if section.name == "lesions")
    with_patterns = {item.name for item in lesion.items if item.ms_pattern and item.pml_pattern}
    assert with_patterns >= {
        "places",
        "topography",
        "cortical_involvement",
        "morphology",
        "border_white_matter",
        "time_course",
        "t1",
        "t2",
        "dwi",
        "enhancement",
        "swi",
        "mass_effect",
        "haemorrhage",
    }
    assert all(item.source for section in FORM for item in section.items if item.help)
    assert all(
        item.choices for section in FORM for item in section.items if item.kind in {"choice", "choices"}
    )


def test_field_names_of_the_form_are_unique() -> None:
    """Two items never share a form field."""
    fields = [section.field(item) for section in FORM for item in section.items]
    assert len(fields) == len(set(fields))
