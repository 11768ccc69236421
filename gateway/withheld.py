"""What no text that leaves the gateway may hold: UIDs, and what an exception quotes of the data it is about.

A UID of an original object links a pseudonym to a hospital's PACS. Texts of exceptions that were made on purpose
(`ExplainedError`) name no patient; those of all others may quote anything, so a trace has their class and their places.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from markupsafe import Markup

from dicom_nodes.explained_error import ExplainedError

T = TypeVar("T")

WITHHELD = "(UID withheld)"
UID = re.compile(r"(?<!\d)[0-2](?:(?:\.\d+){4,}|(?:\.\d+){1,2}\.\d{9,})(?:\.\d+)*")
"""Five components or more, or fewer with a long one as UIDs made of a UUID have (PS3.5 B.2): an IPv4 address, a
measure and a version number are no UIDs. Letters may touch it: `MR.1.2.840…` is how toolkits name files."""
DEEPEST_CHAIN = 5
"""Exceptions behind an exception that a trace still names."""


def without_uids(value: T) -> T:
    """The same value with every UID in its texts replaced; text marked as safe markup was checked when it was made."""
    return cast("T", _cleaned(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return UID.sub(WITHHELD, value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(part) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_cleaned(part) for part in value]
    return value


def trace(error: BaseException) -> str:
    """Where an exception was raised, of which class it is and what it came from, without what it quotes."""
    return "\n".join(_lines(error))


def _lines(error: BaseException, depth: int = 0) -> Iterator[str]:
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None and depth < DEEPEST_CHAIN:
        yield from _lines(behind, depth + 1)
        yield "which led to"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} in {frame.name}"
    yield f"{type(error).__module__}.{type(error).__qualname__}{_said(error)}"


def _said(error: BaseException) -> str:
    if isinstance(error, ExplainedError):
        return f": {without_uids(str(error))}"
    if isinstance(error, OSError) and error.strerror:
        return f": {without_uids(error.strerror)}"
    return ""
