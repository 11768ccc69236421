"""Run the tests that stand beside the rules: studies described by facts, or lying in folders of DICOM files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from routing_rules.facts import StudyFacts, study_facts
from routing_rules.matching import MatchResult, condition_text
from routing_rules.rule import RuleTest
from routing_rules.rule_set import RuleSet
from routing_rules.series.vendor_facts import VendorFacts


@dataclass(frozen=True)
class RuleTestResult:
    """One test of the rules: what was expected, what was chosen and why. `result` is None when there was no study."""

    name: str
    passed: bool
    expected: str | None
    chosen: str | None
    why: str
    result: MatchResult | None


def run_tests(ruleset: RuleSet) -> tuple[RuleTestResult, ...]:
    """Run every test; a test whose folder cannot be read fails and says so."""
    return tuple(_run(ruleset, test) for test in ruleset.tests)


def headers_in(folder: Path) -> Iterator[Dataset]:
    """The header of every DICOM file in a folder and below it, in order of name; other files are passed over."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield dcmread(path, stop_before_pixels=True)
            except InvalidDicomError:
                continue


def _run(ruleset: RuleSet, test: RuleTest) -> RuleTestResult:
    try:
        facts = _facts(test, ruleset.vendor_facts)
    except OSError as error:
        return RuleTestResult(test.name, False, test.expect, None, f"{error.strerror or error}", None)
    result = ruleset.match(facts)
    chosen = None if result.rule is None else result.rule.id
    return RuleTestResult(
        test.name, chosen == test.expect, test.expect, chosen, _why(result, test.expect), result
    )


def _facts(test: RuleTest, vendor_facts: VendorFacts | None) -> StudyFacts:
    described = test.facts.to_facts()
    if test.study is None:
        return described
    folder = Path(test.study)
    if not folder.is_dir():
        raise FileNotFoundError(2, f"there is no folder {folder}")
    headers = list(headers_in(folder))
    if not headers:
        raise FileNotFoundError(2, f"there is no DICOM file in {folder}")
    read = study_facts(
        headers,
        sender="",
        calling_ae_title="",
        called_ae_title="",
        address="",
        site="",
        vendor_facts=vendor_facts,
    )
    return replace(read, **{name: getattr(described, name) for name in test.facts.given})


def _why(result: MatchResult, expected: str | None) -> str:
    """What kept the expected rule from being chosen, in words; "" when nothing did."""
    chosen = None if result.rule is None else result.rule.id
    if chosen == expected:
        return ""
    wanted = next((one for one in result.explanations if one.rule_id == expected), None)
    if wanted is None:
        return "no rule has this id" if expected else "a rule matched"
    if wanted.matched:
        return f"it matches as well, but {chosen} is tried before it"
    if not wanted.enabled:
        return "it is switched off"
    return "missing: " + "; ".join(condition_text(one) for one in wanted.lacking)
