"""Objects that stayed here, on the page and as JSON: who sees what, looks that are recorded, decisions, manifests."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from sqlmodel import select

from gateway.pipeline.steps.manifest import ManifestBuilder, canonical, verify
from gateway.privacy.profile.profile import load_profile
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case, HeldObject, Manifest
from gateway.records.views.held_object_rows import HeldRow
from gateway.web.pages.held_objects import held_counts
from support.objects.held_objects import screen_capture
from support.web_gateway import WebGateway, phantom


@pytest.fixture(scope="module")
def header() -> Dataset:
    """An image of the phantom's study."""
    return phantom()[0]


def looks(web: WebGateway, case_id: int) -> int:
    """Recorded looks at originals of a case."""
    with web.database.read() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "original looked at")).all()
    return sum(event.subject.startswith(f"case {case_id},") for event in events)


def decision(web: WebGateway, held_id: int) -> str:
    """What was decided."""
    with web.database.read() as session:
        return session.get_one(HeldObject, held_id).decision


def test_the_reader_sees_how_many_stayed_and_no_object(web: WebGateway, header: Dataset) -> None:
    """Series, what and why with a count; no picture, no button, no number of an object."""
    case_id = web.case()
    ids = [web.held(case_id, screen_capture(header)) for _ in range(2)]
    page = web.client("reader").get(f"/cases/{case_id}").text
    assert "Objects that stayed here" in page
    assert "Secondary Capture Image Storage" in page
    assert ".png?frame" not in page
    assert "Leave out" not in page
    told = web.client("reader").get(f"/api/cases/{case_id}/held").json()
    assert [(one["series_number"], one["objects"]) for one in told["series"]] == [(900, 2)]
    assert "objects" not in told
    assert web.client("reader").get(f"/cases/{case_id}/held/{ids[0]}.png").status_code == 403
    assert looks(web, case_id) == 0


@pytest.mark.parametrize("login", ["reader", "north"])
def test_only_lead_and_admin_decide(web: WebGateway, header: Dataset, login: str) -> None:
    """A reader and a coordinator are refused on the page and by JSON, and nothing changes."""
    case_id = web.case()
    held_id = web.held(case_id, screen_capture(header))
    client = web.client(login)
    answer = client.post(
        f"/api/cases/{case_id}/held/{held_id}", json={"decision": "left out", "why": "because"}
    )
    assert answer.status_code == 403
    form = {"decision": "left out", "why": "because", "csrf": client.headers["X-CSRF-Token"]}
    assert client.post(f"/cases/{case_id}/held/{held_id}", data=form).status_code == 403
    assert decision(web, held_id) == "waiting"


def test_a_lead_looks_and_releases(web: WebGateway, header: Dataset) -> None:
    """The picture shows the burned-in text; the look is recorded; the release starts the preparation again."""
    case_id = web.case()
    held_id = web.held(case_id, screen_capture(header))
    lead = web.client("lead")
    page = lead.get(f"/cases/{case_id}").text
    assert f"/cases/{case_id}/held/{held_id}.png?frame=0" in page
    assert looks(web, case_id) == 0, "the page alone is no look"
    address = f"/api/cases/{case_id}/held/{held_id}"
    unseen = lead.post(address, json={"decision": "released", "why": "side mark"})
    assert (unseen.status_code, "not looked" in unseen.json()["detail"]) == (403, True)
    answer = lead.get(f"/cases/{case_id}/held/{held_id}.png")
    assert answer.headers["cache-control"] == "no-store"
    pixels = np.asarray(Image.open(BytesIO(answer.content)))
    assert pixels.shape == (120, 240)
    assert (pixels > 200).sum() > 50, "the text is there"
    assert looks(web, case_id) == 1
    assert lead.post(address, json={"decision": "released", "why": "side mark"}).status_code == 204
    with web.database.read() as session:
        case, row = session.get_one(Case, case_id), session.get_one(HeldObject, held_id)
        assert (case.state, case.late_images) == ("MATCHED", True)
        assert (row.decision, row.decided_by, row.why) == ("released", "lead", "side mark")
    assert "released by lead" in lead.get(f"/cases/{case_id}").text


def test_a_decision_by_form_needs_token_and_reason(web: WebGateway, header: Dataset) -> None:
    """Without a reason 400, without the session's token 403; with both back to the section."""
    case_id = web.case()
    held_id = web.held(case_id, screen_capture(header))
    lead = web.client("lead")
    address = f"/cases/{case_id}/held/{held_id}"
    csrf = lead.headers["X-CSRF-Token"]
    assert lead.post(address, data={"decision": "left out", "why": " ", "csrf": csrf}).status_code == 400
    forged = {"X-CSRF-Token": "wrong"}
    assert (
        lead.post(address, data={"decision": "left out", "why": "not needed"}, headers=forged).status_code
        == 403
    )
    assert decision(web, held_id) == "waiting"
    answer = lead.post(address, data={"decision": "left out", "why": "not needed", "csrf": csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case_id}#stayed")
    assert decision(web, held_id) == "left out"


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "waiting", "why": "why not"},
        {"decision": "released"},
        {"decision": "released", "why": ""},
    ],
)
def test_a_decision_that_is_none_is_refused(web: WebGateway, header: Dataset, body: dict[str, str]) -> None:
    """Unknown decisions and missing reasons are answered 422."""
    case_id = web.case()
    held_id = web.held(case_id, screen_capture(header))
    assert web.client("admin").post(f"/api/cases/{case_id}/held/{held_id}", json=body).status_code == 422


def test_objects_of_other_cases_are_not_there(web: WebGateway, header: Dataset) -> None:
    """An object is reached only through its own case, and has only the frames it has."""
    one, other = web.case(), web.case()
    held_id = web.held(one, screen_capture(header))
    lead = web.client("lead")
    for path in (
        f"/cases/{other}/held/{held_id}.png",
        f"/cases/{one}/held/{held_id}.png?frame=1",
        f"/cases/{one}/held/{held_id}.png?window=none",
        f"/cases/{one}/held/99999.png",
    ):
        assert lead.get(path).status_code == 404
    assert looks(web, one) == looks(web, other) == 0


def test_a_picture_that_cannot_be_shown_is_no_look(web: WebGateway, header: Dataset) -> None:
    """Whoever saw nothing cannot vouch for it."""
    case_id = web.case()
    broken = screen_capture(header)
    broken.PixelData = b"\0\0"
    held_id = web.held(case_id, broken)
    answer = web.client("lead").get(f"/cases/{case_id}/held/{held_id}.png")
    assert answer.status_code == 400
    assert "cannot be released" in answer.text
    assert looks(web, case_id) == 0


def test_colour_is_shown_in_colour(web: WebGateway, header: Dataset) -> None:
    """A true colour capture keeps its colours."""
    case_id = web.case()
    capture = screen_capture(header)
    capture.SamplesPerPixel, capture.PhotometricInterpretation, capture.PlanarConfiguration = 3, "RGB", 0
    capture.PixelData = np.tile(np.array([200, 10, 30], dtype=np.uint8), (120, 240, 1)).tobytes()
    held_id = web.held(case_id, capture)
    image = Image.open(BytesIO(web.client("lead").get(f"/cases/{case_id}/held/{held_id}.png").content))
    assert image.getpixel((5, 5)) == (200, 10, 30)


def test_a_stopped_case_says_so_first(web: WebGateway, header: Dataset) -> None:
    """Where a decision is waited for, the section stands before the images."""
    case_id = web.case(state="MATCHED", problem="1 image of series 900 is held: text.", fix="Decide.")
    web.held(case_id, screen_capture(header), stops_case=True)
    page = web.client("lead").get(f"/cases/{case_id}").text
    assert page.index("the case waits for a decision") < page.index('class="viewer card"')


def test_the_manifest_is_downloaded_word_for_word(web: WebGateway) -> None:
    """Reader, lead and admin get the kept bytes, whose digest can be computed again; a coordinator does not."""
    case_id = web.case(manifest={"profile": "pml-read", "profile_version": "1", "prepared": 0, "held": 0})
    with web.database.write("test_manifest") as session:
        now = web.database.now(session)
        content = ManifestBuilder().build(
            case_id=case_id,
            generation=1,
            profile=load_profile(),
            key_id="k",
            faces={"mode": "keep"},
            values=(),
            stayed=(),
        )
        blob = f"manifests/{case_id}/x.json"
        web.context.blobs.put(blob, canonical(content))
        session.add(Manifest(case_id=case_id, generation=1, digest=content["sha256"], blob=blob, made_at=now))
    for login in ("reader", "lead", "admin"):
        [row] = web.client(login).get(f"/api/cases/{case_id}/manifests").json()["manifests"]
        answer = web.client(login).get(row["address"])
        assert answer.content == canonical(content)
        assert "attachment" in answer.headers["content-disposition"]
        assert verify(json.loads(answer.content))
        assert row["sha256"] == content["sha256"]
        assert row["address"] in web.client(login).get(f"/cases/{case_id}").text
    assert web.client("north").get(row["address"]).status_code == 403
    assert row["address"] not in web.client("north").get(f"/cases/{case_id}").text
    assert web.client("reader").get(f"/cases/{web.case()}/manifests/{row['id']}.json").status_code == 404


@pytest.mark.parametrize(
    ("faces", "says"),
    [
        ({"faces": "keep"}, "Faces stay in the pictures, because a reading for PML needs the whole cortex"),
        ({"faces": "deface"}, "Faces are taken out of the pictures, but for those that a person released"),
        ({}, None),
    ],
)
def test_the_page_says_what_became_of_faces(web: WebGateway, faces: dict[str, str], says: str | None) -> None:
    """As the manifest has it; nothing where it was made before faces were a question."""
    case_id = web.case(
        manifest={"profile": "pml-read", "profile_version": "1", "prepared": 3, "held": 0, **faces}
    )
    with web.database.write("test_manifest") as session:
        now = web.database.now(session)
        session.add(Manifest(case_id=case_id, generation=1, digest="d", blob="b", made_at=now))
    page = web.client("lead").get(f"/cases/{case_id}").text
    assert ("Faces" in page) is (says is not None)
    assert says is None or says in page


@pytest.mark.parametrize("why", ["   ", "\n\n\n", " x "])
def test_blanks_are_no_reason(web: WebGateway, header: Dataset, why: str) -> None:
    """Neither on the page nor for a program; nothing changes."""
    case_id = web.case()
    held_id = web.held(case_id, screen_capture(header))
    lead = web.client("lead")
    body = {"decision": "left out", "why": why}
    assert lead.post(f"/api/cases/{case_id}/held/{held_id}", json=body).status_code == 422
    assert lead.post(f"/cases/{case_id}/held/{held_id}", data=body).status_code == 400
    assert decision(web, held_id) == "waiting"


def row(number: int, **columns: Any) -> HeldRow:
    """An object that stayed."""
    values: dict[str, Any] = dict.fromkeys(HeldRow.__dataclass_fields__, "")
    values |= {
        "id": number,
        "instance_id": number,
        "series_number": 900,
        "decision": "waiting",
        "stops_case": False,
    }
    return HeldRow(**(values | columns))


def test_what_stayed_is_counted_by_series_and_reason() -> None:
    """What was released did not stay; what was left out did, and is a line of its own."""
    rows = [
        row(1, reason="sop-class"),
        row(2, reason="sop-class"),
        row(3, reason="sop-class", decision="left out"),
        row(4, reason="leak", series_number=None, stops_case=True),
        row(5, reason="sop-class", decision="released"),
    ]
    counted = [
        (one["series_number"], one["reason"], one["decision"], one["stops_case"], one["objects"])
        for one in held_counts(rows)
    ]
    assert counted == [
        (900, "sop-class", "waiting", False, 2),
        (900, "sop-class", "left out", False, 1),
        (None, "leak", "waiting", True, 1),
    ]
    assert not {"id", "instance_id", "why", "decided_by"} & set(held_counts(rows)[0])
