"""Each cell of an enrolment is read by its own function, or said what is wrong with it and what to write."""

from __future__ import annotations

from datetime import date

import pytest

from routing_rules.surveillance.enrolment_cells import cell_values
from routing_rules.surveillance.treatments import Drug

TODAY = date(2026, 6, 1)


def test_the_test_day_the_treatments_and_the_last_full_mri_are_read() -> None:
    """An empty cell or `unknown` stays away: not known."""
    values, problems = cell_values(
        1,
        {
            "tested_on": "4.3.2026",
            "treatments": "natalizumab 2022-01-01/2026-12-01, ocrelizumab 2027-01-01/..",
            "last_full_mri_on": "2026-05-01",
            "jcv_index": "unknown",
        },
        TODAY,
    )
    assert problems == []
    assert [each.drug for each in values.pop("treatments")] == [Drug.NATALIZUMAB, Drug.OCRELIZUMAB]
    assert values == {"tested_on": date(2026, 3, 4), "last_full_mri_on": date(2026, 5, 1)}


@pytest.mark.parametrize(
    ("cells", "column", "problem"),
    [
        ({"tested_on": "2026-06-02"}, "tested_on", "lies in the future"),
        ({"last_full_mri_on": "2026-06-02"}, "last_full_mri_on", "lies in the future"),
        ({"tested_on": "2026112"}, "tested_on", "is no date"),
        ({"tested_on": "2025-1112"}, "tested_on", "is no date"),
        ({"tested_on": "2026-03-04 not sure"}, "tested_on", "is no date"),
        ({"treatments": "natalizumab since 2019"}, "treatments", "is no list of treatments"),
        (
            {"treatments": "natalizumab 2022-01-01/..", "months_on_natalizumab": "30"},
            "months_on_natalizumab",
            "stands beside periods of natalizumab",
        ),
    ],
)
def test_what_cannot_be_used_has_its_fix(cells: dict[str, str], column: str, problem: str) -> None:
    """A second number of months would be ignored, or contradict the periods."""
    _, [told] = cell_values(7, cells, TODAY)
    assert (told.line, told.column, told.problem) == (7, column, problem)
    assert told.fix


def test_months_stand_beside_periods_whose_start_is_not_known() -> None:
    """There they say what the periods cannot."""
    cells = {"treatments": "natalizumab ../2026-01-01", "months_on_natalizumab": "30"}
    values, problems = cell_values(1, cells, TODAY)
    assert problems == []
    assert (values["months_on_natalizumab"], values["recorded_on"]) == (30.0, TODAY)


@pytest.mark.parametrize(
    "said",
    [
        "2026-3-4",
        "20260304",
        "2026-03-04T00:00:00",
        "2026-03-04 00:00:00.000",
        "2026-03-04T23:59Z",
        "4.3.2026",
    ],
)
def test_a_day_is_read_as_spreadsheets_and_programs_write_it(said: str) -> None:
    """With a time of day or without; anything else behind it is no date."""
    assert cell_values(1, {"tested_on": said}, TODAY) == ({"tested_on": date(2026, 3, 4)}, [])
