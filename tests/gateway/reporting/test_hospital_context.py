"""What a hospital types is kept as the form has it, and refused where a reader would see an identity."""

from __future__ import annotations

import pytest

from gateway.reporting.hospital_context import ITEMS, identity_shape, read_told
from gateway.reporting.parts import ClinicalContext

GOOD = {
    "context.referral": "suspected_pml",
    "question": "New lesion? Switch is considered.",
    "symptoms": "Hemiparesis on the left for 3 weeks, woman of 47",
    "natalizumab_months": "31,5",
    "jcv_index": "1.2",
    "prior_immunosuppression": "absent",
    "contacts": "Dr Ward, neurologist on call, 0123 456789",
}


def test_what_is_told_is_read_as_the_form_writes_it() -> None:
    """With the comma or the point, with or without the prefix; empty fields are not known."""
    told, refused = read_told({**GOOD, "csf_jcv_pcr": " "})
    assert refused == ()
    assert told.values["natalizumab_months"] == "31.5"
    assert told.values["referral"] == "suspected_pml"
    assert "csf_jcv_pcr" not in told.values
    assert told.contacts.startswith("Dr Ward")
    ClinicalContext.model_validate(told.values)
    assert read_told({})[0].is_empty


def test_every_question_of_the_request_can_be_answered() -> None:
    """The hospital is asked what the form asks the reader about the hospital."""
    assert {item.name.removeprefix("context.") for item in ITEMS} == set(ClinicalContext.model_fields)


@pytest.mark.parametrize(
    "text",
    [
        "MRI of 12.03.2024 showed a lesion",
        "seen on 2024-03-12",
        "on 3 March 2024",
        "geb. 1971",
        "born in Kiel",
        "DOB 71",
        "née Meyer",
        "Frau Müller is weak",
        "Mr. Smith is weak",
        "Patient: Meyer",
        "number 4711923",
        "number 471 19 23",
        "call a.meyer@north.example",
        "known as PML-ABCDEFGH",
        "Mey\u200ber is weak",
        "on １２.０３.２０２４",
    ],
)
@pytest.mark.parametrize("field", ["question", "symptoms"])
def test_the_shape_of_an_identity_is_refused_with_what_it_is(field: str, text: str) -> None:
    """Nothing is kept then, and the answer says what to write instead."""
    _, refused = read_told({field: text})
    assert {one.field for one in refused} == {field}
    assert all(one.fix for one in refused)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "47-year-old woman, 31 months of natalizumab",
        "New lesion of 12 x 14 mm? Stopped 3 months ago, index 1.25.",
        "Verlaufskontrolle unter Natalizumab, MS seit 2011",
        "no new symptoms, EDSS 3.5",
    ],
)
def test_what_doctors_write_otherwise_is_kept(text: str) -> None:
    """Ages, intervals, sizes, a bare year."""
    assert identity_shape(text) == ""


def test_a_contact_may_have_name_and_number_but_no_date() -> None:
    """It is staff, and a date could be a birth date."""
    assert read_told({"contacts": "Frau Dr. Ward, 0123 456789, ward@north.example"})[1] == ()
    assert read_told({"contacts": "Ward, born 1971"})[1]
    assert read_told({"contacts": "x" * 201})[1]
    assert read_told({"contacts": "Ward\nsecond line"})[1]
    assert read_told({"contacts": "Ward\u202e"})[1]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("referral", "urgent"),
        ("jcv_index", "eleven"),
        ("jcv_index", "99"),
        ("jcv_index", "1,234"),
        ("name", "Meyer"),
        ("kps", "55"),
    ],
)
def test_what_is_no_answer_is_refused_at_its_field(field: str, text: str) -> None:
    """Unknown fields as well: a misspelt one would be lost silently."""
    _, refused = read_told({field: text})
    assert [one.field for one in refused] == [field]
