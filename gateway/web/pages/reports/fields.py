"""The report form as the template sees it: every item of FORM with its field name, value and problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from gateway.reporting.answers import Recommendation
from gateway.reporting.form import FORM, GROUP_NUMBER, FormItem, FormSection, InputKind
from gateway.reporting.lesions.earlier_forms import RECOMMENDED
from gateway.reporting.lesions.identity import numbers_of_groups
from gateway.reporting.lesions.lesion import unasked_items
from gateway.reporting.lesions.marks import Mark, key_image
from gateway.reporting.questions import QUESTIONS
from gateway.reporting.report import Contradiction
from gateway.web.pages.lesion_history import told_before

FEW_CHOICES = 6
"""Up to so many answers are shown side by side; more become a list."""
PLACEHOLDER = "__n__"
"""The number of a group in the blank copy that the script clones."""
PREFILLED = ("language", "context.referral")
NAMES_OF_GROUPS = {"lesions": "Lesion", "spectra": "Spectrum"}


@dataclass(frozen=True)
class Why:
    """A question beside an item, with the field of its reason; hidden until it is asked."""

    key: str
    problem: str
    reason: str

    @property
    def name(self) -> str:
        """The form field of the reason."""
        return f"reasons.{self.key}"

    @property
    def is_open(self) -> bool:
        """Whether it is asked and has no reason yet."""
        return bool(self.problem) and not self.reason


@dataclass(frozen=True)
class Field:
    """One item in one group."""

    item: FormItem
    name: str
    values: tuple[str, ...]
    problems: tuple[Contradiction, ...]
    pairs: Mapping[str, str]
    """Of an item of PAIRS: the second answer of each choice that has one."""
    whys: tuple[Why, ...] = ()

    @property
    def value(self) -> str:
        """The single value; empty when there is none."""
        return self.values[0] if self.values else ""

    @property
    def earlier(self) -> tuple[str, ...]:
        """What a signed report recommends that the form no longer offers, in its own words."""
        return tuple(Recommendation(value).label for value in self.values if value in RECOMMENDED)

    def frame_of(self, value: str) -> str:
        """Of a key image: its frame in words, where one was told; what the object is called is the viewer's."""
        _, frame = key_image(value)
        return "" if frame is None else f", frame {frame}"

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """Each mark as the form holds it, and in words; one that is no mark says so."""
        return tuple((text, _mark_in_words(text)) for text in self.values)

    @property
    def local_value(self) -> str:
        """A date and time as the browser's input takes it, in UTC; one without a zone was typed there, in UTC too."""
        try:
            at = datetime.fromisoformat(self.value)
        except ValueError:
            return ""
        at = at.astimezone(UTC) if at.tzinfo else at
        return f"{at:%Y-%m-%dT%H:%M}"

    @property
    def label(self) -> str:
        """The item's label; rows of the protocol table do not repeat the sequence's name."""
        row = self.name.startswith("protocol.sequences.") and not self.name.endswith(".acquired")
        return self.item.label.rpartition(": ")[2].capitalize() if row else self.item.label

    @property
    def as_buttons(self) -> bool:
        """Whether the answers are few enough to stand side by side."""
        return len(self.item.choices) <= FEW_CHOICES

    @property
    def wide(self) -> bool:
        """Whether the item takes the whole width of its section."""
        return self.item.kind in {
            InputKind.LONG_TEXT,
            InputKind.CHOICES,
            InputKind.UIDS,
            InputKind.MARKS,
            InputKind.PAIRS,
        }


@dataclass(frozen=True)
class Group:
    """The items of a section, or of one of its repetitions."""

    number: str
    title: str
    fields: tuple[Field, ...]
    problems: tuple[Contradiction, ...]
    """Problems of the group as a whole, such as one whose answers contradict each other."""
    before: tuple[str, ...] = ()
    """Of a lesion: what the patient's prior report measured, and how much it grew since."""


@dataclass(frozen=True)
class Section:
    """A section with its groups; `blank` is the copy that the script clones for one more."""

    name: str
    title: str
    help: str
    repeats: bool
    groups: tuple[Group, ...]
    blank: Group | None
    whys: tuple[Why, ...] = ()
    """Questions about the section as a whole."""

    @property
    def folded(self) -> bool:
        """Whether the section starts folded: nothing beyond the prefilled was given, and nothing is wrong."""
        fields = [field for group in self.groups for field in group.fields]
        untouched = all(not field.values or field.name in PREFILLED for field in fields)
        return (
            not self.repeats
            and self.name == "request"
            and untouched
            and not any(field.problems for field in fields)
        )


def _mark_in_words(text: str) -> str:
    try:
        mark = Mark.model_validate(text)
    except ValidationError:
        return "no mark"
    return mark.told if mark.frame is None else f"{mark.told}, frame {mark.frame}"


def sections(
    content: Mapping[str, Any],
    problems: Iterable[Contradiction] = (),
    one_more: str = "",
    asked: Iterable[Contradiction] = (),
) -> list[Section]:
    """The whole form; `one_more` names a repeating section that gets an empty group at its end.

    What is `asked` stands beside its item together with the field for the reason, and is no problem of the item too.
    """
    by_field: dict[str, list[Contradiction]] = {}
    for problem in problems:
        if not problem.question:
            by_field.setdefault(problem.field, []).append(problem)
    whys: dict[str, list[Why]] = {}
    texts = {problem.question: str(problem) for problem in asked}
    for key, question in QUESTIONS.items():
        reason = "".join(_values(content.get(f"reasons.{key}")))
        whys.setdefault(question.field, []).append(Why(key, texts.get(key, ""), reason))
    return [_section(section, content, by_field, whys, one_more == section.name) for section in FORM]


def _section(
    section: FormSection,
    content: Mapping[str, Any],
    problems: Mapping[str, list[Contradiction]],
    whys: Mapping[str, list[Why]],
    more: bool,
) -> Section:
    if not section.repeats:
        groups: tuple[Group, ...] = (_group(section, "", content, problems, whys),)
        return Section(section.name, section.title, section.help, False, groups, None)
    numbers = group_numbers(content, section.name)
    titles = titles_of(section, numbers, content)
    if more:
        numbers = [*numbers, max(numbers, default=-1) + 1]
    blank_title = f"New {NAMES_OF_GROUPS[section.name].lower()}"
    groups = tuple(
        _group(section, str(number), content, problems, {}, titles.get(number, blank_title))
        for number in numbers
    )
    blank = _group(section, PLACEHOLDER, {}, {}, {}, blank_title)
    own = tuple(whys.get(section.name, ()))
    return Section(section.name, section.title, section.help, True, groups, blank, own)


def _group(
    section: FormSection,
    number: str,
    content: Mapping[str, Any],
    problems: Mapping[str, list[Contradiction]],
    whys: Mapping[str, list[Why]],
    title: str = "",
) -> Group:
    prefix = f"{section.name}.{number}" if section.repeats else ""
    unasked = _unasked(section, prefix, content)
    fields = []
    for item in section.items:
        name = f"{prefix}.{item.name}" if prefix else item.name
        pairs = _pairs(item, name, content)
        values = tuple(pairs) or _values(content.get(name))
        if (item.earlier or item.name in unasked) and not values:
            continue
        places = [name, *(f"{name}.{choice.value}" for choice in item.choices if item.second)]
        wrong = tuple(problem for place in places for problem in problems.get(place, ()))
        fields.append(Field(item, name, values, wrong, pairs, tuple(whys.get(name, ()))))
    whole = prefix or section.name
    before = tuple(told_before(prefix, content)) if section.name == "lesions" else ()
    return Group(number, title or section.title, tuple(fields), tuple(problems.get(whole, ())), before)


def titles_of(section: FormSection, groups: Sequence[int], content: Mapping[str, Any]) -> dict[int, str]:
    """The heading of each group: a lesion's has its number, as SR and PDF write it, a spectrum's counts from 1."""
    numbers = (
        numbers_of_groups(content)
        if section.name == "lesions"
        else {group: place for place, group in enumerate(groups, start=1)}
    )
    return {group: f"{NAMES_OF_GROUPS[section.name]} {numbers[group]}" for group in groups}


def _pairs(item: FormItem, name: str, content: Mapping[str, Any]) -> dict[str, str]:
    if item.kind is not InputKind.PAIRS:
        return {}
    given = {choice.value: str(content.get(f"{name}.{choice.value}") or "") for choice in item.choices}
    return {choice: second for choice, second in given.items() if second}


def _unasked(section: FormSection, prefix: str, content: Mapping[str, Any]) -> tuple[str, ...]:
    """What is not asked of a lesion: of the spinal cord what only the brain shows, of a resolved one how it looks."""
    if section.name != "lesions" or not prefix:
        return ()
    places = [field.rpartition(".")[2] for field in content if field.startswith(f"{prefix}.places.")]
    return unasked_items(places, content.get(f"{prefix}.time_course"))


def group_numbers(content: Mapping[str, Any], section: str) -> list[int]:
    """The numbers of a repeating section's groups that hold an answer."""
    groups = {parts[1] for name in content if (parts := name.split("."))[0] == section and len(parts) > 2}
    return sorted({int(number) for number in groups if GROUP_NUMBER.fullmatch(number)})


def _values(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return tuple(map(str, value))
    return (str(value),)
