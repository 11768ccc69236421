"""What a page shows of a rule's explanation, of the verdict and of the series: named fields, in words."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.records.accounts import Viewer
from gateway.web.pages.explanation import (
    HIDDEN,
    letter_to_sender,
    nearest_rule,
    shown_conditions,
    shown_explanations,
    shown_overrule,
    shown_requirements,
    shown_series,
)
from routing_rules.facts import StudyFacts
from routing_rules.matching import match
from routing_rules.protocol.coverage import coverage
from routing_rules.protocol.reader_overrule import Overrule
from routing_rules.protocol.requirements import standard_protocol
from routing_rules.protocol.verdict import ProtocolVerdict, Readability
from routing_rules.rule_files import rules_from_text
from support.objects.series_facts import stack

READER = Viewer(1, "reader", "Reader", "reader", "")
COORDINATOR = Viewer(2, "north", "North", "coordinator", "north")
RULES = rules_from_text("""
rules:
  - id: by-words
    title: By the words of the hospital
    when:
      all:
        - study_description: {contains: natalizumab}
        - not: {modalities: {contains: CT}}
        - instances: {between: [10, 5000]}
        - accession_number_present: {is: true}
""")
FACTS = StudyFacts(
    study_description="MRT Müller",
    modalities=("MR",),
    instances=4,
    accession_number_present=True,
)


def explained() -> list[dict[str, Any]]:
    """Why the rule did not apply, as the records keep it."""
    return [one.to_json() for one in match(RULES.rules, FACTS).explanations]


def test_each_condition_is_shown_with_what_was_found() -> None:
    """In words; below `not`, a test that fails speaks for the rule and is shown as met."""
    [rule] = shown_explanations(explained(), COORDINATOR)
    shown = {
        line["fact"]: (line["operator"], line["expected"], line["found"], line["met"])
        for line in rule["conditions"]
    }
    assert (rule["rule_id"], rule["matched"]) == ("by-words", False)
    assert shown == {
        "study_description": ("contains", "natalizumab", "MRT Müller", False),
        "modalities": ("not: contains", "CT", "MR", True),
        "instances": ("between", "10, 5000", "4", False),
        "accession_number_present": ("is", "yes", "yes", True),
    }


def test_a_reader_does_not_see_what_a_hospital_typed() -> None:
    """Whether there was a text and whether it fitted, but not the text."""
    found = {line["fact"]: line["found"] for line in shown_explanations(explained(), READER)[0]["conditions"]}
    assert found["study_description"] == HIDDEN
    assert found["instances"] == "4"
    assert "Müller" not in str(shown_conditions(explained(), READER, "by-words"))
    assert "Müller" not in str(nearest_rule(explained(), READER))
    assert "Müller" in str(nearest_rule(explained(), COORDINATOR))


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ([], "–"),
        ("", ""),
        (None, "–"),
        (True, "yes"),
        ([7, 0.5], "7, 0.5"),
        ("Müller", HIDDEN),
        (["", "Müller"], HIDDEN),
        ({"text": "Müller"}, HIDDEN),
    ],
)
def test_a_reader_sees_whether_a_hospital_typed_something(found: Any, shown: str) -> None:
    """That nothing was typed, a number and a truth value name nobody; whatever holds a text is hidden."""
    stored = [{"rule_id": "a", "conditions": [{"fact": "study_description", "found": found}]}]
    assert shown_conditions(stored, READER, "a")[0]["found"] == shown


def test_the_conditions_are_those_of_the_rule_that_applied() -> None:
    """Else of one that matched, else of the first; none where nothing was looked at."""
    rules = [
        {"rule_id": "a", "matched": False, "conditions": [{"fact": "site", "found": "a"}]},
        {"rule_id": "b", "matched": True, "conditions": [{"fact": "site", "found": "b"}]},
        {"rule_id": "c", "matched": True, "conditions": [{"fact": "site", "found": "c"}]},
    ]
    assert [shown_conditions(rules, READER, wanted)[0]["found"] for wanted in ("c", "gone")] == ["c", "b"]
    assert shown_conditions([], READER, "c") == []


def test_the_nearest_rule_says_what_would_have_to_differ() -> None:
    """Its title and the fewest conditions; none when a rule applied."""
    near = nearest_rule(explained(), COORDINATOR)
    assert near is not None
    assert (near["rule_id"], near["title"]) == ("by-words", "By the words of the hospital")
    assert [line["fact"] for line in near["missing"]] == ["study_description", "instances"]
    facts = StudyFacts(study_description="natalizumab", instances=10, accession_number_present=True)
    assert (
        nearest_rule([one.to_json() for one in match(RULES.rules, facts).explanations], COORDINATOR) is None
    )


def test_a_field_that_is_added_to_the_records_is_not_shown_by_itself() -> None:
    """Only named fields pass: not a description, not a UID."""
    stored = {
        "series_number": 4,
        "kind": "flair",
        "confidence": None,
        "instances": 160,
        "slice_thickness_mm": 1.0000001,
        "three_d": True,
        "plane": None,
        "b_values": [0, 1000.0, "x"],
        "contrast": None,
        "description": "Müller FLAIR",
        "series_instance_uid": "1.2.3.4.5",
    }
    assert shown_series([stored, "damaged"]) == [
        {
            "series_number": 4,
            "kind": "flair",
            "confidence": 0.0,
            "images": 160,
            "thickness_mm": "1",
            "three_d": True,
            "plane": "",
            "b_values": ["0", "1000", ""],
            "contrast": None,
            "caveats": [],
        }
    ]


def test_what_speaks_against_a_kind_is_shown_and_unknown_contrast_of_a_t1() -> None:
    """Sentences of the table; a T1 says what its contrast rests on, another kind does not."""
    why = "ContrastBolusAgent says nothing that is understood"
    t1 = {"kind": "t1", "contrast": None, "contrast_why": why, "caveats": ["a 3D acquisition"]}
    assert [one["caveats"] for one in shown_series([t1, {**t1, "contrast": False}, {"kind": "t1"}])] == [
        ["a 3D acquisition", f"contrast unknown: {why}"],
        ["a 3D acquisition"],
        ["contrast unknown"],
    ]


def test_the_requirements_of_a_verdict_are_shown_in_words() -> None:
    """Label before name; what is missing in a stored verdict is no error of the page."""
    verdict = {
        "requirements": [
            {
                "name": "flair",
                "label": "FLAIR",
                "met": True,
                "note": "3D, 1 mm",
                "by_series": "1.2.3.4.5",
                "coverage": asdict(coverage(stack(column_mm=None), standard_protocol().brain)),
                "others": ["series 4: thick"],
            },
            {"name": "t2", "met": None},
            {"name": "dwi", "met": False},
            "damaged",
        ],
        "limits": ["No T1."],
    }
    assert shown_requirements(verdict) == {
        "requirements": [
            {
                "name": "FLAIR",
                "met": True,
                "note": "3D, 1 mm",
                "covers": "230 mm left to right, 144 mm head to foot",
                "others": ["series 4: thick"],
            },
            {"name": "t2", "met": None, "note": "", "covers": "", "others": []},
            {"name": "dwi", "met": False, "note": "", "covers": "", "others": []},
        ],
        "limits": ["No T1."],
        "resend": [],
        "simplified": False,
    }
    assert shown_requirements({}) == {"requirements": [], "limits": [], "resend": [], "simplified": False}


AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("found", "judged", "told"),
    [
        (Readability.READABLE, None, ""),
        (Readability.NOT_READABLE, None, "The study is not readable for the question as it is"),
        (Readability.UNKNOWN, None, "Whether the study can be read for the question is not known"),
        (Readability.NOT_READABLE, Readability.READABLE, ""),
        (Readability.READABLE, Readability.NOT_READABLE, "A reader judged so: motion"),
    ],
)
def test_the_sender_is_written_to_when_something_is_wrong(
    found: Readability, judged: Readability | None, told: str
) -> None:
    """The reader's word counts where there is one."""
    verdict = ProtocolVerdict(found, (), (), ()).to_json()
    overrule = Overrule(judged, "motion", "reader", AT).to_json() if judged else {}
    letter = letter_to_sender(verdict, overrule)
    assert told in letter
    assert bool(letter) is bool(told)


def test_the_sender_is_told_what_the_calendar_of_the_patient_asks_for() -> None:
    """By rule and guideline, without a date, also where the protocol is complete; the reader sees it as a limit."""
    verdict = ProtocolVerdict(Readability.READABLE, (), (), ()).to_json()
    wanted = {"rule": "NTZ-SWITCH", "guideline": "MAGNIMS 2015", "asks": ["T2", "T1 with contrast"]}
    lacking = {**verdict, "surveillance": {**wanted, "lacks": ["T1 with contrast"]}}
    told = letter_to_sender(lacking, {})
    assert told == (
        "For this patient the surveillance calendar (MAGNIMS 2015) also asks for T1 with contrast, "
        "which this study lacks."
    )
    assert shown_requirements({**verdict, "surveillance": {**wanted, "lacks": ["T1 with contrast"]}})[
        "limits"
    ] == [told]
    assert letter_to_sender({**verdict, "surveillance": {**wanted, "lacks": []}}, {}) == ""


def test_nothing_is_written_about_a_forgotten_study() -> None:
    """Its verdict is gone."""
    assert letter_to_sender({}, {}) == ""


def test_an_overrule_says_who_and_why() -> None:
    """None where the gateway's verdict stands."""
    overrule = Overrule(Readability.READABLE, "good enough", "reader", AT).to_json()
    assert shown_overrule(overrule) == {
        "readability": "readable",
        "why": "good enough",
        "by": "reader",
        "at": AT,
    }
    assert shown_overrule({}) is None
