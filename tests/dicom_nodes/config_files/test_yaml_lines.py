"""YAML with lines: what is plain is read as it stands, what is not is a problem with its line, and nothing raises."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dicom_nodes.config_files.yaml_lines import MOST_VALUES, LinedYaml, YamlPath, read_yaml

ROOT = Path(__file__).resolve().parents[3]
TEXT = """\
# nodes of the north
nodes:
  - name: a
    port: 104
  - {name: b, port: 105,
     roles: [sender,
             reader]}
since: 2026-11-20
"""
# Each line holds the one above it nine times.
BOMB = "a: &a [1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]\n"
    for above, name in zip("abcdef", "bcdefg", strict=True)
)


def problem(text: str, *, aliases: bool = False) -> tuple[int | None, str]:
    """Line and words of the one thing that is wrong with a text."""
    (found,) = read_yaml(text, "site.yaml", aliases=aliases).problems
    assert found.file == "site.yaml"
    assert found.fix
    return found.line, str(found)


def test_every_place_has_its_line() -> None:
    """Tables, lists and values, in block and in flow style; a name has the line where the name stands."""
    read = read_yaml(TEXT, "site.yaml")
    assert read.problems == ()
    assert read.data == {
        "nodes": [{"name": "a", "port": 104}, {"name": "b", "port": 105, "roles": ["sender", "reader"]}],
        "since": date(2026, 11, 20),
    }
    lines = {(): 2, ("nodes",): 2, ("nodes", 0): 3, ("nodes", 0, "port"): 4, ("nodes", 1, "roles", 1): 7}
    assert {place: read.line(place) for place in lines} == lines
    assert read.line(("since",)) == 8


def test_a_place_that_does_not_exist_has_the_line_around_it() -> None:
    """What is missing is told where it should stand; names that a validator puts in between do not count."""
    read = read_yaml(TEXT, "site.yaml")
    assert read.line(("nodes", 0, "host")) == 3
    assert read.line(("nodes", "dimse", 1, "port")) == 5
    assert read.line(("users",)) == 2
    assert read.known(("nodes", "dimse", 1, "port", "int")) == ("nodes", 1, "port")


def test_the_innermost_place_is_the_end_of_a_chain() -> None:
    """Down through what holds one thing only; where there are two, or none, it stops."""
    read = read_yaml("when:\n  not:\n    sender:\n      is: x\nboth: {a: 1, b: 2}\n", "rules.yaml")
    assert read.innermost(("when",)) == ("when", "not", "sender", "is")
    assert read.innermost(("both",)) == ("both",)
    assert read.innermost(("when", "not", "sender", "is")) == ("when", "not", "sender", "is")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_text_is_nothing(text: str) -> None:
    """No data and no problem; what a model then misses is told for the first line."""
    read = read_yaml(text, "site.yaml")
    assert (read.data, read.problems) == (None, ())
    assert read.line(("nodes", 0)) == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: [1,\n\n\n", 3, "is not YAML"),
        ("a: b\n c: d: e\n", 2, "mapping values are not allowed here"),
        ("a: *nobody\n", 1, "undefined alias"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
        ("a: 1\nb: \x1f\n", 2, "U+001F"),
        ("[" * 5000, 1, "nested too deeply"),
        ("a: 1\nb: 2\na: 3\n", 3, "the same name stands here twice (found a)"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "a name must be plain text"),
        (
            "a: 1\nb: !!python/object/apply:os.getcwd []\n",
            2,
            "has a YAML tag (found tag:yaml.org,2002:python",
        ),
        ("a: !!set {x, y}\n", 1, "has a YAML tag"),
        ("a: !ours x\n", 1, "without a tag"),
        ("a: 1\nb: 2026-99-99\n", 2, "(found 2026-99-99)"),
        ("a: !!bool maybe\n", 1, "(found maybe)"),
        ("a: !!timestamp later\n", 1, "(found later)"),
        ("a: !!int ''\n", 1, "cannot be read"),
        ("a: !!map x\n", 1, "(found x)"),
        ("a: [1, =]\n", 1, "in quotes"),
        ("a: " + "[" * 50 + "]" * 50, 1, "nested too deeply"),
    ],
)
def test_what_is_not_plain_is_a_problem_with_its_line(text: str, line: int, words: str) -> None:
    """Syntax, repeated names, tags, values that are not what they look like."""
    found = problem(text)
    assert found[0] == line
    assert words in found[1]


def test_several_problems_are_told_at_once() -> None:
    """A value that cannot be read does not hide a name that stands twice."""
    read = read_yaml("a: 2026-99-99\nb: 1\nb: !x 2\n", "site.yaml")
    assert [found.line for found in read.problems] == [1, 3, 3]


def test_a_rule_is_read_where_it_stands() -> None:
    """Without `aliases`, nothing refers to another place, and `<<` is a name like any other."""
    line, words = problem("a: &x [1]\nb:\n  - *x\n")
    assert line == 1
    assert "uses an alias" in words
    assert read_yaml("<<: {a: 1}\n", "site.yaml").data == {"<<": {"a": 1}}


def test_aliases_and_merges_are_followed_where_they_are_allowed() -> None:
    """As PyYAML reads them: what stands in the table itself comes first, then the tables in their order."""
    text = (
        "nets: &nets [10.0.0.0/8]\n"
        "pacs: &pacs {port: 104, roles: [sender]}\n"
        "other: &other {port: 105, site: north}\n"
        "nodes:\n"
        "  - <<: *pacs\n"
        "    name: a\n"
        "    addresses: *nets\n"
        "  - <<: [*pacs, *other]\n"
        "    roles: [reader]\n"
        "  - {<<: {name: c}}\n"
    )
    read = read_yaml(text, "nodes.yaml", aliases=True)
    assert read.problems == ()
    assert read.data == yaml.safe_load(text)
    assert read.line(("nodes", 0, "port")) == 2
    assert read.line(("nodes", 0, "addresses")) == 7
    assert read.line(("nodes", 1, "site")) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x\n  - *x\n", "contains itself"),
        ("a: &x\n  <<: *x\n", "contains itself"),
        ("a: 1\n<<: b\n", "only a table"),
        ("a: 1\n<<: {b: 1}\n<<: {c: 1}\n", "twice"),
        (BOMB, f"more than {MOST_VALUES} values"),
    ],
)
def test_aliases_end(text: str, words: str) -> None:
    """One that contains itself, and a few lines that mean millions of values, are refused."""
    assert words in problem(text, aliases=True)[1]


def lines_of(text: str) -> int:
    return max(1, len(text.splitlines()))


def sound(read: LinedYaml, text: str) -> None:
    """Every place and every problem has a line inside the text."""
    for found in read.problems:
        assert found.line is not None
        assert 1 <= found.line <= lines_of(text), found
        assert found.problem
        assert found.fix
    for place, line in read.lines.items():
        assert 1 <= line <= lines_of(text), place


YAML_LIKE = st.lists(
    st.sampled_from(
        [*"[]{}:,-?&*!|>'\"%@`#=~. \n\n\t\r", "a", "b: ", "- ", "  ", "<<: ", "*a", "&a ", "!!int ", "!!map ",
         "!!bool ", "2026-99-99", "0x", "1_0", ".inf", "---\n", "...\n", "? ", "\x85", "\u2028", "\ufeff",
         "\x00", "\ud800"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(max_size=60), YAML_LIKE), st.booleans())
@example("!!timestamp x", False)
@example("!!int '_'", False)
@example("&a [*a, *a]", True)
@example("? &a\n: <<: *a", True)
@settings(max_examples=400)
def test_no_text_raises_and_every_line_is_inside_it(text: str, aliases: bool) -> None:
    """Whatever a file holds, it is read or refused with lines that an editor can go to."""
    sound(read_yaml(text, "any.yaml", aliases=aliases), text)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab:-#'\" é\n", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc é", min_size=1, max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)  # fmt: skip


def places(data: Any, place: YamlPath = ()) -> list[YamlPath]:
    """Every place in plain data."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place, *(each for key, value in inside for each in places(value, (*place, key)))]


@given(PLAIN, st.booleans(), st.booleans())
@settings(max_examples=200)
def test_plain_data_comes_back_with_a_line_for_every_place(data: Any, flow: bool, aliases: bool) -> None:
    """What a dumper writes is read as it was, and each name stands on the line that is told for it."""
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, width=40)
    read = read_yaml(text, "dumped.yaml", aliases=aliases)
    assert read.problems == ()
    assert read.data == data
    assert set(read.lines) == set(places(data))
    for place, line in read.lines.items():
        if place and isinstance(place[-1], str) and re.fullmatch("[abc]+", place[-1]):
            assert place[-1] in text.splitlines()[line - 1]
    sound(read, text)


def test_nothing_else_reads_yaml() -> None:
    """This is the one reader of the three packages: no other module imports a YAML library."""
    readers = {
        str(path.relative_to(ROOT))
        for package in ("dicom_nodes", "gateway", "routing_rules")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any("yaml" in alias.name.split(".")[0] for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and "yaml" in (node.module or "").split(".")[0])
    }
    assert readers == {"dicom_nodes/config_files/yaml_lines.py"}
