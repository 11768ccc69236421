"""Read rule files: YAML in, a `RuleSet` out, or every problem at once with file, line, value and fix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from routing_rules.errors import FileProblem, RuleFileError
from routing_rules.facts import StudyFacts
from routing_rules.matching import MatchResult, match
from routing_rules.rule import Rule, RuleFile, RuleTest
from routing_rules.series import SeriesFacts, SeriesKind
from routing_rules.validation import problems_of
from routing_rules.yaml_lines import LinedYaml, read_yaml


@dataclass(frozen=True)
class RuleSet:
    """The rules in force, in the order in which they are tried, and the SHA-256 of their content."""

    rules: tuple[Rule, ...]
    fingerprint: str
    tests: tuple[RuleTest, ...] = ()

    def match(self, facts: StudyFacts) -> MatchResult:
        """Which of these rules applies to a study, with explanations."""
        return match(self.rules, facts)

    def get(self, rule_id: str) -> Rule | None:
        """The rule of this id, None when there is none."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass(frozen=True)
class RuleTestResult:
    """One test of the rules: what was expected, what was chosen and why."""

    name: str
    passed: bool
    expected: str | None
    chosen: str | None
    result: MatchResult


def load_rules(path: Path | str) -> RuleSet:
    """Read one rule file, or every `*.yaml` and `*.yml` of a folder in order of name.

    Raises RuleFileError with every problem in every file; a folder without rule files is such a problem.
    """
    place = Path(path)
    inside = place.iterdir() if place.is_dir() else (place,)
    names = sorted(one for one in inside if one == place or one.suffix in (".yaml", ".yml"))
    if not names:
        raise RuleFileError(
            (FileProblem(str(place), None, "has no rule file", "", "Put a *.yaml file there."),)
        )
    loaded: list[tuple[str, str]] = []
    problems: list[FileProblem] = []
    for name in names:
        try:
            loaded.append((str(name), name.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problems.append(
                FileProblem(str(name), None, "cannot be read", reason, "Give a readable UTF-8 file.")
            )
    return _rule_set(loaded, problems)


def rules_from_text(text: str, source: str = "rules.yaml") -> RuleSet:
    """The rules of one YAML text. Raises RuleFileError."""
    return _rule_set([(source, text)], [])


def run_tests(ruleset: RuleSet) -> tuple[RuleTestResult, ...]:
    """Run the tests that stand beside the rules; each is a study described by facts."""
    results = []
    for test in ruleset.tests:
        result = ruleset.match(_facts(test.facts))
        chosen = None if result.rule is None else result.rule.id
        results.append(RuleTestResult(test.name, chosen == test.expect, test.expect, chosen, result))
    return tuple(results)


def json_schema() -> dict[str, Any]:
    """The JSON schema of a rule file, for editors."""
    schema = RuleFile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "pml-gateway rule file",
    }


def _rule_set(loaded: Iterable[tuple[str, str]], problems: list[FileProblem]) -> RuleSet:
    rules: list[Rule] = []
    tests: list[RuleTest] = []
    places: dict[str, tuple[str, int | None]] = {}
    for source, text in loaded:
        read = read_yaml(text, source)
        problems += read.problems
        if read.problems:
            continue
        try:
            parsed = RuleFile.model_validate(read.data if read.data is not None else {})
        except ValidationError as error:
            problems += problems_of(error, read, source)
            continue
        for index, rule in enumerate(parsed.rules):
            line = read.line(("rules", index, "id"))
            if rule.id in places:
                first = ":".join(str(part) for part in places[rule.id] if part)
                fix = f"Give it another id; {first} has this one already."
                problems.append(FileProblem(source, line, "two rules have the same id", rule.id, fix))
            places.setdefault(rule.id, (source, line))
        for index, test in enumerate(parsed.tests):
            problems += _test_problems(read, source, index, test)
        rules += parsed.rules
        tests += parsed.tests
    if problems:
        raise RuleFileError(tuple(problems))
    ordered = tuple(sorted(rules, key=lambda rule: (rule.priority, rule.id)))
    return RuleSet(ordered, _fingerprint(ordered), tuple(tests))


def _fingerprint(rules: Iterable[Rule]) -> str:
    content = [rule.model_dump(mode="json") for rule in rules]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _test_problems(read: LinedYaml, source: str, index: int, test: RuleTest) -> list[FileProblem]:
    known = [field.name for field in fields(StudyFacts)]
    found = []
    for name in test.facts:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            fix = f"Did you mean {close[0]}?" if close else f"Use one of: {', '.join(known)}."
            line = read.line(("tests", index, "facts", name))
            found.append(
                FileProblem(source, line, f"tests.{index}: a study has no fact of this name", name, fix)
            )
    if not found:
        try:
            _facts(test.facts)
        except (ValueError, TypeError, AttributeError) as error:
            line = read.line(("tests", index, "facts"))
            found.append(
                FileProblem(source, line, f"tests.{index}: {error}", "", "Correct the facts of the test.")
            )
    return found


def _facts(described: Mapping[str, Any]) -> StudyFacts:
    """Facts as a test writes them: one value may stand for a list, a kind for a whole series."""
    many = {name for name, default in StudyFacts().to_json().items() if isinstance(default, list)}
    values = {
        name: value if name not in many or isinstance(value, list) else [value]
        for name, value in described.items()
    }
    values["series"] = [_series(number, one) for number, one in enumerate(values.get("series", ()), start=1)]
    return StudyFacts.from_json(values)


def _series(number: int, described: Any) -> dict[str, Any]:
    given = dict(described) if isinstance(described, Mapping) else {"kind": described}
    standard = SeriesFacts(str(number), "MR", "", SeriesKind.OTHER, 1.0, series_number=number).to_json()
    unknown = sorted(set(given) - set(standard))
    if unknown:
        raise ValueError(f"a series has no {unknown[0]}")
    return {**standard, **given}
