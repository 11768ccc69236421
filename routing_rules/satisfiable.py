"""Can a study meet these tests of its facts, and what would it look like? Decided without trying real studies.

Three answers: an example, proof that there is none, or not known (regular expressions and free text can be too hard).
Each fact is looked at by itself; numbers are decided exactly, by trying every region that the limits make.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from routing_rules.conditions import AllOf, Condition, Not, Test
from routing_rules.expectations import Operator, compiled
from routing_rules.fact_table import FACTS, Fact, FactKind, Value

MOST_TERMS = 5000
"""Alternatives looked at; rules people write have a few dozen."""


@dataclass(frozen=True)
class Literal:
    """A test that must hold, or must not."""

    test: Test
    holds: bool


Term = frozenset[Literal]
Example = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Solution:
    """`example` is a study that meets a condition; without one, `proven` says that none can."""

    example: Example | None
    proven: bool


class TooManyTerms(Exception):
    """The condition has more alternatives than are looked at."""


def terms(condition: Condition, holds: bool = True) -> list[Term]:
    """The alternatives under which a condition holds (or does not), each a set of tests. Raises TooManyTerms."""
    if isinstance(condition, Test):
        return [frozenset({Literal(condition, holds)})]
    if isinstance(condition, Not):
        return terms(condition.not_, not holds)
    parts = condition.all if isinstance(condition, AllOf) else condition.any
    each = [terms(part, holds) for part in parts]
    if isinstance(condition, AllOf) is holds:
        return conjunction(each)
    return list(dict.fromkeys(term for one in each for term in one))


def conjunction(each: Iterable[list[Term]]) -> list[Term]:
    """The alternatives under which all of several conditions hold. Raises TooManyTerms."""
    found: list[Term] = [frozenset()]
    for alternatives in each:
        if len(found) * len(alternatives) > MOST_TERMS:
            raise TooManyTerms
        joined = (one | other for one, other in product(found, alternatives))
        found = list(dict.fromkeys(term for term in joined if not _contradicts_itself(term)))
    return found


def solve(alternatives: Iterable[Term]) -> Solution:
    """Is there a study for at least one of the alternatives?"""
    proven = True
    for term in alternatives:
        answer = _solve(term)
        if answer.example is not None:
            return answer
        proven = proven and answer.proven
    return Solution(None, proven)


def _contradicts_itself(term: Term) -> bool:
    return any(Literal(one.test, not one.holds) in term for one in term)


def _solve(term: Term) -> Solution:
    example: dict[str, tuple[Value, ...]] = {}
    unknown = False
    for name in sorted({one.test.fact for one in term}):
        wanted = [one.test for one in term if one.test.fact == name and one.holds]
        unwanted = [one.test for one in term if one.test.fact == name and not one.holds]
        values = _values(FACTS[name], wanted, unwanted)
        if values is _IMPOSSIBLE:
            return Solution(None, True)
        if values is None:
            unknown = True
        else:
            example[name] = values
    return Solution(None, False) if unknown else Solution(example, False)


_IMPOSSIBLE: tuple[Value, ...] = ("impossible",)


def _values(fact: Fact, wanted: list[Test], unwanted: list[Test]) -> tuple[Value, ...] | None:
    """Values a study could have for one fact, _IMPOSSIBLE, or None when not known."""
    absent = {t.expected for t in wanted if t.operator is Operator.IS_MISSING}
    absent |= {not t.expected for t in unwanted if t.operator is Operator.IS_MISSING}
    tests = sorted((t for t in wanted if t.operator is not Operator.IS_MISSING), key=repr)
    against = sorted((t for t in unwanted if t.operator is not Operator.IS_MISSING), key=repr)
    if len(absent) > 1 or (True in absent and (tests or fact.always)):
        return _IMPOSSIBLE
    if True in absent or (not tests and not fact.always and False not in absent):
        return ()
    found: list[Value] = []
    for needed in [tests] if fact.single or not tests else [[one] for one in tests]:
        value = _value(fact, needed, against)
        if value is None or value is _NEVER:
            return None if value is None else _IMPOSSIBLE
        found.append(value)
    return tuple(dict.fromkeys(found))


_NEVER = "never"


def _value(fact: Fact, needed: list[Test], against: list[Test]) -> Value | None:
    """One value that meets all of `needed` and none of `against`; _NEVER when there is none, None when not known."""
    candidates, complete = _candidates(fact, needed, against)
    for value in candidates:
        if all(t.holds((value,)) for t in needed) and not any(t.holds((value,)) for t in against):
            return value
    if complete or any(_implies(one, other) for one in needed for other in against):
        return _NEVER
    return _NEVER if any(_excludes(one, other) for one in needed for other in needed) else None


def _candidates(fact: Fact, needed: list[Test], against: list[Test]) -> tuple[list[Value], bool]:
    """Values worth trying, and whether no other value could behave differently from all of them."""
    if fact.kind is FactKind.FLAG:
        return [True, False], True
    if fact.domain:
        return [str(value) for value in fact.domain], True
    if fact.kind is FactKind.NUMBER:
        return _numbers([*needed, *against]), True
    exact = next((t for t in needed if t.operator in (Operator.IS, Operator.IS_ONE_OF)), None)
    if exact is not None:
        values = exact.expected if isinstance(exact.expected, tuple) else (exact.expected,)
        # Folding of letters outside ASCII is not the same for patterns and for comparisons.
        patterns = any(t.operator is Operator.MATCHES for t in (*needed, *against))
        return list(values), not patterns or all(str(value).isascii() for value in values)
    return _texts(needed, against), False


def _numbers(tests: list[Test]) -> list[Value]:
    limits: set[float] = set()
    for test in tests:
        values = test.expected if isinstance(test.expected, tuple) else (test.expected,)
        limits |= {float(value) for value in values}
    ordered = sorted(limits) or [0.0]
    between = [(low + high) / 2 for low, high in pairwise(ordered)]
    whole = [float(round(value)) for value in between]
    return [*ordered, *whole, *between, ordered[0] - 1, ordered[-1] + 1]


def _texts(needed: list[Test], against: list[Test]) -> list[Value]:
    starts = [str(t.expected) for t in needed if t.operator is Operator.STARTS_WITH]
    inside = [str(t.expected) for t in needed if t.operator is Operator.CONTAINS]
    matched = [_samples(str(t.expected)) for t in needed if t.operator is Operator.MATCHES]
    first = max(starts, key=len, default="")
    made = [" ".join([*filter(None, [first]), *inside, *words]) for words in product(*matched)][:64]
    other = f"{first}something else" if not (inside or matched) else ""
    used = {
        str(value)
        for t in against
        for value in (t.expected if isinstance(t.expected, tuple) else (t.expected,))
    }
    return [text for text in (*made, first + "".join(inside), other) if text and text not in used]


_GROUP = re.compile(r"\((?:\?:)?([^()]*)\)\??")
_SIMPLE = (
    (r"\\b|\^|\$|\\B", ""),
    (r"(\\.|\[[^\]]*\]|[^\\])\?", ""),
    (r"\.[*+]|\\s[*+]?", " "),
    (r"\\d[*+]?", "1"),
    (r"\.", "x"),
)


def _samples(pattern: str) -> list[str]:
    """Texts that a simple pattern finds; [] when it is not simple enough."""
    alternatives = [pattern]
    while (
        any("(" in alternative.replace("\\(", "") for alternative in alternatives) and len(alternatives) < 64
    ):
        opened: list[str] = []
        for alternative in alternatives:
            group = _GROUP.search(alternative)
            if group is None:
                return []
            opened += [
                alternative[: group.start()] + part + alternative[group.end() :]
                for part in group.group(1).split("|")
            ]
        alternatives = opened
    plain = []
    for text in (part for alternative in alternatives for part in alternative.split("|")):
        for old, new in _SIMPLE:
            text = re.sub(old, new, text)
        plain.append(re.sub(r"\\(\W)", r"\1", text))
    return [text for text in dict.fromkeys(plain) if compiled(pattern).search(text)]


def _implies(one: Test, other: Test) -> bool:
    """Does every value that meets `one` meet `other`?"""
    if one == other:
        return True
    if isinstance(one.expected, tuple) or isinstance(other.expected, tuple):
        return False
    has, needs = str(one.expected).casefold(), str(other.expected).casefold()
    if FACTS[one.fact].kind is FactKind.NAME:
        has, needs = str(one.expected), str(other.expected)
    if other.operator is Operator.STARTS_WITH:
        return one.operator is Operator.STARTS_WITH and has.startswith(needs)
    if other.operator is Operator.CONTAINS:
        return one.operator in (Operator.STARTS_WITH, Operator.CONTAINS) and needs in has
    return False


def _excludes(one: Test, other: Test) -> bool:
    """Two beginnings of which neither begins with the other."""
    if not (one.operator is other.operator is Operator.STARTS_WITH):
        return False
    return not (_implies(one, other) or _implies(other, one))
