"""`kill -9` at every commit point: the study still ends in CONFIRMED, and nothing is lost or sent under a second UID.

Each point fires once in a run (gateway.records.crash) and kills the role that passes it; the supervisor starts
that role again. What is not covered here: power loss, which no test on a living kernel can show; see
tests/gateway/records/test_blobs.py for the order of syncs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.demo.demo import verify_returned
from gateway.demo.demo_systems import DemoSystems
from gateway.demo.errors import DemoError
from support.journeys import FAST, push, scan, sign, uids

POINTS = {
    "receiver keeps": ["arrival:before", "arrival:after", "keep_instances:before", "keep_instances:after"],
    "worker claims, completes, routes": [
        "claim_due:before",
        "claim_due:after",
        "advance-RECEIVED-COMPLETED:before",
        "advance-RECEIVED-COMPLETED:after",
        "advance-COMPLETED-MATCHED:before",
        "advance-COMPLETED-MATCHED:after",
    ],
    "worker prepares, forwards": [
        "advance-MATCHED-PREPARED:before",
        "advance-MATCHED-PREPARED:after",
        "advance-PREPARED-FORWARDED:before",
        "advance-PREPARED-FORWARDED:after",
    ],
    "worker makes pictures": [
        "claim_pictures:before",
        "claim_pictures:after",
        "keep_index:before",
        "keep_index:after",
        "keep_volume:before",
        "keep_volume:after",
    ],
    "web signs": [
        "sign_in:before",
        "sign_in:after",
        "claim_case:before",
        "claim_case:after",
        "sign_report:before",
        "sign_report:after",
    ],
    "worker composes, returns": [
        "open_identity:before",
        "open_identity:after",
        "advance-REPORTED-COMPOSED:before",
        "advance-REPORTED-COMPOSED:after",
        "advance-COMPOSED-RETURNED:before",
        "advance-COMPOSED-RETURNED:after",
    ],
    "answers and confirms": [
        "ask_commitment:before",
        "ask_commitment:after",
        # Before it, the answer would come to the request all the same, and nothing would be postponed again.
        "postpone-RETURNED:after",
        "record_commitment:before",
        "record_commitment:after",
        "advance-RETURNED-CONFIRMED:before",
        "advance-RETURNED-CONFIRMED:after",
    ],
}


def _until_it_works(systems: DemoSystems, act: Callable[[], Any], what: str) -> Any:
    """Do what a person or a PACS does when the other side went away: try again."""

    def attempt() -> Any:
        try:
            return act() or True
        except (DemoError, requests.RequestException, OSError):
            return None

    return systems.wait(attempt, 100, what)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
def test_a_crash_at_each_commit_point_loses_nothing(tmp_path: Path, points: list[str]) -> None:
    """Every armed point fired, and the loop still closed: all images forwarded once, one report, confirmed."""
    markers = tmp_path / "markers"
    markers.mkdir()
    armed = {"GATEWAY_CRASH_AT": ",".join(points), "GATEWAY_CRASH_MARKERS": str(markers)}
    # The pauses between tries of the push must not look like the end of the study.
    with DemoSystems(tmp_path, {**FAST, **armed, "GATEWAY_STUDY__QUIET_PERIOD": "4"}) as systems:
        study = scan(systems)
        _until_it_works(systems, lambda: push(systems, study), "the push")
        client = _until_it_works(systems, systems.client, "the sign-in")

        def state() -> str:
            cases = client.cases()
            assert len(cases) <= 1, "one study became two cases"
            assert not any(case["problem"] for case in cases), cases
            return cases[0]["state"] if cases else ""

        def reached(wanted: str) -> bool:
            try:
                return state() == wanted
            except (DemoError, requests.RequestException):
                return False

        systems.wait(lambda: reached("FORWARDED"), 100, "the queue")

        def signed() -> bool:
            if state() == "FORWARDED":
                sign(client, client.cases()[0]["id"])
            return state() != "FORWARDED"

        _until_it_works(systems, signed, "the signature")
        systems.wait(lambda: reached("CONFIRMED"), 100, "the confirmation")
        fired = {point.replace(":", "-") for point in points}
        # What no case waits for may come after its end.
        systems.wait(lambda: fired == {marker.name for marker in markers.iterdir()}, 60, "every point")
        assert verify_returned(systems, study) == []
        forwarded = systems.reading_site.files()
        assert len(forwarded) == len(study) == len(uids(file.header for file in forwarded))
