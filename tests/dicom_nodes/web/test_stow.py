"""What a STOW-RS answer means for each instance, and what a DIMSE status means."""

from __future__ import annotations

import json

import pytest

from dicom_nodes.outcomes import Outcome
from dicom_nodes.web.stow import read_response


def _sequence(tag: str, *items: dict[str, object]) -> dict[str, object]:
    named = [{key: {"vr": "UI", "Value": [value]} for key, value in item.items()} for item in items]
    return {tag: {"vr": "SQ", "Value": named}}


STORED = _sequence("00081199", {"00081155": "2.25.1"}, {"00081155": "2.25.2", "00081196": 0xB000})
FAILED = _sequence("00081198", {"00081155": "2.25.3", "00081197": 0xA700}, {"00081155": "2.25.4"})


def test_stored_and_failed_instances_are_told_apart() -> None:
    """A 202 with both lists gives each instance its own outcome; a missing reason is a processing failure."""
    answer = read_response(202, json.dumps({**STORED, **FAILED}).encode())
    assert answer.stored == {"2.25.1": None, "2.25.2": 0xB000}
    assert answer.failed == {"2.25.3": 0xA700, "2.25.4": 0x0110}


def test_a_list_around_the_answer_is_understood() -> None:
    """Some servers answer with an array of one data set."""
    assert read_response(200, json.dumps([STORED]).encode()).stored.keys() == {"2.25.1", "2.25.2"}


def test_an_xml_answer_is_understood() -> None:
    """Older servers answer in the Native DICOM Model whatever was asked for."""
    body = b"""<?xml version="1.0"?><NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
    <DicomAttribute tag="00081198" vr="SQ"><Item number="1">
      <DicomAttribute tag="00081155" vr="UI"><Value number="1">2.25.3</Value></DicomAttribute>
      <DicomAttribute tag="00081197" vr="US"><Value number="1">49152</Value></DicomAttribute>
    </Item></DicomAttribute></NativeDicomModel>"""
    assert read_response(409, body).failed == {"2.25.3": 0xC000}


def test_an_entity_bomb_is_not_parsed() -> None:
    """An answer with a document type is not looked into."""
    assert read_response(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').stored == {}


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"", Outcome.ACCEPTED),
        (200, b"{}", Outcome.ACCEPTED),
        (200, json.dumps({"00081190": {"vr": "UR", "Value": ["x"]}}).encode(), Outcome.TRY_AGAIN),
        (202, b"", Outcome.TRY_AGAIN),
        (400, b"<html>", Outcome.REFUSED),
        (401, b"", Outcome.NODE_REFUSED),
        (404, b"not found", Outcome.NODE_REFUSED),
        (409, b"", Outcome.REFUSED),
        (413, b"", Outcome.REFUSED),
        (418, b"", Outcome.REFUSED),
        (429, b"", Outcome.TRY_AGAIN),
        (500, b"oops", Outcome.TRY_AGAIN),
        (503, b"", Outcome.TRY_AGAIN),
    ],
)
def test_the_http_status_decides_for_what_is_not_mentioned(
    status: int, body: bytes, outcome: Outcome
) -> None:
    """An instance that the answer does not name is judged by the status, on the safe side."""
    said = read_response(status, body).outcome("2.25.1")
    assert said.outcome is outcome
    assert f"HTTP {status}" in said.detail


@pytest.mark.parametrize(
    ("body", "outcome", "status"),
    [
        ({"00081199": {"Value": [{"00081155": {"Value": ["2.25.1"]}}]}}, Outcome.ACCEPTED, 0),
        (
            {
                "00081199": {
                    "Value": [{"00081155": {"Value": ["2.25.1"]}, "00081196": {"Value": ["45056.0"]}}]
                }
            },
            Outcome.WARNING,
            0xB000,
        ),
        (
            {"00081199": {"Value": [{"00081155": {"Value": ["2.25.1"]}, "00081196": {"Value": [None]}}]}},
            Outcome.ACCEPTED,
            0,
        ),
        ({"00081198": {"Value": [{"00081155": {"Value": ["2.25.1"]}}]}}, Outcome.TRY_AGAIN, 0x0110),
        (
            {"00081198": {"Value": [{"00081155": {"Value": ["2.25.1"]}, "00081197": {"Value": 290}}]}},
            Outcome.REFUSED,
            0x0122,
        ),
        (
            {"00081198": {"Value": [{"00081155": {"Value": ["2.25.1"]}, "00081197": {"Value": [0]}}]}},
            Outcome.REFUSED,
            0,
        ),
        ({"00081198": None, "00081199": {"Value": None}}, Outcome.TRY_AGAIN, None),
        ({"00081199": {"Value": ["no item"]}}, Outcome.TRY_AGAIN, None),
    ],
)
def test_the_lists_of_an_answer_are_believed_however_they_are_written(
    body: dict[str, object], outcome: Outcome, status: int | None
) -> None:
    """Reasons absent, null, as text, without their list; a list that is null; a contradiction is no success."""
    said = read_response(200, json.dumps(body).encode()).outcome("2.25.1")
    assert (said.outcome, said.status) == (outcome, status)
