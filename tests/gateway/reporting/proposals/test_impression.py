"""The proposed impression says what was answered, never more, in at most five sentences of the report's language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.reporting.answers import Language
from gateway.reporting.checks.wording import answered_by
from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.proposals.impression import (
    MOST,
    answered,
    is_untouched,
    of_other_answers,
    proposed,
    sentences_of,
)
from gateway.reporting.proposals.sentences import SENTENCES
from gateway.reporting.report import Report, form_problems, report_from_form, report_to_form
from support.objects.reports import reports

NEGATIVE = {
    "language": "en",
    "comparison.done": "yes",
    "comparison.t2_load_change": "unchanged",
    "new_lesion": "absent",
    "protocol.completeness": "complete",
    "suspicion": "0",
    "iris_phase": "not_applicable",
    "recommendations": ["routine"],
    "follow_up_value": "6",
    "follow_up_unit": "mo",
}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "No new lesion compared with the prior study. T2 lesion load unchanged. No findings suggestive of new "
                "or active PML (level 0 of 4). Continue routine surveillance, next MRI in 6 months."
            ),
        ),
        (
            "de",
            (
                "Keine neue Läsion im Vergleich zur Voruntersuchung. T2-Läsionslast unverändert. Kein Hinweis auf eine "
                "neue oder aktive PML (Stufe 0 von 4). Routineüberwachung fortsetzen, nächste MRT in 6 Monaten."
            ),
        ),
        (
            "fr",
            (
                "Pas de nouvelle lésion par rapport à l'examen antérieur. Charge lésionnelle T2 inchangée. Aucun signe "
                "évocateur d'une LEMP nouvelle ou active (niveau 0 sur 4). Poursuivre la surveillance habituelle, "
                "prochaine IRM dans 6 mois."
            ),
        ),
        (
            "it",
            (
                "Nessuna nuova lesione rispetto all'esame precedente. Carico lesionale T2 invariato. Nessun reperto "
                "suggestivo di PML nuova o attiva (livello 0 su 4). Proseguire la sorveglianza di routine, prossima RM "
                "tra 6 mesi."
            ),
        ),
    ],
)
def test_the_negative_study_is_said_in_each_language(language: str, said: str) -> None:
    """Nine of ten reports: four sentences."""
    assert proposed(answered(NEGATIVE | {"language": language})) == said


@pytest.mark.parametrize("missing", ["suspicion", "new_lesion"])
def test_nothing_is_proposed_before_the_two_answers_that_matter(missing: str) -> None:
    """Half an impression would be signed as a whole one."""
    form = {name: value for name, value in NEGATIVE.items() if name != missing}
    assert proposed(answered(form)) == ""
    assert proposed(answered({})) == ""
    assert proposed(answered(NEGATIVE | {missing: "no such answer"})) == ""


@pytest.mark.parametrize(
    ("changes", "unsaid"),
    [
        ({"comparison.done": "no"}, "compared"),
        ({"comparison.done": None}, "T2 lesion load"),
        ({"follow_up_unit": None}, "surveillance"),
        ({"recommendations": ["routine", "follow_up"]}, "MRI in"),
        ({"recommendations": []}, "surveillance"),
        ({"follow_up_value": "1.234,5"}, "months"),
        ({"follow_up_value": "1e400"}, "months"),
        ({"comparison.t2_load_change": None}, "T2 lesion load"),
    ],
)
def test_what_is_not_answered_is_not_said(changes: dict[str, Any], unsaid: str) -> None:
    """Without a comparison nothing is called new; without its unit no interval is told."""
    assert unsaid in proposed(answered(NEGATIVE)) or unsaid == "MRI in"
    assert unsaid not in proposed(answered(NEGATIVE | changes))


@settings(max_examples=60, deadline=None)
@given(reports())
def test_any_report_has_one_to_five_sentences_each_of_an_answer_that_it_gives(report: Report) -> None:
    """From the form and from the report alike, and a text of them is never one of other answers."""
    said = answered_by(report)
    assert answered(report_to_form(report)) == said
    sentences = sentences_of(said)
    assert 1 <= len(sentences) <= MOST
    assert of_other_answers(proposed(said), said) == []
    assert is_untouched(proposed(said))
    known = {by_language[said.language].partition("{n}")[0] for by_language in SENTENCES.values()}
    assert all(any(each.startswith(start) for start in known) for each in sentences)


@settings(max_examples=40, deadline=None)
@given(reports(), st.sampled_from(list(Language)))
def test_the_level_is_in_every_proposal_and_no_other_level(report: Report, language: Language) -> None:
    """Whatever is spared, the suspicion is not."""
    form = report_to_form(report) | {"language": language.value}
    sentences = sentences_of(answered(form))
    levels = {key: text[language] for key, text in SENTENCES.items() if key.startswith("suspicion.")}
    assert [key for key, text in levels.items() if text in sentences] == [
        f"suspicion.{report.suspicion.value}"
    ]


def test_five_sentences_are_the_most() -> None:
    """The protocol, which the report says elsewhere, goes first; the load of lesions only after it."""
    form = NEGATIVE | {"protocol.completeness": "limited", "iris_phase": "late_post_pml"}
    text = proposed(answered(form))
    assert len(sentences_of(answered(form))) == MOST
    assert "limitations" not in text
    assert "T2 lesion load unchanged." in text


@pytest.mark.parametrize(
    ("text", "untouched"),
    [
        ("", True),
        ("  \n", True),
        (proposed(answered(NEGATIVE)), True),
        (proposed(answered(NEGATIVE | {"language": "de"})), True),
        (proposed(answered(NEGATIVE | {"suspicion": "4"})), True),
        (proposed(answered(NEGATIVE)) + " And stable.", False),
        (proposed(answered(NEGATIVE)).replace("No new", "A new"), False),
    ],
)
def test_a_text_is_untouched_while_it_has_only_what_was_proposed(text: str, untouched: bool) -> None:
    """From these answers or from others: then it may be proposed anew."""
    assert is_untouched(text) is untouched


def test_an_edited_text_of_older_answers_is_asked_about_until_it_fits_or_says_why() -> None:
    """“No new lesion” left in the text while the answer became “present”: in any language."""
    form = phantom_form()
    older = proposed(answered(NEGATIVE | {"language": "de"}))
    edited = form | {"narrative": f"{older} Kleine Läsion frontal."}
    (asked,) = form_problems(edited)
    assert (asked.question, asked.field) == ("text_of_other_answers", "narrative")
    assert "Keine neue Läsion" in asked.problem
    assert "Stufe 0 von 4" in asked.problem
    reason = {"reasons.text_of_other_answers": "Quoted from the report before."}
    assert report_from_form(edited | reason).reasons == {
        "text_of_other_answers": "Quoted from the report before."
    }
    assert form_problems(form | {"narrative": proposed(answered(form))}) == []
    assert proposed(answered(form)) == proposed(answered_by(phantom_report()))
