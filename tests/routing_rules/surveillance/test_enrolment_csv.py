"""A site's list is read as its spreadsheet wrote it, or each wrong line is named with its fix and without identity."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.surveillance.enrolment_csv import (
    COLUMNS,
    EnrolmentImport,
    EnrolmentRow,
    read_enrolment,
    read_enrolments,
    read_risk,
    text_of,
)
from routing_rules.surveillance.risk import JcvStatus, PatientRisk

TODAY = date(2026, 6, 1)


def read(text: str) -> EnrolmentImport:
    """The list as read today."""
    return read_enrolments(text, TODAY, "north")


def row(columns: str, cells: str) -> EnrolmentRow:
    """The one row of a list without problems."""
    found = read(f"patient_id,{columns}\nP1,{cells}\n")
    assert found.problems == ()
    (only,) = found.rows
    return only


def test_a_full_list() -> None:
    """Every column is read; months belong to the day of the list unless it says otherwise."""
    found = row(
        "issuer,site,enrolled_on,jcv_status,jcv_index,months_on_natalizumab,prior_immunosuppression,dosing_interval_weeks,stopped_on,last_mri_on",
        "HOSP,south,2025-01-02,positive,1.4,20,no,6,2026-12-01,2026-02-03",
    )
    assert found == EnrolmentRow(
        2,
        "P1",
        "HOSP",
        "south",
        PatientRisk(date(2025, 1, 2), JcvStatus.POSITIVE, 1.4, 20.0, TODAY, False, 6.0, date(2026, 12, 1)),
        date(2026, 2, 3),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_and_what_spreadsheets_add(separator: str) -> None:
    """Each separator, a byte order mark, Windows line ends, quotes, blank lines and a decimal comma."""
    lines = [
        ["\ufeffPatient ID", "JCV-Index", "Standort"],
        ['"P 1"', '"0,9"', '"a; b, c"'],
        ["", "", ""],
        ["P2", "?", ""],
    ]
    found = read("\r\n".join(separator.join(line) for line in lines))
    assert found.problems == ()
    assert [(one.patient_id, one.risk.jcv_index, one.site) for one in found.rows] == [
        ("P 1", 0.9, "a; b, c"),
        ("P2", None, "north"),
    ]
    assert [one.line for one in found.rows] == [2, 4]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-03-04", date(2026, 3, 4)),
        ("20260304", date(2026, 3, 4)),
        ("4.3.2026", date(2026, 3, 4)),
        ("13/3/2026", date(2026, 3, 13)),
        ("3/13/2026", date(2026, 3, 13)),
        ("3/3/2026", date(2026, 3, 3)),
        ("2026-03-04 00:00:00", date(2026, 3, 4)),
        ("unknown", None),
    ],
)
def test_dates(said: str, day: date | None) -> None:
    """Dates of several countries, as long as they can mean one day only."""
    assert row("enrolled_on", said).risk.enrolled_on == day


@pytest.mark.parametrize(
    ("column", "said", "words"),
    [
        ("enrolled_on", "3/4/2026", ["two different days", "2026-03-04"]),
        ("enrolled_on", "31.2.2026", ["is no date"]),
        ("enrolled_on", "2027-01-01", ["in the future"]),
        ("stopped_on", "1066-10-14", ["Correct the year"]),
        ("jcv_status", "positve", ["Did you mean positive?", "positve"]),
        ("jcv_index", "high", ["is no number"]),
        ("jcv_index", "-1", ["not from 0 to 20"]),
        ("prior_immunosuppression", "perhaps", ["yes, no or unknown"]),
        ("dosing_interval_weeks", "0", ["not from 1 to 52"]),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(column: str, said: str, words: list[str]) -> None:
    """Line, column, value and fix; the line gives no row, and no identifier is quoted."""
    found = read(f"patient_id,{column}\nSECRET-1,{said}\n")
    (problem,) = found.problems
    assert (problem.line, problem.column, found.rows) == (2, column, ())
    assert all(word in str(problem) for word in words), str(problem)
    assert "SECRET" not in str(problem)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column patient_id"),
        ("name,index\nx,1\n", "no column patient_id"),
        ("id,patient_id\na,b\n", "two columns mean the same"),
        ("patient_id,site\n,x\n", "is empty"),
        ("patient_id,site\nSECRET,a,b\n", "more cells than the header"),
        ("patient_id,jcv\nSECRET,pos\nSECRET,neg\n", "patient of line 2 stands here with other data"),
    ],
)
def test_a_list_that_cannot_be_read_is_named(text: str, words: str) -> None:
    """Missing and doubled columns, missing identifiers, and one patient twice with different data."""
    (problem,) = read(text).problems
    assert words in str(problem)
    assert problem.fix
    assert "SECRET" not in str(problem)


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        ("register 12", ""),
        ("-", ""),
        ("2024-017", ""),
        ("x SECRET-1", "contains the PatientID"),
        ("secret-1", "contains the PatientID"),
        ("Doe^Jane", "a name or a birth date"),
        ("*7.4.1961", "a name or a birth date"),
        ("1961-04-07", "a name or a birth date"),
        ("x" * 41, "longer than 40"),
    ],
)
def test_a_label_must_not_say_who_it_is(label: str, wrong: str) -> None:
    """It is kept in plain; the problem does not repeat it."""
    found = read(f"patient_id,label\nSECRET-1,{label}\n")
    assert [wrong in str(one) for one in found.problems] == ([True] if wrong else [])
    assert [one.label for one in found.rows] == ([] if wrong else ["" if label == "-" else label])
    assert not [one for one in found.problems if label in str(one)]


def test_a_form_is_read_as_a_line_is() -> None:
    """The same columns and checks, without a line; an edit needs no identifier."""
    cells = {"patient_id": "P1", "jcv_index": "0,9", "months_on_natalizumab": "20", "label": "r1"}
    row, problems = read_enrolment(cells, TODAY, "north")
    assert row is not None
    assert (row.site, row.risk.jcv_index, row.risk.recorded_on, problems) == (
        "north",
        0.9,
        TODAY,
        (),
    )
    assert read_enrolment({**cells, "patient_id": " "}, TODAY)[0] is None
    del cells["patient_id"]
    assert read_risk(cells, TODAY) == (row.risk, None, "r1", ())
    assert read_risk({"jcv_status": "x"}, TODAY)[3][0].column == "jcv_status"


def test_the_same_line_twice_is_one_patient() -> None:
    """Equal lines are one row; the same identifier of another issuer is another patient; other columns are named."""
    found = read("patient_id,issuer,jcv,phone\nP1,A,pos,1\nP1,A,pos,1\nP1,B,neg,2\n")
    assert [(one.issuer, one.line) for one in found.rows] == [("A", 2), ("B", 4)]
    assert (found.problems, found.ignored_columns) == ((), ("phone",))


def test_good_lines_are_kept_beside_bad_ones() -> None:
    """One wrong line does not cost the others."""
    found = read("patient_id,jcv_index\nP1,x\nP2,0.4\nP3,y\n")
    assert [one.patient_id for one in found.rows] == ["P2"]
    assert [one.line for one in found.problems] == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_of_spreadsheets_are_decoded(encoding: str) -> None:
    """UTF-8 with and without mark, UTF-16 and Windows-1252."""
    assert text_of("patient_id;site\nP1;Köln\n".encode(encoding)) == "patient_id;site\nP1;Köln\n"


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=60) | st.text(alphabet='patient_id,;"\n\r01.-\t|', max_size=80),
    header=st.sampled_from(["", "patient_id,jcv_index,enrolled_on\n"]),
)
def test_any_text_is_read_or_refused(text: str, header: str) -> None:
    """No text makes the reader fail; every row has an identifier, every problem a fix."""
    found = read(header + text)
    assert all(one.patient_id for one in found.rows)
    assert all(one.fix and one.line >= 1 for one in found.problems)
    assert read(f"\ufeff{header}{text}") == found or text.startswith("\ufeff")


def test_every_column_means_one_thing() -> None:
    """No name stands for two columns."""
    names = [name for several in COLUMNS.values() for name in several]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "said", ["natalizumab 2062-01-01/..", "natalizumab 2019-03-01/2023-05-01, natalizumab 2062-02-01/.."]
)
def test_natalizumab_does_not_begin_in_the_future(said: str) -> None:
    """A mistyped year would put off every MRI; the next therapy may be planned."""
    assert [each.column for each in read(f"patient_id;treatments\nA;{said}\n").problems] == ["treatments"]
    planned = "natalizumab 2022-01-01/2026-12-01, ocrelizumab 2027-01-01/.."
    assert read(f"patient_id;treatments\nA;{planned}\n").problems == ()


def test_a_quote_that_nobody_closed_is_told() -> None:
    """The lines after it would otherwise be one cell, and their patients lost without a word."""
    lost = read('patient_id;comment\nA;"see letter\nB;\nC;\n')
    assert [(each.column, bool(each.fix)) for each in lost.problems] != []
    assert read('patient_id;comment\nA;"see ""letter"""\nB;\n').problems == ()
