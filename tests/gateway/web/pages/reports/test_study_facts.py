"""What the records know of a study reaches the checks of its report, and the form shows each with its source."""

from __future__ import annotations

import html
from datetime import UTC, date, datetime

from gateway.reporting.checks.table import source_of
from gateway.reporting.example import phantom_form
from gateway.web.pages.reports.study_facts import shown_day
from support.web_gateway import PASSWORD, WebGateway


def claimed(web: WebGateway, **columns: object) -> int:
    """A case that the reader holds."""
    case_id = web.case(**columns)  # type: ignore[arg-type]
    assert web.client("reader").post(f"/api/cases/{case_id}/claim").status_code == 200
    return case_id


def asked(web: WebGateway, case_id: int, **changes: object) -> dict[str, dict[str, str]]:
    """What is asked of the phantom's report about this case, by question."""
    form = {**phantom_form(prior_study_date=None, told_at=datetime.now(UTC)), **changes}
    client = web.client("reader")
    version = client.get(f"/api/cases/{case_id}/report").json()["version"]
    told = client.put(f"/api/cases/{case_id}/report", json={"version": version, "content": form}).json()
    return {each["question"]: each for each in told["questions"]}


def test_a_day_is_eight_digits_or_none() -> None:
    """As the records keep it."""
    assert shown_day("20260201") == date(2026, 2, 1)
    assert shown_day("none") is None
    assert shown_day("") is None


def test_b_values_and_the_verdict_are_those_of_the_case(web: WebGateway) -> None:
    """A study of b = 2500 with limits: both are asked about, with their source, and DWI is not filled in."""
    series = [{"kind": kind, "b_values": []} for kind in ("flair", "t2", "t1", "t1_contrast", "swi")]
    case_id = claimed(
        web, series=[*series, {"kind": "trace", "b_values": [0, 2500]}], readability="readable_with_limits"
    )
    filled = web.client("reader").get(f"/api/cases/{case_id}/report").json()["content"]
    assert filled["protocol.sequences.flair.acquired"] == "present"
    assert "protocol.sequences.dwi.acquired" not in filled
    questions = asked(web, case_id)
    assert set(questions) == {"b_value_not_measured", "complete_against_verdict"}
    assert "b = 0, 2500 s/mm²" in questions["b_value_not_measured"]["problem"]
    assert questions["b_value_not_measured"]["source"] == source_of("b_value_not_measured")
    page = html.unescape(web.client("reader").get(f"/cases/{case_id}/report").text)
    assert f"<cite>{source_of('b_value_not_measured')}</cite>" in page


def test_the_form_offers_the_days_of_the_patients_earlier_studies(web: WebGateway) -> None:
    """Of this patient alone; a study of another day is asked about, and signed with the reason."""
    old, new, other = claimed(web, shifted_study_date="20251103"), claimed(web), claimed(web)
    patient = web.patient()
    web.belongs(old, patient, "20251110")
    web.belongs(new, patient, "20260208")
    web.belongs(other, web.patient(), "20251215")
    client = web.client("reader")
    page = client.get(f"/cases/{new}/report").text
    assert '<option value="2025-11-03">' in page
    assert page.count('<option value="20') == 1
    compared = phantom_form(told_at=datetime.now(UTC))
    assert not asked(web, new, **compared)
    elsewhere = compared | {"comparison.prior_study_date": "2025-10-01"}
    assert set(asked(web, new, **elsewhere)) == {"prior_not_here"}
    sign = {"password": PASSWORD, "form": elsewhere}
    refused = client.post(f"/api/cases/{new}/sign", json=sign)
    assert (refused.status_code, "2025-11-03" in refused.text) == (422, True)
    sign["form"] = elsewhere | {"reasons.prior_not_here": "Films that the hospital sent by mail."}
    assert client.post(f"/api/cases/{new}/sign", json=sign).status_code == 201
    assert "Compared with a study that was not sent here" in client.get(f"/cases/{new}/report").text


def test_text_is_written_in_the_reports_language(web: WebGateway) -> None:
    """Spelling is checked, and dictation listens, in the language that was chosen."""
    case_id = claimed(web)
    asked(web, case_id, language="de")
    page = web.client("reader").get(f"/cases/{case_id}/report").text
    assert 'name="narrative" rows="5" lang="de" spellcheck="true"' in page
