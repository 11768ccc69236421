"""What the processes print: one record a line, and no value of a field that would identify a patient."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gateway.logs import IDENTIFYING_FIELDS, refuse_identity

PROGRAM = """
import logging, structlog
from gateway import logs
from gateway.settings import LogSettings
logs.configure(LogSettings(format="json", level="INFO"))
with structlog.contextvars.bound_contextvars(case=7):
    logs.get("gateway.test").warning("kept", patient_name="Muster^Petra", count=2)
    logging.getLogger("other").warning("of the standard library")
logging.getLogger("pynetdicom").warning("Muster^Petra asked for")
logging.getLogger("pydicom").warning("Muster^Petra is too long")
logging.getLogger("other").debug("too little to be told")
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
    """structlog's and the standard library's, on the standard error; below the level nothing."""
    assert [(line["event"], line.get("case"), line["level"]) for line in lines] == [
        ("kept", 7, "warning"),
        ("of the standard library", 7, "warning"),
    ]
    assert (lines[0]["patient_name"], lines[0]["count"]) == ("(withheld)", 2)


def test_libraries_that_quote_objects_are_silent(lines: list[dict[str, object]]) -> None:
    """Their warnings have values of patients in them."""
    assert "Muster" not in json.dumps(lines)
