"""C-FIND matching key by key (PS3.4 C.2.2.2), grouping into answers, and what a bad query is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from gateway.demo.file_store import StoredFile
from gateway.demo.queries import BadQuery, answers, level_of, select


def stored(number: int = 1, study: str = "2.25.1", series: str = "2.25.1.1", **values: Any) -> StoredFile:
    """A stored MR image with these values in its header; no file is behind it."""
    header = Dataset()
    given_values = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
        "SOPInstanceUID": f"{series}.{number}",
        "SeriesInstanceUID": series,
        "StudyInstanceUID": study,
        "Modality": "MR",
        "PatientID": "DEMO-1",
        "PatientName": "Muster^Eva",
        "StudyDate": "20260201",
        "StudyTime": "101112.5",
    }
    for keyword, value in (given_values | values).items():
        setattr(header, keyword, value)
    uids = header.SOPClassUID, header.SOPInstanceUID, series, study
    return StoredFile(Path("unused"), *uids, "1.2.840.10008.1.2.1", header)


def query(**keys: Any) -> Dataset:
    """An identifier with these keys."""
    identifier = Dataset()
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def matches(file: StoredFile, **keys: Any) -> bool:
    """True when the file is among those that match the keys."""
    return select([file], query(**keys)) == (file,)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"PatientID": "DEMO-1"}, True),
        ({"PatientID": "demo-1"}, False),
        ({"PatientID": "DEMO-?"}, True),
        ({"PatientID": "DEMO?"}, False),
        ({"PatientID": "DEMO.1"}, False),
        ({"PatientID": ""}, True),
        ({"PatientName": "muster*"}, True),
        ({"PatientName": "*Adam*"}, False),
        ({"AccessionNumber": "*"}, True),
        ({"AccessionNumber": "A?"}, False),
        ({"StudyDate": "20260201"}, True),
        ({"StudyDate": "20260131-20260201"}, True),
        ({"StudyDate": "20260202-"}, False),
        ({"StudyDate": "-20260131"}, False),
        ({"StudyDate": "-20260201"}, True),
        ({"StudyTime": "1000-1011"}, True),
        ({"StudyTime": "1012-1100"}, False),
        ({"StudyInstanceUID": ["2.25.9", "2.25.1"]}, True),
        ({"PatientID": "DEMO-1", "Modality": "SR"}, False),
    ],
)
def test_a_key_matches_as_the_standard_says(keys: dict[str, Any], expected: bool) -> None:
    """Single value, wildcard, range, list of UIDs and universal matching, all keys at once."""
    assert matches(stored(), **keys) is expected


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="*?\\"), min_size=1)
)
def test_nothing_but_the_wildcards_is_a_pattern(text: str) -> None:
    """A value matches itself whatever signs are in it, and not the same value with one more sign."""
    value = f"a{text}b"
    assert matches(stored(StudyDescription=value), StudyDescription=value)
    assert matches(stored(StudyDescription=value), StudyDescription="a*b")
    assert not matches(stored(StudyDescription=value), StudyDescription=f"?{value}")


@given(st.dates(), st.dates(), st.dates())
def test_a_range_of_dates_holds_what_lies_between_its_ends(day: Any, low: Any, high: Any) -> None:
    """Both ends of a range belong to it."""
    written = [f"{value.year:04}{value:%m%d}" for value in (day, low, high)]
    file = stored(StudyDate=written[0])
    assert matches(file, StudyDate=f"{written[1]}-{written[2]}") is (low <= day <= high)


def test_modalities_in_study_keep_the_whole_study() -> None:
    """A study with a report matches SR, and its images are among the files then."""
    both = [stored(1), stored(2, series="2.25.1.2", Modality="SR"), stored(3, study="2.25.2")]
    assert select(both, query(ModalitiesInStudy="SR")) == tuple(both[:2])


def test_an_answer_counts_the_study_and_returns_what_was_asked() -> None:
    """Counts cover the whole study even when only some of it matched; unknown attributes come back empty."""
    files = [stored(1), stored(2), stored(1, series="2.25.1.2", Modality="SR"), stored(1, study="2.25.2")]
    asked = query(
        QueryRetrieveLevel="STUDY",
        StudyInstanceUID="2.25.1",
        NumberOfStudyRelatedInstances="",
        NumberOfStudyRelatedSeries="",
        NumberOfPatientRelatedStudies="",
        ModalitiesInStudy="SR",
        AccessionNumber="",
    )
    (answer,) = answers(files, asked, "ARCHIVE")
    assert (answer.NumberOfStudyRelatedInstances, answer.NumberOfStudyRelatedSeries) == (3, 2)
    assert answer.NumberOfPatientRelatedStudies == 2
    assert list(answer.ModalitiesInStudy) == ["MR", "SR"]
    assert "AccessionNumber" in answer
    assert not answer.AccessionNumber
    assert (answer.RetrieveAETitle, answer.QueryRetrieveLevel) == ("ARCHIVE", "STUDY")
    assert "PatientName" not in answer


@pytest.mark.parametrize(("level", "count"), [("PATIENT", 1), ("STUDY", 2), ("SERIES", 3), ("IMAGE", 4)])
def test_each_level_answers_once_for_each_of_its_kind(level: str, count: int) -> None:
    """One answer a patient, study, series or instance, each with its unique key."""
    files = [
        stored(1),
        stored(2),
        stored(1, series="2.25.1.2"),
        stored(1, study="2.25.2", series="2.25.2.1"),
    ]
    found = answers(files, query(QueryRetrieveLevel=level), "ARCHIVE")
    key = {
        "PATIENT": "PatientID",
        "STUDY": "StudyInstanceUID",
        "SERIES": "SeriesInstanceUID",
        "IMAGE": "SOPInstanceUID",
    }[level]
    assert len(found) == count
    assert len({str(answer[key].value) for answer in found}) == count


@pytest.mark.parametrize("level", [None, "", "FRAME"])
def test_a_query_without_a_known_level_is_refused(level: str | None) -> None:
    """The levels that exist are named; padding does not matter."""
    with pytest.raises(BadQuery, match="PATIENT, STUDY, SERIES, IMAGE"):
        level_of(query() if level is None else query(QueryRetrieveLevel=level))
    assert level_of(query(QueryRetrieveLevel="STUDY ")) == "STUDY"
