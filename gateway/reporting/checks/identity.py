"""Anything in free text that looks like who a patient is: a table of shapes. No list of names is read here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.form import item_of_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion

_MONTH = (
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez|January|February|March|April|May|June|July|August|"
    r"September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|[Jj]anvier|[Ff]évrier|"
    r"[Mm]ars|[Aa]vril|[Mm]ai|[Jj]uin|[Jj]uillet|[Aa]oût|[Ss]eptembre|[Oo]ctobre|[Nn]ovembre|[Dd]écembre|"
    r"[Gg]ennaio|[Ff]ebbraio|[Mm]arzo|[Aa]prile|[Mm]aggio|[Gg]iugno|[Ll]uglio|[Aa]gosto|[Ss]ettembre|[Oo]ttobre|"
    r"[Nn]ovembre|[Dd]icembre)"
)


@dataclass(frozen=True)
class Shape:
    """What something identifying looks like, and what it is called to the reader."""

    name: str
    pattern: re.Pattern[str]


#: In the order in which they are named. Titles of physicians are no shape: whom the reader spoke to may be said.
SHAPES: tuple[Shape, ...] = (
    Shape("an e-mail address", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")),
    Shape(
        "a person with a form of address",
        re.compile(
            r"\b(?:Mr|Mrs|Ms|Miss|Herrn?|Frau|Fr|Hr|Monsieur|Madame|Mme|Mlle|Signora?|Sig\.ra|Sig)\b\.?\s+[A-ZÀ-ÖØ-Þ]"
        ),
    ),
    Shape(
        "a date of birth",
        re.compile(r"\b(?:geb\.|[Gg]eboren|[Bb]orn|DOB|[Nn]ée?\s+le|[Nn]at[oa]\s+il)\s*:?\s*\w"),
    ),
    Shape(
        "a number of a patient, study or case",
        re.compile(
            r"\b(?:MRN|PID|[Pp]at(?:ient(?:en)?)?[.-]?\s?(?:ID|[Nn]r|[Nn]o|[Nn]ummer|number)|[Ff]all(?:nummer|-?[Nn]r)|"
            r"[Aa]cc(?:ession)?(?:\s?(?:[Nn]o|[Nn]r|number))?)\b[.:#\s]{0,4}[A-Z]{0,4}-?\d{3}"
        ),
    ),
    Shape(
        "a telephone number",
        re.compile(r"(?<![\w.,])(?:\+|00)\d[\d /()-]{7,20}\d|\b0\d{2,4}[ /-]\d{3}[\d ]{2,8}\d"),
    ),
    Shape("a unique identifier", re.compile(r"\b[12]\.\d{1,9}(?:\.\d{1,39}){3}")),
    Shape("a long number", re.compile(r"(?<![\d.,])(?:[A-Z]{1,4}-?)?\d{6,}(?![.,]\d)")),
    Shape(
        "a day without its year",
        re.compile(
            rf"(?<![\d.,/])\d{{1,2}}\.\s?\d{{1,2}}\.(?!\s?\d)|\b\d{{1,2}}(?:\.|st|nd|rd|th|er|º)?\s(?:of\s)?{_MONTH}\b"
            rf"|\b{_MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s?[mc]m)"
        ),
    ),
)


def shapes_in(text: str) -> tuple[str, ...]:
    """What a text seems to hold, in the words of `SHAPES`, each once."""
    return tuple(shape.name for shape in SHAPES if shape.pattern.search(text))


def texts_of(opinion: Opinion) -> dict[str, str]:
    """The free text of a report by its field: what the reader wrote and what was echoed from the hospital, no reasons.

    Who was told of a critical result is no patient and is left out.
    """
    texts = {
        "context.question": opinion.context.question,
        "context.symptoms": opinion.context.symptoms,
        "protocol.limitation": opinion.protocol.limitation,
        "protocol.contrast_correction": opinion.protocol.contrast_correction,
        "other_findings": opinion.other_findings,
        "narrative": opinion.narrative,
        "recommendation_text": opinion.recommendation_text,
    }
    for place, lesion in enumerate(opinion.lesions):
        texts |= {
            f"lesions.{place}.other_site": lesion.other_site,
            f"lesions.{place}.comment": lesion.comment,
        }
    return {field: text for field, text in texts.items() if text}


def texts_name_nobody(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: what looks like a person, a number of one or a day is what. The gateway restores the patient itself."""
    seen = {field: shapes for field, text in texts_of(opinion).items() if (shapes := shapes_in(text))}
    if seen:
        told = list(dict.fromkeys(shape for shapes in seen.values() for shape in shapes))
        where = list(dict.fromkeys(_title(field) for field in seen))
        yield Contradiction(
            "narrative",
            f"Free text may name a person or a day: it seems to hold {', '.join(told)} ({'; '.join(where)}).",
            "Delete it, write an interval instead of a day, or say what it is.",
            "text_may_name_somebody",
        )


def reasons_name_nobody(opinion: Opinion) -> Iterator[Contradiction]:
    """A reason names nobody either; only the one that explains such a text may repeat it."""
    for key, reason in opinion.reasons.items():
        if key != "text_may_name_somebody" and (shapes := shapes_in(reason)):
            yield Contradiction(
                f"reasons.{key}",
                f"This reason seems to hold {', '.join(shapes)}.",
                "Write it without.",
            )


def _title(field: str) -> str:
    item = item_of_field(field)
    return item.label if item else field
