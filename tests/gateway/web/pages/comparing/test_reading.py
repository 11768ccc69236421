"""What the viewer shows where: stacks by what they are, and the prior that stands beside them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.lifecycle import ConflictState
from gateway.records.tables.cases import Case
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.pictures import CaseAlignment
from gateway.records.tables.studies import Study
from gateway.records.views import picture_rows
from gateway.reporting.example import phantom_form
from support.journeys import ASKED
from support.pictures import make, put, slices
from support.web_gateway import PASSWORD, WebGateway

NUMBERS = count()
FLAIR = {"series_number": 1, "kind": "flair"}
ADC = {"series_number": 2, "kind": "adc"}


@pytest.fixture
def patient(web: WebGateway) -> int:
    """A patient of the vault."""
    return web.patient()


def contest(web: WebGateway, case_id: int) -> None:
    """The study of a case has two versions, perhaps of two people."""
    with web.database.write("test") as session:
        now = datetime.now(UTC)
        conflict = Conflict(
            study_id=session.get_one(Case, case_id).study_id,
            state=ConflictState.CONTESTED,
            kind="identity corrected",
            received_at=now,
            last_at=now,
            look_again_at=now,
            reached_at=now,
            site="north",
            objects=1,
        )
        session.add(conflict)


def case_of(
    web: WebGateway,
    patient: int,
    day: str,
    *kinds: dict[str, Any],
    systems: tuple[str, ...] = (),
    **columns: Any,
) -> int:
    """A case of this patient with a series of each kind, each in its own frame of reference where `systems` says so."""
    case_id = web.case(series=list(kinds), **columns)
    values = np.arange(3 * 4 * 4, dtype=np.int16).reshape(3, 4, 4)
    placed = zip(kinds, systems or ("2.25.99",) * len(kinds), strict=True)
    copies = [
        slices(values, SeriesNumber=kind["series_number"], FrameOfReferenceUID=uid) for kind, uid in placed
    ]
    put(web, case_id, [ds for series in copies for ds in series])
    with web.database.write("test") as session:
        study_id = session.get_one(Case, case_id).study_id
        session.execute(update(Study).where(col(Study.id) == study_id).values(study_date=day))
        session.execute(update(Case).where(col(Case.id) == case_id).values(identity_id=patient))
    return case_id


def reading(web: WebGateway, case_id: int, more: str = "") -> Any:
    """What a reader is told."""
    return web.client("reader").get(f"/api/cases/{case_id}/reading{more}").json()


def panes(told: Any, name: str = "surveillance") -> list[tuple[str, str | None]]:
    """Study and stack of each pane of a layout."""
    [layout] = [each for each in told["layouts"] if each["name"] == name]
    return [(pane["of"], pane["stack"]) for pane in layout["panes"]]


def test_the_last_comparable_prior_stands_beside_by_itself(web: WebGateway, patient: int) -> None:
    """One without FLAIR is on the time line with its reason; a reader may put it there all the same."""
    old = case_of(web, patient, "20250101", FLAIR)
    new = case_of(web, patient, "20250401", FLAIR)
    without = case_of(web, patient, "20250501", ADC)
    present = case_of(web, patient, "20250601", FLAIR, ADC)
    told = reading(web, present)
    assert [(prior["case"], prior["comparable"]) for prior in told["priors"]] == [
        (without, False),
        (new, True),
        (old, True),
    ]
    assert told["priors"][0]["why_not"] == "It has no FLAIR."
    assert told["priors"][1]["label"] == "61 days earlier"
    assert told["chosen_prior"] == new
    assert panes(told) == [("current", "s0-0"), ("prior", "s0-0"), ("current", None), ("current", "s1-0")]
    assert reading(web, present, f"?prior={old}")["chosen_prior"] == old
    other = reading(web, present, f"?prior={without}")
    assert (other["chosen_prior"], panes(other)[1]) == (without, ("prior", None))


def test_an_alignment_names_the_frames_of_reference_it_holds_for(web: WebGateway, patient: int) -> None:
    """Those of the two series that were laid over one another: of others nothing was measured."""
    prior = case_of(web, patient, "20250101", ADC, FLAIR, systems=("2.25.71", "2.25.72"))
    present = case_of(web, patient, "20250601", FLAIR, ADC, systems=("2.25.73", "2.25.74"))
    for each in (prior, present):
        make(web, each)
    with web.database.write("test") as session:
        versions = [picture_rows.copies_of(session, each).version for each in (present, prior)]
        row = CaseAlignment(
            case_id=present,
            prior_case_id=prior,
            state="aligned",
            kind="flair",
            version=versions[0],
            prior_version=versions[1],
            transform=[1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            residual_mm=0.2,
            limit_mm=1.0,
            wanted_at=web.database.now(session),
        )
        session.add(row)
    told = reading(web, present)
    [alignment] = [each["alignment"] for each in told["priors"]]
    assert alignment["systems"] == {"current": "2.25.73", "prior": "2.25.72"}


def test_nobody_elses_case_can_be_put_beside_it(web: WebGateway, patient: int) -> None:
    """Whatever number is asked for: the case of a stranger, the case itself, none at all."""
    stranger = web.case(series=[FLAIR])
    present = case_of(web, patient, "20250601", FLAIR)
    for wanted in (stranger, present, 999):
        told = reading(web, present, f"?prior={wanted}")
        assert (told["chosen_prior"], told["priors"]) == (None, [])
        assert panes(told)[1] == ("prior", None)


def test_a_case_of_another_site_has_no_reading(web: WebGateway, patient: int) -> None:
    """As if it were not there."""
    present = case_of(web, patient, "20250601", FLAIR)
    web.add("elsewhere", "coordinator", "another-site")
    assert web.client("elsewhere").get(f"/api/cases/{present}/reading").status_code == 404


def test_a_prior_that_was_not_readable_is_not_chosen_by_itself(web: WebGateway, patient: int) -> None:
    """It would be compared with nothing."""
    case_of(web, patient, "20250401", FLAIR, readability="not_readable")
    told = reading(web, case_of(web, patient, "20250601", FLAIR, referral="suspected_pml"))
    assert (told["priors"][0]["why_not"], told["chosen_prior"]) == ("It was not readable.", None)
    assert told["layout"] == "suspected_pml"


def mark_on(web: WebGateway, case_id: int) -> dict[str, Any]:
    """A point on the first picture of a case."""
    [stack] = web.client("reader").get(f"/api/cases/{case_id}/images").json()["stacks"]
    frame = stack["frames"][0]
    return {
        "kind": "point",
        "series": stack["series_uid"],
        "uid": frame["uid"],
        "points": [frame["position"]],
    } | ({"frame_of_reference": stack["frame_of_reference"]} if stack["frame_of_reference"] else {})


def signed(web: WebGateway, case_id: int, mark: dict[str, Any]) -> Any:
    """The answer to a signature of a report with this mark."""
    client = web.client("reader")
    client.post(f"/api/cases/{case_id}/claim")
    form = phantom_form(prior_study_date=None, told_at=datetime.now(UTC))
    form |= {"lesions.0.marks": [json.dumps(mark)]}
    form |= {f"reasons.{key}": reason for key, reason in ASKED.items()}
    return client.post(f"/api/cases/{case_id}/sign", json={"form": form, "password": PASSWORD})


def test_the_marks_of_the_prior_are_known_lesions(web: WebGateway, patient: int) -> None:
    """Those of the case that stands beside it, as they were drawn, with the number of their lesion."""
    before = case_of(web, patient, "20250401", FLAIR)
    mark = mark_on(web, before)
    answer = signed(web, before, mark)
    assert answer.status_code == 201, answer.text
    told = reading(web, case_of(web, patient, "20250601", FLAIR))
    assert told["chosen_prior"] == before
    [known] = told["lesions_before"]
    assert (known["number"], known["case"], known["label"]) == (1, before, "known lesion 1: here last time")
    assert {name: known["mark"][name] for name in mark} == mark
    other = case_of(web, patient, "20250301", FLAIR)
    assert reading(web, case_of(web, patient, "20250603", FLAIR), f"?prior={other}")["lesions_before"] == []


def test_a_mark_on_another_cases_picture_is_not_signed(web: WebGateway, patient: int) -> None:
    """Whoever sends it, by whatever way."""
    stranger, own = case_of(web, patient, "20250401", FLAIR), case_of(web, patient, "20250601", FLAIR)
    answer = signed(web, own, mark_on(web, stranger) | {"uid": "2.25.1"})
    assert answer.status_code == 422
    assert "is on no picture of this study" in answer.text


def test_no_prior_stands_beside_a_contested_study_by_itself(web: WebGateway, patient: int) -> None:
    """It may be of two people: its patient's earlier studies are told with that reason, and a reader may look."""
    old = case_of(web, patient, "20250401", FLAIR)
    present = case_of(web, patient, "20250601", FLAIR)
    assert reading(web, present)["chosen_prior"] == old
    contest(web, present)
    told = reading(web, present)
    assert (told["chosen_prior"], panes(told)[1]) == (None, ("prior", None))
    assert told["priors"][0]["why_not"] == "Whose the present study is is contested."
    assert reading(web, present, f"?prior={old}")["chosen_prior"] == old


def test_a_contested_prior_is_not_chosen_by_itself(web: WebGateway, patient: int) -> None:
    """The one before it is."""
    old, contested = (case_of(web, patient, day, FLAIR) for day in ("20250101", "20250401"))
    contest(web, contested)
    told = reading(web, case_of(web, patient, "20250601", FLAIR))
    assert told["chosen_prior"] == old
    assert told["priors"][0]["why_not"] == "Whose it is is contested."


def test_a_study_of_the_same_day_is_on_the_time_line_and_not_chosen(web: WebGateway, patient: int) -> None:
    """Nobody knows which of them came first."""
    case_of(web, patient, "20250601", FLAIR)
    told = reading(web, case_of(web, patient, "20250601", FLAIR))
    [prior] = told["priors"]
    assert (prior["label"], prior["why_not"]) == ("the same day", "It is of the same day.")
    assert told["chosen_prior"] is None


def test_forgotten_priors_and_those_of_a_patient_taken_apart_are_gone(web: WebGateway, patient: int) -> None:
    """Neither is on the time line, and neither can be asked for by its number."""
    gone, apart = (case_of(web, patient, day, FLAIR) for day in ("20250101", "20250201"))
    present = case_of(web, patient, "20250601", FLAIR)
    assert [prior["case"] for prior in reading(web, present)["priors"]] == [apart, gone]
    with web.database.write("test") as session:
        session.execute(update(Case).where(col(Case.id) == gone).values(forgotten_at=datetime.now(UTC)))
        session.execute(update(Case).where(col(Case.id) == apart).values(identity_id=None))
    for wanted in (gone, apart):
        told = reading(web, present, f"?prior={wanted}")
        assert (told["priors"], told["chosen_prior"], panes(told)[1]) == ([], None, ("prior", None))


def test_the_same_patient_of_another_site_is_somebody_else(web: WebGateway, patient: int) -> None:
    """Whatever the numbers say: not even a viewer of every site sees one beside the other, or may ask for it."""
    theirs = case_of(web, patient, "20250101", FLAIR, site="south")
    present = case_of(web, patient, "20250601", FLAIR)
    told = reading(web, present, f"?prior={theirs}")
    assert (told["priors"], told["chosen_prior"]) == ([], None)
