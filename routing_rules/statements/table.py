"""The clinical statements and their sources as a table: by id, cited, and compared with what the source says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

OURS = "ours"
"""The source of what no source says."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Strict):
    """A text that was read; `cited` is how it is named beside a statement, `read` how much of it was read."""

    cited: str = Field(min_length=3)
    reference: str = Field(min_length=10)
    read: str = Field(min_length=4)


class Statement(_Strict):
    """One sentence or cell as it is shown; `says` are the words of the source, `sample` is who was examined."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    text: str = Field(min_length=3)
    source: str
    section: str = ""
    says: str = ""
    sample: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Statement:
        if self.source == OURS and (self.section or self.says):
            raise ValueError(f"{self.id}: what is ours quotes nobody.")
        if self.source != OURS and not (self.section and self.says):
            raise ValueError(f"{self.id}: give the section of the source, and its own words.")
        return self


@dataclass(frozen=True)
class Topic:
    """The statements of one file, in the order in which the manual shows them."""

    name: str
    statements: tuple[Statement, ...]


TOPICS = (
    "ms-versus-pml",
    "signs",
    "early",
    "unclear",
    "iris",
    "spectroscopy",
    "studies",
    "surveillance",
    "protocol",
    "service",
    "change",
)
"""Files of `topics`, without `.json`."""


def _read(name: str) -> str:
    return files("routing_rules.statements").joinpath(name).read_text(encoding="utf-8")


@cache
def sources() -> Mapping[str, Source]:
    """Every source by its key, in the order in which the manual lists them."""
    return TypeAdapter(dict[str, Source]).validate_json(_read("sources.json"))


@cache
def topics() -> tuple[Topic, ...]:
    """All statements. Raises ValueError for an id that stands twice and for a source that is not listed."""
    rows = TypeAdapter(tuple[Statement, ...])
    every = tuple(Topic(name, rows.validate_json(_read(f"topics/{name}.json"))) for name in TOPICS)
    ids: set[str] = set()
    for each in (each for topic in every for each in topic.statements):
        if each.id in ids:
            raise ValueError(f"The statement {each.id!r} stands twice; give it another id.")
        if each.source not in sources():
            raise ValueError(f"{each.id}: {each.source!r} is no key of sources.json; add the source.")
        ids.add(each.id)
    return every


@cache
def statements() -> Mapping[str, Statement]:
    """Every statement by its id."""
    return {each.id: each for topic in topics() for each in topic.statements}


def text_of(*ids: str, joined: str = " ") -> str:
    """The statements of these ids as one text. Raises KeyError for an id that does not exist."""
    return joined.join(statements()[each].text for each in ids)


def cited(*ids: str) -> str:
    """The sources of these statements with their sections, each source once."""
    sections: dict[str, list[str]] = {}
    for each in (statements()[name] for name in ids):
        named = sections.setdefault(sources()[each.source].cited, [])
        if each.section and each.section not in named:
            named.append(each.section)
    return "; ".join(f"{source}, {', '.join(said)}" if said else source for source, said in sections.items())


HEDGES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in {
        "how often": "often|usually|frequently|typically|commonly|common|in most cases|in general|generally",
        "possible": "may|might|can|cannot|could|possible|possibly",
        "evidence": "evidence|suggests?|associated|correlates?|has been described|leans? towards",
        "appearance": "appears?|apparent|impression|looks?",
        "in part": "partially|partly|less frequently|less often|rare|some|minor|little|slightly|faint|faintly|limited",
        "bounds": "about|at least|preferably",
    }.items()
}
"""Kind of hedge -> the words for it, in sources and in our texts."""
STRONG = re.compile(
    r"\b(?:always|never|proves?|proven|marks|definite(?:ly)?|diagnostic|pathognomonic|highly|certain(?:ly)?|"
    r"specific(?:ity)?|exclusively|only|all|none|must|excludes?)\b",
    re.IGNORECASE,
)
"""Words that say more than most sources do: ours has none that the source has not."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def hedges(text: str) -> frozenset[str]:
    """The kinds of hedges in a text."""
    return frozenset(name for name, words in HEDGES.items() if words.search(text))


def overstated(statement: Statement) -> tuple[str, ...]:
    """What a statement says more strongly than its source: a hedge that is lost, a strong word or a number added.

    Of what is ours, nothing: it rests on no source.
    """
    if statement.source == OURS:
        return ()
    known = f"{statement.says} {statement.sample}"
    lost = hedges(statement.says) - hedges(statement.text)
    strong = {word.lower() for word in STRONG.findall(statement.text)}
    added = strong - {word.lower() for word in STRONG.findall(known)}
    numbers = set(_NUMBER.findall(statement.text)) - set(_NUMBER.findall(known))
    return (
        *(f"the hedge “{name}” is lost" for name in sorted(lost)),
        *(f"“{word}” is not in the source" for word in sorted(added)),
        *(f"{number} is neither in the quotation nor in the sample" for number in sorted(numbers)),
    )
