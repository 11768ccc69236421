"""What a report must agree on: the rules, questions and bounds of `gateway.reporting`."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.reporting.answers import Suspicion
from gateway.reporting.checks import intervals, measures
from gateway.reporting.checks.table import CHECKS, Severity
from gateway.reporting.form import FORM, item_of_field
from gateway.reporting.lesions.answers import (
    DwiPattern,
    Enhancement,
    IrisSign,
    LesionAnswer,
    Morphology,
    Residual,
    SwiPattern,
    T1Signal,
    T2Signal,
    Topography,
)
from gateway.reporting.lesions.earlier_forms import ANSWERS, UNREAD
from gateway.reporting.lesions.exclusions import ALONE, EXCLUSIONS
from gateway.reporting.questions import QUESTIONS
from reference.marks import table

SEVERAL: dict[str, type[LesionAnswer]] = {
    "topography": Topography,
    "morphology": Morphology,
    "t1": T1Signal,
    "t2": T2Signal,
    "dwi": DwiPattern,
    "enhancement": Enhancement,
    "swi": SwiPattern,
    "iris_signs": IrisSign,
    "residual": Residual,
}
MEASURES = {
    "slice thickness": measures.THICKNESS,
    "long axis of a lesion of the brain": measures.BRAIN_AXIS,
    "long axis of a lesion of the spinal cord": measures.CORD_AXIS,
    "volume of a lesion": measures.VOLUME,
    "echo time of a spectrum": measures.ECHO_TIME,
    "ratio of a spectrum": measures.RATIO,
}


def refused_rules() -> str:
    """What is refused, where it is shown, and where it comes from."""
    rows = (
        (", ".join(dict.fromkeys(map(_place, check.fields))), check.reason, check.about, check.source)
        for check in CHECKS
        if check.severity is Severity.REFUSED
    )
    return table(("at", "rule", "about", "source"), rows)


def asked_questions() -> str:
    """What is asked, where, and what the report then says before the reason."""
    rows = (
        (
            _place(QUESTIONS[check.key].field),
            check.reason,
            QUESTIONS[check.key].statement,
            check.about,
            check.source,
        )
        for check in CHECKS
        if check.severity is Severity.ASKED
    )
    return table(("beside", "asked is", "the report says, with the reason", "about", "source"), rows)


def measure_bounds() -> str:
    """What measures lie between."""
    return table(
        ("measure", "from", "to", "because"),
        (
            (
                name,
                f"{bounds.least} {bounds.unit}".strip(),
                f"{bounds.most} {bounds.unit}".strip(),
                bounds.because,
            )
            for name, bounds in MEASURES.items()
        ),
    )


def usual_intervals() -> str:
    """What interval needs no reason, by level."""
    rows = [
        (
            f"follow-up MRI, {'not assessable' if level is None else Suspicion(str(level)).label}",
            f"{usual.earliest} to {usual.latest} days",
            usual.source,
        )
        for level, usual in intervals.USUAL.items()
    ]
    routine = intervals.ROUTINE
    rows.append(("routine surveillance", f"{routine.earliest} to {routine.latest} days", routine.source))
    return table(("recommendation", "usual", "source"), rows)


def _place(field: str) -> str:
    """Where the form shows a field: the label of its item, or the title of its section for a whole one."""
    if field == "*":
        return "each text"
    item = None if "*" in field else item_of_field(field)
    section = next((section.title for section in FORM if section.name == field.partition(".")[0]), field)
    return item.label if item else section


def exclusions() -> str:
    """Which answers about a lesion exclude which."""
    alone = [
        (f"{_item(item)}: {answer.label}", "every other answer of the same item")
        for item, enumeration in SEVERAL.items()
        for answer in enumeration
        if answer.value in ALONE
    ]
    pairs = [
        (f"{_item(row.item)}: {_answers(row.these)}", f"{_item(row.other)}: {_answers(row.those)}")
        for row in EXCLUSIONS
    ]
    return table(("answer", "excludes"), [*alone, *pairs])


def earlier_answers() -> str:
    """What became of each answer of an earlier form."""
    both = "“not covered” where the sequence is absent, else “not assessable”"
    return table(
        ("item", "earlier", "today", "because"),
        (
            (
                _item(row.item),
                f"`{row.earlier}`",
                both if UNREAD in row.today else _values(row.today),
                row.why,
            )
            for row in ANSWERS
        ),
    )


def _values(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _answers(answers: Iterable[LesionAnswer]) -> str:
    return ", ".join(sorted(answer.label for answer in answers))


def _item(name: str) -> str:
    item = item_of_field(f"lesions.{name}")
    return item.label if item else name
