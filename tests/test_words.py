"""One word, one meaning: the glossary's words are those of the code, and no retired word is in it."""

from __future__ import annotations

import ast
import functools
import importlib
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gateway", "dicom_nodes", "routing_rules")
GLOSSARY = ROOT / "gateway" / "manual" / "design" / "glossary.md"
FEW_LINES = 7
NO_NOUNS = {"one", "found"}


def rows_of(heading: str) -> list[tuple[str, str, str]]:
    """The rows of the glossary's table that begins with this heading."""
    _, _, text = GLOSSARY.read_text(encoding="utf-8").partition(f"| {heading} |")
    lines = text.split("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]  # type: ignore[misc]


WORDS = rows_of("word")
RETIRED = rows_of("retired")


def parts_of(identifier: str) -> tuple[str, ...]:
    """The words of a name in snake or camel case, small and in the singular."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", identifier)
    return tuple(singular(word.lower()) for word in words)


def singular(word: str) -> str:
    """The word without the ending of a plural."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def files_of(place: str) -> list[Path]:
    """The files of a module or package."""
    path = ROOT.joinpath(*place.split("."))
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@functools.cache
def tokens_of(path: Path) -> list[tokenize.TokenInfo]:
    """The tokens of one file."""
    return list(tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline))


def names_in(path: Path) -> set[str]:
    """Every identifier of a file, and its own name."""
    return {token.string for token in tokens_of(path) if token.type == tokenize.NAME} | {
        path.stem,
        path.parent.name,
    }


def prose_in(path: Path) -> Iterator[str]:
    """Comments and docstrings."""
    for token in tokens_of(path):
        if token.type == tokenize.COMMENT or (
            token.type == tokenize.STRING and token.string.startswith('"""')
        ):
            yield token.string


def resolved(dotted: str) -> object:
    """The module, class or function of that name; raises when there is none."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ModuleNotFoundError(dotted)


def is_used(word: str, where: str) -> bool:
    """Whether the word is part of a name in what `where` names."""
    wanted = parts_of(word.split(" of ")[0].replace("-", " "))
    for place in re.findall(r"`([\w.]+)`", where):
        owner = resolved(place)
        module = owner.__name__ if isinstance(owner, ModuleType) else owner.__module__
        names = set(place.split(".")) | {name for path in files_of(module) for name in names_in(path)}
        if any(contains(parts_of(name), wanted) for name in names):
            return True
    return False


def contains(parts: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the wanted words stand together, in order."""
    return any(parts[at : at + len(wanted)] == wanted for at in range(len(parts) - len(wanted) + 1))


def uses_of(retired: str, path: Path) -> Iterator[str]:
    """Where a file uses a retired word: in a name, or, where it is an ordinary word, in a comment or docstring."""
    if not retired.islower():
        yield from (name for name in names_in(path) if name == retired)
        return
    wanted = parts_of(retired)
    yield from (name for name in names_in(path) if contains(parts_of(name), wanted))
    pattern = re.compile(rf"\b{retired}s?\b", re.IGNORECASE)
    yield from (text.strip()[:80] for text in prose_in(path) if pattern.search(text))


@pytest.mark.parametrize(("word", "_meaning", "where"), WORDS, ids=[word for word, *_ in WORDS])
def test_each_word_of_the_glossary_is_used_in_code(word: str, _meaning: str, where: str) -> None:
    """The place it names exists, and the word is part of a name there."""
    assert is_used(word, where)


@pytest.mark.parametrize(("retired", "instead", "where"), RETIRED, ids=[word for word, *_ in RETIRED])
def test_no_retired_word_is_used(retired: str, instead: str, where: str) -> None:
    """Neither in names nor, where it is an ordinary word, in comments and docstrings of the packages named."""
    places = re.findall(r"`([\w.]+)`", where) or PACKAGES
    uses = [
        (path.name, use)
        for place in places
        for path in files_of(place)
        for use in uses_of(retired.strip("`"), path)
    ]
    assert not uses, f"say {instead}"


def test_a_retired_word_would_be_noticed(tmp_path: Path) -> None:
    """In a name, in its plural, in a comment and in a docstring; not as a part of another word."""
    file = tmp_path / "sample.py"
    file.write_text('"""Trays."""\n\nOPEN_TRAY = 1  # a tray\nportrayed = 2\n', encoding="utf-8")
    assert sorted(uses_of("tray", file)) == ['"""Trays."""', "# a tray", "OPEN_TRAY"]
    assert not is_used("tray", "`gateway.lifecycle`")
    assert is_used("case state", "`gateway.lifecycle`")


def test_the_glossary_names_each_word_once() -> None:
    """In the order of the alphabet; words and retired words are different words."""
    words = [word for word, *_ in WORDS]
    assert words == sorted(set(words), key=str.lower)
    assert len(words) > 40
    assert not set(words) & {word.strip("`") for word, _, where in RETIRED if where == "everywhere"}


def waits_of(tree: ast.AST) -> Iterator[tuple[str, int, int]]:
    """(name, first line, last line) of `one` and `found` in each function; comprehensions are scopes of their own."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines: dict[str, list[int]] = {}
        bound: set[str] = set()
        for node in within(function):
            name = node.arg if isinstance(node, ast.arg) else node.id if isinstance(node, ast.Name) else ""
            bound.add(name)
            if name in NO_NOUNS:
                lines.setdefault(name, []).append(node.lineno)  # type: ignore[attr-defined]
        if "other" in bound:  # `one` and `other` are a pair that is compared
            lines.pop("one", None)
        yield from ((name, min(uses), max(uses)) for name, uses in lines.items())


def within(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without what comprehensions bind for themselves."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            own = {
                name.id
                for generator in child.generators
                for name in ast.walk(generator.target)
                if isinstance(name, ast.Name)
            }
            yield from (n for n in within(child) if not (isinstance(n, ast.Name) and n.id in own))
            continue
        yield child
        yield from within(child)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_used_lines_later_has_a_noun(package: str) -> None:
    """`one` and `found` are for what is used up within a few lines."""
    long = [
        f"{path.relative_to(ROOT)}:{first}: {name}"
        for path in files_of(package)
        for name, first, last in waits_of(ast.parse(path.read_text(encoding="utf-8")))
        if last - first > FEW_LINES
    ]
    assert not long
