"""What is told of a draft that is saved: problems, questions, and the impression that its answers propose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.records.views.case_rows import CasePage
from gateway.reporting.checks.table import source_of
from gateway.reporting.fields import FormValues
from gateway.reporting.proposals.impression import answered, is_untouched, of_other_answers, proposed
from gateway.reporting.report import Contradiction, StudyFacts, form_questions
from gateway.web.foundation.redaction import without_uids
from gateway.web.pages.reports.prefilled import problems_of


def listed(content: FormValues, page: CasePage, facts: StudyFacts) -> dict[str, Any]:
    """What keeps a draft from being signed, everything that is asked of it, and the proposed impression."""
    problems = problems_of(content, page, facts)
    return {
        "problems": told(problems),
        "questions": told(form_questions(content, facts)),
        "proposal": proposal(content),
    }


def proposal(content: Mapping[str, Any]) -> dict[str, Any]:
    """The proposed impression and its language; `untouched` when the draft's has nothing that somebody wrote.

    `older` are sentences of the draft's that other answers proposed; a draft need not be complete for that.
    """
    said = answered(content)
    text = content.get("narrative", "")
    return {
        "text": proposed(said),
        "language": said.language.value,
        "untouched": isinstance(text, str) and is_untouched(text),
        "older": of_other_answers(text, said) if isinstance(text, str) else [],
    }


def told(problems: Iterable[Contradiction]) -> list[dict[str, str]]:
    """Each at its field, with its source where a check found it; no UID."""
    return without_uids(
        [
            {
                "field": each.field,
                "problem": each.problem,
                "fix": each.fix,
                "question": each.question,
                "source": source_of(each.check),
            }
            for each in problems
        ]
    )
