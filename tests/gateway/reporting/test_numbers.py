"""A comma and a point before decimals are one thing; what two people would read as two numbers is none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reporting.example import phantom_form
from gateway.reporting.form import FORM, InputKind
from gateway.reporting.numbers import with_point
from gateway.reporting.report import form_problems, report_from_form


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("4,5", "4.5"),
        ("4.5", "4.5"),
        (" 12,25 ", "12.25"),
        ("0,125", "0.125"),
        ("7", "7"),
        ("1234,5", "1234.5"),
    ],
)
def test_a_comma_is_a_point(typed: str, read: str) -> None:
    """Blanks around it do not count."""
    assert with_point(typed) == read


@pytest.mark.parametrize(
    "typed", ["1.234,5", "1,234.5", "1,234", "12,345", "1 234,5", "1'234.5", "1,2,3", ",5", "5,"]
)
def test_a_number_that_can_be_read_in_two_ways_is_refused_at_its_field(typed: str) -> None:
    """A lesion of 1,234 mm is 1.2 mm to one and 1.2 m to another."""
    (problem,) = form_problems({**phantom_form(), "lesions.0.long_axis_mm": typed})
    assert problem.field == "lesions.0.long_axis_mm"
    assert "one number" in problem.problem
    assert "1234,5" in problem.fix


@given(st.decimals(0, 200, places=2))
def test_both_ways_of_writing_give_one_report(value: Decimal) -> None:
    """Whatever the number."""
    typed = f"{value:f}"
    assert with_point(typed.replace(".", ",")) == with_point(typed) == typed


def test_every_number_of_the_form_takes_a_comma() -> None:
    """Of whatever kind it is: a number that must be whole says so, and not that it cannot be read."""
    for section in FORM:
        for item in section.items:
            if item.kind is InputKind.NUMBER and item.name != "number":
                field = section.field(item)
                form = {**phantom_form(), field: "1,5"}
                with_a_point = {**phantom_form(), field: "1.5"}
                assert [each.field for each in form_problems(form)] == [
                    each.field for each in form_problems(with_a_point)
                ]


def test_a_report_has_the_number_that_was_typed() -> None:
    """50,5 mm are 50.5 mm in what is signed."""
    report = report_from_form({**phantom_form(), "lesions.0.long_axis_mm": "50,5"})
    assert report.lesions[0].long_axis_mm == Decimal("50.5")
