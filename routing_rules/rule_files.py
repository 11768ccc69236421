"""Read rule files: YAML in, a `RuleSet` out, or every problem at once with file, line, value and fix."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dicom_nodes.config_files.file_problem import FileProblem
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import read_yaml
from routing_rules.errors import RuleFileError
from routing_rules.rule import Rule, RuleFile, RuleTest
from routing_rules.rule_set import RuleSet
from routing_rules.rule_tests import RuleTestResult, run_tests
from routing_rules.series.vendor_facts import VendorFacts, standard_vendor_facts

__all__ = [
    "RuleSet",
    "RuleTestResult",
    "json_schema",
    "load_rules",
    "load_vendor_facts",
    "rule_texts",
    "rules_from_text",
    "rules_from_texts",
    "run_tests",
]

VENDOR_FACTS = "vendor_facts"
"""The file of this name (.yaml, .yml) in the folder of rules is no rule file: it has the site's own vendor facts."""


def load_rules(path: Path | str) -> RuleSet:
    """Read one rule file, or every `*.yaml` and `*.yml` of a folder in order of name.

    Raises RuleFileError with every problem in every file; a folder without rule files is such a problem.
    """
    place = Path(path)
    texts, problems = _read(place)
    return _from_texts(texts, problems, of_a_folder=place.is_dir())


def rule_texts(path: Path) -> dict[str, str]:
    """What `load_rules` reads, as texts by the names of their files. Raises RuleFileError."""
    texts, problems = _read(path)
    if problems:
        raise RuleFileError(tuple(problems))
    return texts


def rules_from_texts(texts: Mapping[str, str]) -> RuleSet:
    """The rules of a folder, from the texts of its files by their names. Raises RuleFileError."""
    return _from_texts(texts, [], of_a_folder=True)


def _read(place: Path) -> tuple[dict[str, str], list[FileProblem]]:
    """The texts of the rule files of a place, and what cannot be read of it."""
    inside = place.iterdir() if place.is_dir() else (place,)
    names = sorted(one for one in inside if one == place or one.suffix in (".yaml", ".yml"))
    if all(place.is_dir() and name.stem == VENDOR_FACTS for name in names):
        return {}, [FileProblem(str(place), None, "has no rule file", "", "Put a *.yaml file there.")]
    texts: dict[str, str] = {}
    problems: list[FileProblem] = []
    for name in names:
        try:
            texts[str(name)] = name.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problems.append(
                FileProblem(str(name), None, "cannot be read", reason, "Give a readable UTF-8 file.")
            )
    return texts, problems


def _from_texts(texts: Mapping[str, str], problems: list[FileProblem], *, of_a_folder: bool) -> RuleSet:
    loaded: list[tuple[str, str]] = []
    own_facts: VendorFacts | None = None
    for name, text in texts.items():
        if not (of_a_folder and Path(name).stem == VENDOR_FACTS):
            loaded.append((name, text))
            continue
        try:
            own_facts = standard_vendor_facts().extended_by(text, name)
        except RuleFileError as error:
            problems += error.problems
    return _rule_set(loaded, problems, own_facts)


def load_vendor_facts(folder: Path) -> VendorFacts | None:
    """Only the site's own vendor facts in a folder of rules, with the standard ones; None when it has none.

    Raises RuleFileError.
    """
    found = [path for suffix in (".yaml", ".yml") if (path := folder / f"{VENDOR_FACTS}{suffix}").is_file()]
    if not found:
        return None
    return standard_vendor_facts().extended_by(found[-1].read_text(encoding="utf-8"), str(found[-1]))


def rules_from_text(text: str, source: str = "rules.yaml") -> RuleSet:
    """The rules of one YAML text. Raises RuleFileError."""
    return _rule_set([(source, text)], [], None)


def json_schema() -> dict[str, Any]:
    """The JSON schema of a rule file, for editors."""
    schema = RuleFile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "pml-gateway rule file",
    }


def _rule_set(
    loaded: Iterable[tuple[str, str]], problems: list[FileProblem], own_facts: VendorFacts | None
) -> RuleSet:
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
            problems += problems_of(error, read, source, RuleFile)
            continue
        for index, rule in enumerate(parsed.rules):
            line = read.line(("rules", index, "id"))
            if rule.id in places:
                first = ":".join(str(part) for part in places[rule.id] if part)
                fix = f"Give it another id; {first} has this one already."
                problems.append(FileProblem(source, line, "two rules have the same id", rule.id, fix))
            places.setdefault(rule.id, (source, line))
        rules += parsed.rules
        tests += (_placed(test, source) for test in parsed.tests)
    if problems:
        raise RuleFileError(tuple(problems))
    ordered = tuple(sorted(rules, key=lambda rule: (rule.priority, rule.id)))
    where = {rule_id: f"{source}:{line}" if line else source for rule_id, (source, line) in places.items()}
    return RuleSet(ordered, _fingerprint(ordered, own_facts), tuple(tests), own_facts, where)


def _placed(test: RuleTest, source: str) -> RuleTest:
    """The test with the folder of its study as a path from here."""
    if test.study is None:
        return test
    return test.model_copy(update={"study": str(Path(source).parent / test.study)})


def _fingerprint(rules: Iterable[Rule], own_facts: VendorFacts | None) -> str:
    # Without defaults: a version of this program that knows one setting more must not change what a rule is.
    content: list[Any] = [rule.model_dump(mode="json", exclude_defaults=True) for rule in rules]
    if own_facts is not None:
        content.append(own_facts.fingerprint)
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
