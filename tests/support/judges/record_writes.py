"""Where a module writes rows, read from its syntax tree: transactions opened, sessions asked to write, statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

LIBRARIES = ("sqlalchemy", "sqlmodel")
SESSION_WRITES = frozenset(
    {
        "add",
        "add_all",
        "begin",
        "begin_nested",
        "bulk_insert_mappings",
        "bulk_save_objects",
        "bulk_update_mappings",
        "commit",
        "connection",
        "delete",
        "flush",
        "get_bind",
        "merge",
    }
)
STATEMENTS = frozenset({"insert", "update", "delete", "postgresql", "sqlite"})
"""What a library gives to change rows with; of a dialect nothing else is of use here."""
MAKERS = frozenset({"create_engine", "sessionmaker", "scoped_session"})
OWN = frozenset({"Session", "Connection", "Engine"})
"""Types that may be named, and not made."""
SQL = re.compile(
    r"\s*(insert|update|delete|replace|merge|truncate|drop|alter|create|lock|vacuum)\s", re.IGNORECASE
)


def last_name(node: ast.AST) -> str:
    """The last name of an expression: `self._database` is a `database`, `Database(url)` too."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.lstrip("_").lower()


def writes(tree: ast.AST) -> list[tuple[int, str]]:
    """Every place that opens a writing transaction or asks a session to write: line and what."""
    nodes = list(ast.walk(tree))
    return sorted({*_of_libraries(nodes), *_of_databases(nodes), *_of_sessions(nodes), *_of_words(nodes)})


def _of_libraries(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Statements, sessions and engines taken from SQLAlchemy or SQLModel."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            for alias in node.names:
                names[alias.asname or alias.name] = alias.name
                if alias.name in STATEMENTS | MAKERS:
                    yield node.lineno, f"imports {alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in LIBRARIES:
                    names[alias.asname or alias.name.split(".")[0]] = "a library"
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and names.get(node.func.id) in OWN:
            yield node.lineno, f"makes its own {names[node.func.id]}"
        elif isinstance(node, ast.Attribute):
            root: ast.AST = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            of_library = isinstance(root, ast.Name) and names.get(root.id) == "a library"
            if of_library and node.attr in STATEMENTS | MAKERS | OWN:
                yield node.lineno, f"takes {node.attr} from the library"
            elif node.attr == "__table__":
                yield node.lineno, "takes a table without its model"


def _of_databases(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Writing transactions, also of things whose type is not told: only they are entered by `with ... .write(...)`."""
    databases = _named(nodes, "Database")
    entered = [
        item
        for node in nodes
        for item in (
            [part.context_expr for part in node.items]
            if isinstance(node, ast.With | ast.AsyncWith)
            else node.args
            if isinstance(node, ast.Call) and last_name(node) == "enter_context"
            else []
        )
    ]
    for item in entered:
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Attribute) and item.func.attr == "write":
            yield item.lineno, "opens a writing transaction"
    for node in nodes:
        if isinstance(node, ast.Attribute) and last_name(node.value) in databases:
            if node.attr == "write":
                yield node.lineno, "opens a writing transaction"
            elif node.attr == "engine":
                yield node.lineno, "takes the engine of the database"


def _of_sessions(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """What a session is asked to do besides reading."""
    sessions = _named(nodes, "Session")
    for node in nodes:
        if isinstance(node, ast.withitem) and last_name(node.context_expr) in ("read", "write", "session"):
            sessions.add(last_name(node.optional_vars) if node.optional_vars is not None else "session")
    for node in nodes:
        if (
            isinstance(node, ast.Attribute)
            and node.attr in SESSION_WRITES
            and last_name(node.value) in sessions
        ):
            yield node.lineno, f"session.{node.attr}"


def _of_words(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """SQL in words, and writes by name."""
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        said = [part.value for part in node.args if isinstance(part, ast.Constant)]
        if last_name(node) in ("text", "execute", "exec", "exec_driver_sql"):
            if any(isinstance(word, str) and SQL.match(word) for word in said):
                yield node.lineno, "SQL that changes something"
        elif last_name(node) == "getattr" and any(word in SESSION_WRITES | {"write"} for word in said):
            yield node.lineno, "getattr of a write"


def _named(nodes: Sequence[ast.AST], kind: str) -> set[str]:
    """The names of things of a type: the type's own, those annotated with it, and what is assigned from them."""
    names = {kind.lower()}
    for node in nodes:
        if isinstance(node, ast.arg) and node.annotation is not None and kind in ast.unparse(node.annotation):
            names.add(node.arg.lstrip("_").lower())
        elif isinstance(node, ast.AnnAssign) and kind in ast.unparse(node.annotation):
            names.add(last_name(node.target))
    for node in nodes:
        if isinstance(node, ast.Assign) and last_name(node.value) in names:
            names |= {last_name(target) for target in node.targets} - {""}
    return names
