"""The table of sentences: every answer in every language, whole, and none a part of another."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reporting.answers import (
    Change,
    Completeness,
    IntervalUnit,
    IrisPhase,
    Language,
    NewLesion,
    Suspicion,
)
from gateway.reporting.proposals.sentences import (
    SENTENCES,
    interval_key,
    sentence,
    sentences_in,
    without_sentences,
)

UNITS = [f"{unit.value}.{count}" for unit in IntervalUnit for count in ("one", "other")]


def test_every_answer_has_its_sentence_in_every_language_and_no_sentence_is_of_none() -> None:
    """An answer that a later form adds needs one, or is named here as one that is not said."""
    expected = {
        *(f"new_lesion.{each}" for each in NewLesion),
        *(f"t2_load.{each}" for each in Change),
        *(f"protocol.{each}" for each in Completeness if each is not Completeness.COMPLETE),
        *(f"suspicion.{each}" for each in Suspicion),
        *(f"iris_phase.{each}" for each in IrisPhase if each is not IrisPhase.NOT_APPLICABLE),
        "routine",
        *(f"{what}.{unit}" for what in ("routine", "follow_up") for unit in UNITS),
    }
    assert set(SENTENCES) == expected
    for key, said in SENTENCES.items():
        assert set(said) == {language.value for language in Language}, key
        for text in said.values():
            assert text.endswith(".")
            assert text.count("{n}") == (key.count(".") == 2)


@pytest.mark.parametrize("language", Language)
def test_no_two_answers_say_the_same_and_none_is_part_of_another(language: Language) -> None:
    """Else a text would be taken for what another answer says; one month and two are one word in French."""
    said = {key: by_language[language] for key, by_language in SENTENCES.items()}
    distinct = set(said.values())
    assert len(said) - len(distinct) == (2 if language is Language.FRENCH else 0)
    for text in distinct:
        assert [other for other in distinct if text in other] == [text]


@given(
    st.sampled_from(sorted(SENTENCES)), st.sampled_from(list(Language)), st.decimals("0.1", "999", places=1)
)
def test_a_sentence_is_recognised_in_a_text(key: str, language: Language, interval: Decimal) -> None:
    """With its interval, among other words; what is left of the text is what somebody wrote."""
    said = sentence(key, language, interval)
    assert "{" not in said
    assert sentences_in(f"Written before. {said} And after.") == [said]
    assert without_sentences(f"{said} Mine.") == "Mine."
    assert without_sentences(f" {said}\n") == ""


@pytest.mark.parametrize(
    ("value", "language", "said"),
    [
        ("1", Language.ENGLISH, "Follow-up MRI in 1 week."),
        ("1.5", Language.ENGLISH, "Follow-up MRI in 1.5 weeks."),
        ("2", Language.GERMAN, "Verlaufs-MRT in 2 Wochen."),
        ("1.5", Language.GERMAN, "Verlaufs-MRT in 1,5 Wochen."),
        ("1.5", Language.FRENCH, "IRM de contrôle dans 1,5 semaine."),
        ("2", Language.FRENCH, "IRM de contrôle dans 2 semaines."),
        ("1", Language.ITALIAN, "RM di controllo tra 1 settimana."),
        ("6.0", Language.ITALIAN, "RM di controllo tra 6 settimane."),
        ("10", Language.ENGLISH, "Follow-up MRI in 10 weeks."),
    ],
)
def test_an_interval_has_the_plural_and_the_comma_of_its_language(
    value: str, language: Language, said: str
) -> None:
    """CLDR: one and a half are singular in French alone."""
    number = Decimal(value)
    key = interval_key("follow_up", number, IntervalUnit.WEEKS, language)
    assert sentence(key, language, number) == said
