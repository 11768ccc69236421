"""What words say about contrast agent: given, not given, or unknown; from one table (`contrast_words.yaml`).

The same answer serves recognition, the protocol, the copies that leave and the form. What is not understood is unknown:
a name of an agent that the table lacks, a placeholder of an anonymiser, a word in another language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from dicom_nodes.config_files.yaml_lines import read_yaml


class Contrast(StrEnum):
    """What is known of contrast agent in an image."""

    GIVEN = "given"
    NOT_GIVEN = "not given"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Table:
    agents: frozenset[str]
    agents_begin: tuple[str, ...]
    contrast: frozenset[str]
    negations: frozenset[str]
    denials: frozenset[str]
    plain: frozenset[str]
    before: frozenset[str]
    before_alone: frozenset[str]
    after: frozenset[str]
    after_alone: frozenset[str]
    given: frozenset[str]
    affirmations: frozenset[str]
    beside: frozenset[str]
    follow: frozenset[str]
    precede: frozenset[str]
    open: frozenset[str]
    phrases: re.Pattern[str]
    small: frozenset[str]
    units: frozenset[str]
    vessels: frozenset[str]
    conjunctions: frozenset[str]
    scripts: tuple[tuple[str, Contrast], ...]

    def is_agent(self, word: str) -> bool:
        return word in self.agents or word.startswith(self.agents_begin)

    def stands_for_contrast(self, word: str) -> bool:
        return word in self.contrast or self.is_agent(word)

    def is_known(self, word: str) -> bool:
        groups = (
            self.negations,
            self.plain,
            self.before,
            self.after,
            self.after_alone,
            self.given,
            self.small,
        )
        return self.stands_for_contrast(word) or any(word in group for group in groups)


@cache
def _table() -> _Table:
    text = files("routing_rules.series").joinpath("contrast_words.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = read_yaml(text, "contrast_words.yaml").data
    scripts = [
        (word, answer)
        for key, answer in (
            ("open", Contrast.UNKNOWN),
            ("not_given", Contrast.NOT_GIVEN),
            ("given", Contrast.GIVEN),
        )
        for word in data["scripts"][key]
    ]
    return _Table(
        agents_begin=tuple(data["agents_begin"]),
        phrases=re.compile("|".join(f"(?:{phrase})" for phrase in data["phrases"])),
        follow=frozenset(data["not_of_contrast"]["follow"]),
        precede=frozenset(data["not_of_contrast"]["precede"]),
        # What leaves it open goes first, whatever else is said; a longer word says more than one within it.
        scripts=tuple(sorted(scripts, key=lambda one: (one[1] is not Contrast.UNKNOWN, -len(one[0])))),
        **{
            name: frozenset(map(_folded, _words(data[name])))
            for name in (
                "agents", "contrast", "negations", "denials", "plain", "before", "before_alone", "after",
                "after_alone", "given", "affirmations", "beside", "open", "small", "units", "vessels", "conjunctions",
            )
        },
    )  # fmt: skip


def _words(listed: Any) -> Iterator[str]:
    """Every word in a list, a list of lists, or lists by language."""
    for each in listed.values() if isinstance(listed, Mapping) else listed:
        yield from ([each] if isinstance(each, str) else _words(each))


_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+")
# Signs that stand for words. The order counts: both before each.
_SIGNS = (
    (re.compile(r"\+\s*/\s*-|±|\bw\s*/\s*(?:and\s*)?w?\s*/?\s*o\b(?<!w/o)"), " with without contrast "),
    (re.compile(r"\bw\s*/?\s*o\b"), " without "),
    (re.compile(r"\bw\s*/"), " with "),
    (re.compile(r"(?<![^\W_])(?:c|km|gd|gad)\s?\+"), " with contrast "),
    (re.compile(r"\+\s?(?:c|ce|km|gd|gad|gado)(?![^\W_])"), " with contrast "),
    (re.compile(r"(?<![^\W_])(?:c|km|gd|gad)\s?-(?!\s?[^\W_])"), " without contrast "),
    # A minus, or a hyphen between two words: nobody can tell.
    (re.compile(r"(?:^|(?<=\s))-(?:c|ce|km|gd|gad|gado)(?![^\W_])"), " with without contrast "),
    (re.compile(r"(?<![^\W_])s/c(?![^\W_])"), " without contrast "),
    (re.compile(r"(?<![^\W_])s\s?/\s?(?=contrast|gado|gd|mdc)"), " without "),
    # German `o.` is `ohne`; a bare `o` is an article elsewhere.
    (
        re.compile(r"(?<![^\W_])(?:o\s?km|o[./]\s?(?:k\.?m|kontrast|gd|gad)\w*)(?![^\W_])"),
        " without contrast ",
    ),
)


def agent_says(text: str) -> Contrast | None:
    """What ContrastBolusAgent (or the meaning of a code for an agent) says; None when it is blank."""
    if not text.strip():
        return None
    folded, table = _folded(text), _table()
    words = _TOKEN.findall(_signs(folded))
    if not words or table.phrases.search(folded) or any(word in table.open for word in words):
        return Contrast.UNKNOWN
    by_script = _script(folded, table)
    if by_script:
        return by_script if _is_all_said(folded, table) else Contrast.UNKNOWN
    amounts = [float(word.replace(",", ".")) for word in words if _NUMBER.fullmatch(word)]
    spelled = [word for word in words if not _NUMBER.fullmatch(word)]
    if spelled[-1:] and spelled[-1] in table.denials:
        spelled[-1] = "no"
    strange = any(not table.is_known(word) for word in spelled)
    if any(word in table.negations or word in table.plain or word in table.before for word in spelled):
        said = _said(spelled, table)
        denied = said == {Contrast.NOT_GIVEN} or (
            len(said) < 2 and not strange and _only_denied(spelled, table)
        )
        return Contrast.NOT_GIVEN if denied and not any(amounts) else Contrast.UNKNOWN
    if amounts and not any(amounts):
        return Contrast.UNKNOWN if strange else Contrast.NOT_GIVEN
    # An agent beside a word that nobody understands may be one that was refused, postponed or forgotten.
    united = any(word in table.units for word in spelled)
    measured = any(amounts) and united and not any(word in table.vessels for word in spelled)
    named = any(
        table.stands_for_contrast(word) or word in table.given or word in table.after_alone
        for word in spelled
    )
    if united and not amounts:  # `Gadovist ml`: the amount was never filled in
        return Contrast.UNKNOWN
    return Contrast.GIVEN if not strange and (measured or named) else Contrast.UNKNOWN


def words_say(text: str) -> Contrast | None:
    """What a description says; None when it says nothing of contrast, `UNKNOWN` when it says both or leaves it open."""
    table = _table()
    folded = _folded(text)
    words = _TOKEN.findall(_signs(folded))
    said = _said(words, table) | {answer for answer in (_script(folded, table),) if answer}
    if not said:
        return None
    of_contrast = any(table.stands_for_contrast(word) for word in words)
    open_ = "?" in folded or (of_contrast and any(word in table.open for word in words))
    return said.pop() if len(said) == 1 and not open_ else Contrast.UNKNOWN


def _folded(text: str) -> str:
    """Without case and accents, underscores as blanks."""
    # Only Latin letters lose their marks: in other scripts a mark makes another letter.
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("_", " "))
    bare = "".join(
        "" if unicodedata.combining(mark) and before.isascii() else mark
        for before, mark in zip(" " + decomposed, decomposed, strict=False)
    )
    return unicodedata.normalize("NFKC", bare)


def _signs(folded: str) -> str:
    for pattern, words in _SIGNS:
        folded = pattern.sub(words, folded)
    return folded


def _script(folded: str, table: _Table) -> Contrast | None:
    return next((answer for word, answer in table.scripts if word in folded), None)


def _is_all_said(folded: str, table: _Table) -> bool:
    """Whether no letter of another script than Latin is left beside the words of `scripts`."""
    for word, _ in table.scripts:
        folded = folded.replace(word, " ")
    return not any(letter.isalpha() and not letter.isascii() for letter in folded)


def _only_denied(words: Sequence[str], table: _Table) -> bool:
    """A negation, and nothing after it but what it denies: `none given`, `Gadovist: no`."""
    positive = [word for word in words if word in table.after_alone or word in table.affirmations]
    return not positive and any(word in table.negations or word in table.plain for word in words)


def _said(words: Sequence[str], table: _Table) -> set[Contrast]:
    """Every answer that the words give, one after another."""
    said: set[Contrast] = set()
    denied_up_to = -1
    for place, word in enumerate(words):
        following = words[place + 1 : place + 2]
        target = _target(words, place + 1, table)
        if (word in table.negations or word in table.before) and target is not None:
            said.add(Contrast.NOT_GIVEN)
            denied_up_to = target
        elif (word in table.negations or word in table.before) and _shared(words, place + 1, table):
            said.add(Contrast.NOT_GIVEN)
        elif word in table.after and _with_and_without(words, place + 1, table):
            said.add(Contrast.GIVEN)
        elif word in table.plain or (word in table.before_alone and _stands_alone(words, place, table)):
            said.add(Contrast.NOT_GIVEN)
        elif (word in table.after_alone and _stands_alone(words, place, table)) or (
            table.stands_for_contrast(word)
            and place > denied_up_to
            and not set(following) & table.follow
            and not set(words[max(0, place - 1) : place]) & table.precede
        ):
            said.add(Contrast.GIVEN)
    return said


def _target(words: Sequence[str], start: int, table: _Table) -> int | None:
    """The place of the word for contrast that stands next, over small words; None when another word comes first."""
    for place in range(start, len(words)):
        if table.stands_for_contrast(words[place]):
            while place + 1 < len(words) and table.stands_for_contrast(words[place + 1]):
                place += 1
            return place
        if words[place] not in table.small or words[place] in table.conjunctions:
            return None
    return None


def _with_and_without(words: Sequence[str], start: int, table: _Table) -> bool:
    """Is it `with and without contrast`: a second preposition stands before the word for contrast?"""
    rest = [word for word in words[start : start + 3] if word not in table.conjunctions]
    second = rest[:1] and (rest[0] in table.negations or rest[0] in table.before)
    return bool(second) and _target(rest, 1, table) is not None


def _shared(words: Sequence[str], start: int, table: _Table) -> bool:
    """Is it `without and with contrast`: the word for contrast stands behind the second preposition?"""
    rest = [word for word in words[start : start + 4] if word not in table.conjunctions]
    second = rest[:1] and (rest[0] in table.after or rest[0] in table.after_alone)
    return bool(second) and _target(rest, 1, table) is not None


def _stands_alone(words: Sequence[str], place: int, table: _Table) -> bool:
    """Does `pre` or `post` speak of contrast: is what follows no treatment, event or part of the body?"""
    rest = [word for word in words[place + 1 : place + 3] if word not in table.conjunctions]
    return (
        not words[place + 1 :]
        or table.stands_for_contrast(words[place + 1])
        or _NUMBER.fullmatch(words[place + 1]) is not None
        or words[place + 1] in table.beside
        or (bool(rest) and (rest[0] in table.before_alone or rest[0] in table.after_alone))
    )
