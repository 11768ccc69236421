"""What a question of the form is: its kind, its answers, its help, and the section it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.reporting.codes import label as code_label
from gateway.reporting.help_texts import HELP, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.reporting.answers import Answer


class InputKind(StrEnum):
    """How an item is entered."""

    CHOICE = "choice"
    CHOICES = "choices"
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    UIDS = "uids"
    MARKS = "marks"
    PAIRS = "pairs"


@dataclass(frozen=True)
class Choice:
    """One answer of an item: what is stored and what is read."""

    value: str
    label: str


@dataclass(frozen=True)
class FormItem:
    """One question of the form. `name` is relative to its section when the section repeats.

    An item of PAIRS takes one answer of `second` for each of its choices, in the field `<name>.<choice>`; one that is
    `earlier` was asked by an earlier form and is shown only where it has an answer.
    """

    name: str
    label: str
    kind: InputKind
    choices: tuple[Choice, ...] = ()
    required: bool = False
    unit: str = ""
    help: str = ""
    source: str = ""
    ms_pattern: str = ""
    pml_pattern: str = ""
    second: tuple[Choice, ...] = ()
    earlier: bool = False

    @property
    def several(self) -> bool:
        """True when more than one answer may be given."""
        return self.kind in {InputKind.CHOICES, InputKind.UIDS, InputKind.MARKS}


@dataclass(frozen=True)
class FormSection:
    """A group of items; when it `repeats`, its fields are `<name>.<number>.<item>`."""

    name: str
    title: str
    items: tuple[FormItem, ...]
    repeats: bool = False
    help: str = ""

    def field(self, item: FormItem, number: int = 0) -> str:
        """Form field of `item`, in the `number`-th group (from 0) of a section that repeats."""
        return f"{self.name}.{number}.{item.name}" if self.repeats else item.name


def form_item(
    name: str,
    kind: InputKind,
    question: type[Answer] | None = None,
    *,
    label: str = "",
    key: str = "",
    required: bool = False,
    unit: str = "",
    only: Iterable[Answer] = (),
    second: Iterable[Answer] = (),
    earlier: bool = False,
) -> FormItem:
    """One row; its label is the meaning of its code unless a plainer one is given."""
    key = key or name.rsplit(".", 1)[-1]
    choices = tuple(Choice(answer.value, answer.label) for answer in (only or question or ()))
    seconds = tuple(Choice(answer.value, answer.label) for answer in second)
    ms, pml = PATTERNS.get(key, ("", ""))
    text, source = HELP.get(key, ("", ""))
    return FormItem(
        name,
        label or code_label(key),
        kind,
        choices,
        required,
        unit,
        text,
        source,
        ms,
        pml,
        second=seconds,
        earlier=earlier,
    )
