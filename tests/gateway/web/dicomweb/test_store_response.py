"""The answer to a STOW-RS request says what became of each part, in the form that was asked for."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from gateway.intake import OUT_OF_RESOURCES, SUCCESS
from gateway.web.dicomweb.store_request import CANNOT_UNDERSTAND, PROCESSING_FAILURE
from gateway.web.dicomweb.store_response import StoreResponse, media_type_for


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([SUCCESS, SUCCESS], 200),
        ([SUCCESS, CANNOT_UNDERSTAND], 202),
        ([SUCCESS, OUT_OF_RESOURCES], 202),
        ([CANNOT_UNDERSTAND, PROCESSING_FAILURE], 409),
        ([OUT_OF_RESOURCES, CANNOT_UNDERSTAND], 409),
        ([OUT_OF_RESOURCES, OUT_OF_RESOURCES], 503),
    ],
)
def test_the_status_says_what_became_of_all_parts(statuses: list[int], status: int) -> None:
    """PS3.18 Table 10.5.3-1; only where there was no room at all is the sender asked to come again."""
    answers = StoreResponse()
    for number, each in enumerate(statuses):
        answers.add("1.2.840.10008.5.1.4.1.1.4", f"2.25.{number}", each)
    told = answers.response()
    assert (told.status_code, told.headers.get("retry-after")) == (status, "60" if status == 503 else None)
    body = Dataset.from_json(bytes(told.body).decode())
    assert len(body.get("ReferencedSOPSequence", [])) == statuses.count(SUCCESS)
    reasons = [item.FailureReason for item in body.get("FailedSOPSequence", [])]
    assert reasons == [each for each in statuses if each != SUCCESS]


def test_a_part_that_names_no_instance_is_answered_without_one() -> None:
    """An empty UID would be a wrong one."""
    answers = StoreResponse()
    answers.add("", "", CANNOT_UNDERSTAND)
    [item] = Dataset.from_json(bytes(answers.response().body).decode()).FailedSOPSequence
    assert [element.keyword for element in item] == ["FailureReason"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("text/html, image/gif, *; q=.2, */*; q=.2", "application/dicom+json"),
        ("application/json", "application/dicom+json"),
        ("application/dicom+json;q=0.1, application/dicom+xml", "application/dicom+xml"),
        ("application/dicom+xml;q=0, application/dicom+json", "application/dicom+json"),
        ("image/png", None),
    ],
)
def test_the_media_type_follows_accept(accept: str, media_type: str | None) -> None:
    """RFC 9110 12.5.1."""
    assert media_type_for(accept) == media_type
