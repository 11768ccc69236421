"""What a save is told: the proposed impression beside what is missing and what is asked."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.reporting.example import phantom_form
from gateway.reporting.proposals.impression import answered, proposed
from support.web_gateway import WebGateway


def test_a_save_and_a_look_propose_the_impression_of_the_answers(web: WebGateway) -> None:
    """In the report's language; a text of one's own is told apart from one that was only proposed."""
    case_id = web.case()
    client = web.client("reader")
    client.post(f"/api/cases/{case_id}/claim")
    address = f"/api/cases/{case_id}/report"
    assert client.get(address).json()["proposal"] == {
        "text": "",
        "language": "en",
        "untouched": True,
        "older": [],
    }
    form = phantom_form(prior_study_date=None, told_at=datetime.now(UTC)) | {"language": "de"}
    saved = client.put(address, json={"version": 0, "content": form}).json()
    text = proposed(answered(form))
    assert "Stufe 4 von 4" in text
    assert saved["proposal"] == {"text": text, "language": "de", "untouched": False, "older": []}
    again = client.put(
        address, json={"version": saved["version"], "content": form | {"narrative": text}}
    ).json()
    assert again["proposal"]["untouched"] is True
    assert again["problems"] == []
    changed = form | {"narrative": f"{text} Ergänzt.", "suspicion": "3"}
    later = client.put(address, json={"version": again["version"], "content": changed}).json()
    assert "text_of_other_answers" in [each["question"] for each in later["questions"]]
    assert [each for each in later["proposal"]["older"] if "Stufe 4 von 4" in each]
    assert "Stufe 3 von 4" in later["proposal"]["text"]


def test_several_texts_where_one_belongs_propose_and_break_nothing(web: WebGateway) -> None:
    """Whatever a program sends."""
    case_id = web.case()
    client = web.client("reader")
    client.post(f"/api/cases/{case_id}/claim")
    odd = {
        "narrative": ["one", "two"],
        "suspicion": ["0", "4"],
        "recommendations": "routine",
        "new_lesion": "absent",
    }
    answer = client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": odd})
    assert answer.status_code == 200
    assert answer.json()["proposal"] == {"text": "", "language": "en", "untouched": False, "older": []}
