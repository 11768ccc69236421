"""Is it the same name? Person names (PS3.5 6.2, VR PN) compared by component and group, not as text.

Case, width, accents, spacing, hyphens, trailing delimiters and a title are ways of writing. A group that only one of
them has (an ideographic one that the worklist added) is not another person.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import re
import unicodedata
from itertools import product, zip_longest
from typing import Final

from gateway.identity.ground import Agreement, Ground
from gateway.identity.spellings import spellings, unaccented

NOBODY: Final = frozenset(
    "anonymous anonymized anonymised anonym unknown unbekannt none removed n/a na".split()
)
"""Words that stand where a name should, and name nobody."""

Group = tuple[str, str, str]
"""Family name, given names (the middle ones with them) and suffix of one component group, normalised."""

# Two habits of writing the same letter, neither of which says what the letter was: Mueller and Muller, not Müller.
_DIGRAPHS: Final = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("ss", "s"))
_HIRAGANA: Final = {code: code + 0x60 for code in range(0x3041, 0x3097)}  # to katakana: the same syllables
_SPELLED: Final = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts whose letters have accents and transliterations; in others a mark makes another syllable."""


def compare_names(one: str, other: str) -> Ground:
    """The ground on which two values of a PN attribute (decoded, with their delimiters) name one person or not."""
    groups, others = _groups(one), _groups(other)
    if not any(map(any, groups)) or not any(map(any, others)):
        return Ground.ABSENT
    pairs = [
        _compare_groups(a, b)
        for a, b in zip_longest(groups, others, fillvalue=("", "", ""))
        if any(a) and any(b)
    ]
    agreements = {pair.agreement for pair in pairs}
    if Agreement.SAME in agreements:
        return Ground.ALIKE if Agreement.DIFFERENT in agreements else max(pairs, key=_strength)
    if Agreement.DIFFERENT not in agreements and _any_same(groups, others):
        return Ground.WRITTEN_OTHERWISE
    return max(pairs, key=_strength) if pairs else Ground.OTHER_SCRIPT


def canonical_name(name: str) -> str:
    """One text for all ways of writing a name, to be hashed: its first group in bare letters; "" when it names nobody.

    Coarser than `compare_names`: it also joins Mueller with Muller, because a hash has no "cannot tell".
    """
    groups = (group for group in _groups(name) if any(group))
    family, given, _ = next(groups, ("", "", ""))
    return _skeleton(family + given)


def _strength(ground: Ground) -> int:
    """The ground that says most: equal before written otherwise, different before alike."""
    order = (
        Ground.OTHER_SCRIPT,
        Ground.LESS_SAID,
        Ground.ALIKE,
        Ground.DIFFERS,
        Ground.WRITTEN_OTHERWISE,
        Ground.EQUAL,
    )
    return order.index(ground)


def _groups(name: str) -> list[Group]:
    return [_group(group) for group in unicodedata.normalize("NFKC", name).replace("\0", "").split("=")[:3]]


def _group(text: str) -> Group:
    words = re.split(r"[\s^,]+", text.strip().casefold())
    if not _letters(text) or all(word in NOBODY for word in words if word):
        return "", "", ""
    family, given, middle, _prefix, suffix = (*text.split("^"), "", "", "", "", "")[:5]
    return family.strip(), " ".join((given.strip(), middle.strip())).strip(), suffix.strip()


def _compare_groups(one: Group, other: Group) -> Ground:
    if one == other:
        return Ground.EQUAL
    if _script(one) != _script(other):
        transliterated = _same_letters(_squeezed(one), _squeezed(other))
        return Ground.WRITTEN_OTHERWISE if transliterated else Ground.OTHER_SCRIPT
    if not one[1] or not other[1]:
        return _unstructured(one, other)
    parts = [_compare_words(a, b) for a, b in zip(one[:2], other[:2], strict=True)]
    if all(part.agreement is Agreement.SAME for part in parts):
        # A suffix is how father and son are told apart; one that only one of them has tells nothing.
        apart = one[2] and other[2] and _compare_words(one[2], other[2]).agreement is not Agreement.SAME
        return Ground.ALIKE if apart else Ground.WRITTEN_OTHERWISE
    crossed = (_compare_words(one[0], other[1]), _compare_words(one[1], other[0]))
    if all(part.agreement is Agreement.SAME for part in crossed):
        return Ground.ALIKE  # family and given name the other way round
    if Ground.DIFFERS in parts:
        return Ground.DIFFERS
    return next(part for part in parts if part.agreement is Agreement.CANNOT_TELL)


def _unstructured(one: Group, other: Group) -> Ground:
    """One of them has its given name in the family name's component, or none at all."""
    words, others = (_words(f"{group[0]} {group[1]}") for group in (one, other))
    if _same_letters("".join(words), "".join(others)):
        return Ground.WRITTEN_OTHERWISE
    if sorted(map(unaccented, words)) == sorted(map(unaccented, others)):
        return Ground.ALIKE  # the same words in another order
    return Ground.LESS_SAID if _is_part(words, others) or _is_part(others, words) else Ground.DIFFERS


def _compare_words(one: str, other: str) -> Ground:
    """Two components: the family names, or the given names."""
    if one == other:
        return Ground.EQUAL
    if not one or not other:
        return Ground.LESS_SAID
    letters, others = _letters(one), _letters(other)
    if _same_letters(letters, others):
        return Ground.WRITTEN_OTHERWISE
    if _skeleton(one) == _skeleton(other):
        return Ground.ALIKE
    words, other_words = _words(one), _words(other)
    if _is_part(words, other_words) or _is_part(other_words, words):
        return Ground.LESS_SAID
    return Ground.DIFFERS


def _is_part(less: list[str], more: list[str]) -> bool:
    """Whether every word of `less` is a word of `more`, in order, or its initial."""
    rest = iter(more)
    return all(
        any(_same_letters(word, long) or (len(word) == 1 and long.startswith(word)) for long in rest)
        for word in less
    )


def _any_same(groups: list[Group], others: list[Group]) -> bool:
    """Whether a group of one is written as any group of the other: names stand in the wrong group, too."""
    return any(
        _compare_groups(a, b).agreement is Agreement.SAME
        for a, b in product(groups, others)
        if any(a) and any(b)
    )


def _words(text: str) -> list[str]:
    return [letters for word in re.split(r"[\s^,]+", text) if (letters := _letters(word))]


def _letters(text: str) -> str:
    """Letters and digits alone: hyphens, apostrophes and blanks are ways of writing."""
    kept = unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", text) if _counts(c)))
    return kept.casefold().translate(_HIRAGANA)


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _squeezed(group: Group) -> str:
    return _letters(group[0] + group[1])


def _same_letters(one: str, other: str) -> bool:
    if one == other:
        return True
    if not (_is_spelled(one) and _is_spelled(other)):
        return False
    return not {one, *spellings(one)}.isdisjoint({other, *spellings(other)})


def _skeleton(text: str) -> str:
    letters = _letters(text)
    if not _is_spelled(letters):
        return letters
    bare = unaccented(letters)
    for written, short in _DIGRAPHS:
        bare = bare.replace(written, short)
    return bare


def _script(group: Group) -> str:
    return next((_script_of(c) for c in _squeezed(group) if c.isalpha()), "")


def _is_spelled(letters: str) -> bool:
    return all(_script_of(c) in _SPELLED for c in letters if c.isalpha())


def _script_of(letter: str) -> str:
    """LATIN, CYRILLIC, HANGUL, CJK, KATAKANA ...: the first word of the character's name."""
    return unicodedata.name(letter, "").partition(" ")[0]
