"""What the processes print: our own loggers, one record a line, and nothing that would identify a patient."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest
from pydantic import ValidationError

from gateway.logs import IDENTIFYING_FIELDS, AllowList, refuse_identity
from gateway.settings import LogSettings, RaisedLibrary

PROGRAM = """
import logging, structlog, threading, warnings
from gateway import logs
from gateway.settings import LogSettings
logs.configure(LogSettings(format="json", level="INFO", libraries=("raised=INFO asked for by a test",)))
for name in ("", "other", "pynetdicom", "pydicom", "raised.deeper", "highdicom", "sqlalchemy.engine", "dicom_nodes"):
    logging.getLogger(name).setLevel(logging.DEBUG)
with structlog.contextvars.bound_contextvars(case=7):
    logs.get("gateway.test").warning("kept", patient_name="Muster^Petra", count=2)
    logging.getLogger("dicom_nodes.test").warning("of the standard library, about 1.2.840.113619.2.55.3.604.1")
for name in ("other", "pynetdicom", "pydicom", "highdicom", "sqlalchemy.engine", "root", "gatewayed"):
    for level in (logging.DEBUG, logging.INFO, logging.WARNING):
        logging.getLogger(name).log(level, "Muster^Petra asked for 1.2.840.113619.2.55.3.604.1")
logging.getLogger("raised.deeper").info("the pool runs dry")
logging.getLogger("raised").debug("too little to be told")
logs.get("gateway.test").debug("too little to be told")
logging.getLogger("pydicom").error("Muster^Petra is too long")
try:
    try:
        raise ValueError("Muster^Petra")
    except ValueError as error:
        raise KeyError("Muster^Petra again") from error
except KeyError:
    logs.get("gateway.test").exception("it failed")
    logging.getLogger("dicom_nodes.test").exception("it failed there")
    logging.getLogger("uvicorn.error").exception("Muster^Petra made it fail")
warnings.warn("Muster^Petra is not what its VR allows")
logs.catch_uncaught()
def fail():
    raise RuntimeError("Muster^Petra")
thread = threading.Thread(target=fail, name="deep")
thread.start()
thread.join()
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, object]]:
    """What a process of its own printed."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize("field", sorted(IDENTIFYING_FIELDS))
def test_the_value_of_an_identifying_field_is_withheld(field: str) -> None:
    """Its name stays, so that the mistake is seen; other fields are as they were."""
    assert refuse_identity(None, "", {field: "x", "case": 1}) == {field: "(withheld)", "case": 1}


def test_records_of_both_kinds_are_lines_of_json_with_the_case(lines: list[dict[str, object]]) -> None:
    """structlog's and the standard library's, on the standard error; below the level nothing; no UID."""
    told = [(line["event"], line["case"], line["level"]) for line in lines if "case" in line]
    assert told == [
        ("kept", 7, "warning"),
        ("of the standard library, about (UID withheld)", 7, "warning"),
    ]
    assert (lines[0]["patient_name"], lines[0]["count"]) == ("(withheld)", 2)
    assert "too little" not in json.dumps(lines)


def test_only_our_own_loggers_speak(lines: list[dict[str, object]]) -> None:
    """Whatever levels libraries give their loggers: of an error, where it was; of everything below, nothing."""
    assert "Muster" not in json.dumps(lines)
    others = [line for line in lines if "library" in line]
    assert [(line["library"], line["level"]) for line in others] == [
        ("pydicom", "error"),
        ("uvicorn.error", "error"),
    ]
    assert {line["event"] for line in others} == {"a library reports an error; its words are withheld"}
    assert others[0]["at"] == "<string>:17"


def test_a_raised_library_speaks_from_its_level_on(lines: list[dict[str, object]]) -> None:
    """With everything below its name, as loggers are named."""
    assert [line["event"] for line in lines if "pool" in str(line["event"])] == ["the pool runs dry"]


def test_an_exception_is_told_by_its_classes_and_places(lines: list[dict[str, object]]) -> None:
    """What it quotes is withheld, of whatever led to it, too, be it logged, or uncaught in a thread."""
    told = [line for line in lines if "exception" in line]
    assert [line["event"] for line in told][:2] == ["it failed", "it failed there"]
    for line in told[:3]:
        trace = str(line["exception"]).splitlines()
        assert trace[1:3] == ["builtins.ValueError", "which led to"]
        assert trace[-1] == "builtins.KeyError"
        assert "in <module>" in trace[0]
    assert (told[-1]["event"], told[-1]["thread"]) == ("a thread ended", "deep")
    assert str(told[-1]["exception"]).splitlines()[-1] == "builtins.RuntimeError"


def test_a_longer_name_is_another_logger() -> None:
    """`gatewayed` is not ours; the nearest name that is raised counts."""
    allow_list = AllowList(
        LogSettings(level="WARNING", libraries=("a=ERROR because", "a.b=DEBUG because of that"))
    )
    names = ("gateway", "gateway.web.pages", "gatewayed", "a", "a.c", "a.b", "a.b.c", "ab", "")
    assert [allow_list.level_of(name) for name in names] == [
        "WARNING",
        "WARNING",
        None,
        "ERROR",
        "ERROR",
        "DEBUG",
        "DEBUG",
        None,
        None,
    ]
    assert not allow_list.filter(logging.LogRecord("x", logging.WARNING, "", 1, "", (), None))


@pytest.mark.parametrize("text", ["sqlalchemy", "sqlalchemy=INFO", "=INFO why", "a=LOUD why", "a INFO why"])
def test_a_library_is_raised_with_a_level_and_a_reason(text: str) -> None:
    """A setting without either is refused; the message shows the form."""
    with pytest.raises(ValidationError, match="write as: sqlalchemy"):
        LogSettings(libraries=(text,))
    assert RaisedLibrary.of("a.b=INFO of a = b, at night") == ("a.b", "INFO", "of a = b, at night")
