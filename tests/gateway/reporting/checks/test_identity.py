"""What in free text looks like a person is asked about: shapes of names, numbers and days, in every text field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reporting.checks.identity import shapes_in, texts_of
from gateway.reporting.example import phantom_form
from gateway.reporting.form import FORM, InputKind
from gateway.reporting.report import Opinion, form_problems, report_from_form

KEY = "text_may_name_somebody"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("Mrs Miller has a new lesion", "a person with a form of address"),
        ("Läsion bei Herrn Müller", "a person with a form of address"),
        ("Frau Öztürk, links frontal", "a person with a form of address"),
        ("Mme Étienne", "a person with a form of address"),
        ("write to anna.roth@example.org", "an e-mail address"),
        ("call +49 30 1234567", "a telephone number"),
        ("Tel. 030 123 4567", "a telephone number"),
        ("Patient ID: 4711", "a number of a patient, study or case"),
        ("Fallnummer 12345", "a number of a patient, study or case"),
        ("Accession No. A-1234", "a number of a patient, study or case"),
        ("see 20267713", "a long number"),
        ("see MR-123456", "a long number"),
        ("geb. Schmidt", "a date of birth"),
        ("born 1980", "a date of birth"),
        ("MRT vom 12.3. zum Vergleich", "a day without its year"),
        ("as on 12 March", "a day without its year"),
        ("comme le 3 février", "a day without its year"),
        ("since March 12", "a day without its year"),
        ("object 1.2.840.113619.2.55", "a unique identifier"),
    ],
)
def test_what_looks_like_a_person_or_a_day_is_noticed(text: str, shape: str) -> None:
    """In English, German, French and Italian."""
    assert shape in shapes_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "New flame-shaped right frontal lesion of 12.5 mm, 3/4 of it enhancing, level 2 of 4.",
        "Unchanged for 14 months; 3 T; b = 1000 s/mm²; 1,200 ms; 12 x 10 x 8 mm; Fr. 3",
        "Keine neue Läsion. Verlauf in 3 bis 6 Monaten. Dr. Roth hat mitgelesen.",
        "Pas de nouvelle lésion; volume 4,125 cm³.",
        "Lesions may enhance; 2 of 12 do.",
        "Volume 1234.5 mm³, 0.123456 of the brain",
    ],
)
def test_what_reports_say_every_day_is_not_asked_about(text: str) -> None:
    """A question that is asked for nothing is soon answered without reading it."""
    assert shapes_in(text) == ()


@pytest.mark.parametrize(
    "field",
    [
        section.field(item)
        for section in FORM
        for item in section.items
        if item.kind in {InputKind.LONG_TEXT, InputKind.TEXT}
        and section.name not in {"reasons", "communication"}
        and not item.earlier
    ],
)
def test_every_text_of_the_form_is_looked_at(field: str) -> None:
    """A field that a later form adds is looked at too: who was told of a critical result is no patient."""
    form: dict[str, Any] = {**phantom_form(), field: "Frau Müller"}
    if field.endswith("other_site"):
        form["lesions.0.places.other"] = "right"
    assert [each.question for each in form_problems(form)] == [KEY]
    assert form_problems({**form, f"reasons.{KEY}": "A street: Frau Müller's Lane."}) == []


def test_a_reason_names_nobody_either() -> None:
    """What would be asked about in the impression is not smuggled in as the reason of something else."""
    form = {
        **phantom_form(),
        "lesions.0.attribution": "ms",
        "reasons.high_level_without_pml_lesion": "As in Herr Maier's case.",
    }
    (refused,) = form_problems(form)
    assert refused.field == "reasons.high_level_without_pml_lesion"
    assert not refused.question


@given(st.text(max_size=300))
def test_any_text_is_looked_at_without_an_error(text: str) -> None:
    """Whatever was pasted; what is named is named once."""
    named = shapes_in(text)
    assert len(named) == len(set(named))


@given(
    st.sampled_from(["Mr", "Mrs", "Herr", "Frau", "Madame", "Signora"]),
    st.text(
        st.characters(categories=["Lu"], max_codepoint=0xDE, exclude_characters="×"), min_size=1, max_size=1
    ),
    st.text(st.characters(categories=["Ll"], max_codepoint=0xFF), min_size=1, max_size=12),
)
def test_a_form_of_address_with_any_name_is_noticed(address: str, first: str, rest: str) -> None:
    """Anywhere in a sentence."""
    assert shapes_in(f"no lesion in {address} {first}{rest}, unchanged")


def test_texts_are_told_by_their_field() -> None:
    """As the form calls them."""
    opinion: Opinion = report_from_form({**phantom_form(), "other_findings": "Sinusitis."})
    assert set(texts_of(opinion)) == {"narrative", "recommendation_text", "other_findings"}
