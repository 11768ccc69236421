"""Rule files are read whole, or every problem in them is named with its line and its fix."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_nodes.config_files.file_problem import FileProblem
from routing_rules.errors import RuleFileError
from routing_rules.rule_files import json_schema, load_rules, rules_from_text
from routing_rules.rule_tests import run_tests
from routing_rules.series.vendor_facts import vendor_facts_from_text

GOOD = """
rules:
  - id: a
    title: A rule
    when: {modalities: {is: MR}}
tests:
  - name: MR goes there
    facts: {modalities: MR, series: [flair, {kind: dwi, b_values: [0, 1000]}]}
    expect: a
"""


def problems(text: str) -> list[FileProblem]:
    """The problems of a rule file that must not be accepted."""
    with pytest.raises(RuleFileError) as caught:
        rules_from_text(text, "site.yaml")
    return list(caught.value.problems)


def test_the_example_is_sound_and_passes_its_own_tests() -> None:
    """The shipped example loads, and each test beside its rules passes."""
    ruleset = load_rules(Path(str(files("routing_rules"))) / "examples")
    results = run_tests(ruleset)
    assert len(ruleset.rules) >= 4
    assert results
    assert [one.name for one in results if not one.passed] == []


def test_a_test_beside_a_rule_can_fail() -> None:
    """A wrong expectation is reported with the rule that was chosen instead."""
    (result,) = run_tests(rules_from_text(GOOD.replace("expect: a", "expect: null")))
    assert (result.passed, result.expected, result.chosen) == (False, None, "a")


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("{called_ae_titel: {is: X}}", ["called_ae_titel", "Did you mean called_ae_title?"]),
        ("{sender: {equals: X}}", ["no operator named equals", "is_one_of"]),
        ("{enrolled: {contains: X}}", ["does not fit enrolled", "is, is_missing"]),
        ("{patient_age_years: {between: [5, 1]}}", ["lower number first", "[5, 1]"]),
        ("{patient_age_years: {is: old}}", ["needs a number", "old"]),
        ("{study_description: {matches: '(a+)+'}}", ["inside a repeat"]),
        ("{study_description: {matches: '((a)+)*'}}", ["inside a repeat"]),
        ("{study_description: {matches: '(a|aa)+$'}}", ["inside a repeat"]),
        ("{study_description: {matches: '(a[)+]b{2})*'}}", ["inside a repeat"]),
        ("{study_description: {matches: '(a'}}", ["not a regular expression"]),
        ("{sender: {is: 5}}", ["in quotes", "5"]),
        ("{sender: {is: A}, site: {is: B}}", ["one name and one value", "under all: or any:"]),
        ("{all: []}", ["at least 1", "at least one"]),
        ("just words", ["one name and one value"]),
    ],
)
def test_a_wrong_condition_is_named_with_line_and_fix(condition: str, words: list[str]) -> None:
    """Each mistake in a condition is one problem, on its line, with the value and what to write."""
    (problem,) = problems(f"rules:\n  - id: a\n    title: A\n    when:\n      {condition}\n")
    assert problem.line == (4 if condition in ("just words", "{sender: {is: A}, site: {is: B}}") else 5)
    assert problem.file == "site.yaml"
    assert all(word in str(problem) for word in words), str(problem)
    assert problem.fix


@pytest.mark.parametrize(
    "pattern", [r"\b(natalizumab|tysabri)\b", r"(\(a\)\+)+", "[(+]+(ab)+", r"(x|y)?z*", "(abc){2}"]
)
def test_patterns_that_end_in_time_are_accepted(pattern: str) -> None:
    """Choices without a repeat around them and repeats of one fixed text are fine."""
    text = f"rules:\n  - id: a\n    title: A\n    when: {{study_description: {{matches: '{pattern}'}}}}\n"
    assert len(rules_from_text(text).rules) == 1


def test_every_problem_is_named_at_once() -> None:
    """One reading finds the mistakes of all rules, not only the first."""
    found = problems(
        "rules:\n"
        "  - id: Bad Id\n"
        "    title: A\n"
        "    wehn: 1\n"
        "    when: {any: [{sender: {is: x}}, {sendr: {is: y}}]}\n"
        "  - id: b\n"
        "    title: B\n"
        "    version: 0\n"
        "    when: {sender: {is: x}}\n"
        "    completion: {quiet_s: 100, hard_cap_s: 10}\n"
    )
    assert sorted((one.line, one.problem.split(":")[0]) for one in found) == [
        (2, "rules.0.id"),
        (4, "rules.0.wehn"),
        (5, "rules.0.when.any.1"),
        (8, "rules.1.version"),
        (10, "rules.1.completion.hard_cap_s"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rules:\n  - id: a\n   title: b\n", 3, "is not YAML"),
        ("rules: []\nrules: []\n", 2, "the same name"),
        ("rules: &x\n  - *x\n", 1, "uses an alias"),
        ("[" * 5000, None, "is not YAML"),
        ("rules: \x1f", None, "is not YAML"),
        ("[1, 2]\n", 1, "is not a table of names and values"),
        ("tests:\n  - name: x\n    facts: {modalty: MR}\n    expect: null\n", 3, "Did you mean modalities?"),
        ("tests:\n  - name: x\n    facts: {series: [flare]}\n    expect: null\n", 3, "flare"),
    ],
)
def test_what_is_wrong_with_the_file_itself(text: str, line: int | None, words: str) -> None:
    """Syntax errors, repeated names, aliases, wrong shapes and wrong tests are problems with a line."""
    (problem,) = problems(text)
    assert words in str(problem)
    assert line is None or problem.line == line


def test_two_rules_with_one_id() -> None:
    """A repeated id is refused and the first place named, also across files."""
    one = "  - id: a\n    title: A\n    when: {sender: {is: x}}\n"
    (problem,) = problems(f"rules:\n{one}{one}")
    assert (problem.line, problem.value) == (5, "a")
    assert "site.yaml:2" in problem.fix


def test_a_folder_of_rule_files(tmp_path: Path) -> None:
    """All YAML files of a folder make one set, ordered by priority; its problems are collected over all files."""
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "a.yml").write_text(
        GOOD.replace("id: a", "id: z\n    priority: 1").replace("expect: a", "expect: z")
    )
    (tmp_path / "notes.txt").write_text("not read")
    assert [rule.id for rule in load_rules(tmp_path).rules] == ["z", "a"]
    (tmp_path / "c.yaml").write_text("rules: 1\n")
    (tmp_path / "d.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(RuleFileError) as caught:
        load_rules(tmp_path)
    assert [Path(one.file).name for one in caught.value.problems] == ["d.yaml", "c.yaml"]


def test_missing_files_are_problems(tmp_path: Path) -> None:
    """An empty folder and a file that is not there are reported, not raised as something else."""
    with pytest.raises(RuleFileError, match="no rule file"):
        load_rules(tmp_path)
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_rules(tmp_path / "none.yaml")


def test_the_fingerprint_follows_the_content() -> None:
    """Comments and order leave the fingerprint alone; any change of a rule changes it."""
    plain = rules_from_text(GOOD).fingerprint
    assert rules_from_text(f"# a comment\n{GOOD}").fingerprint == plain
    assert rules_from_text(GOOD.replace("A rule", "Another")).fingerprint != plain
    assert len(plain) == 64


@settings(max_examples=80, deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.text(alphabet="rules: -[]{}&*!\n'\"is\t#|>%@", max_size=60)))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way than with RuleFileError."""
    with suppress(RuleFileError):
        rules_from_text(text)


def test_the_schema_for_editors_is_up_to_date() -> None:
    """The shipped JSON schema is the one the models make, and knows facts and operators."""
    shipped = json.loads((files("routing_rules") / "rule_file.schema.json").read_text(encoding="utf-8"))
    assert shipped == json_schema()
    assert "between" in shipped["$defs"]["Test"]["properties"]["patient_age_years"]["properties"]


def test_vendor_facts_name_their_mistakes() -> None:
    """A site's vendor facts with an unknown meaning, pattern or key are refused with the name of the place."""
    text = "sequence_names: [{pattern: '(', means: [swi]}, {pattern: a, means: [swwi]}]\n"
    text += "image_types: {foo: [A]}\nbar: 1\n"
    with pytest.raises(RuleFileError) as caught:
        vendor_facts_from_text(text, "vendor.yaml")
    assert len(caught.value.problems) == 4
    with pytest.raises(RuleFileError, match=r"vendor\.yaml:1"):
        vendor_facts_from_text("a: [", "vendor.yaml")
