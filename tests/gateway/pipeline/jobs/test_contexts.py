"""Told texts are compared with the originals, texts of the order shown whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence

from gateway.pipeline.jobs.contexts import Found, judge


def header(**attributes: Any) -> Dataset:
    """A header of a patient with a rare name."""
    made = Dataset()
    made.PatientName, made.PatientID, made.PatientBirthDate = "Wagenknecht^Ottilie", "QX-4711923", "19710413"
    made.ReferringPhysicianName, made.InstitutionName = "Ziegenhals^Kuno", "Klinikum Nordheide"
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize(
    ("field", "text", "withheld"),
    [
        ("question", "New lesion?", False),
        ("question", "Is Ottilie worse?", True),
        ("symptoms", "wagenknecht has a hemiparesis", True),
        ("symptoms", "sent by Ziegenhals", True),
        ("symptoms", "number 4711923", True),
        ("symptoms", "13.04.1971", True),
        ("contacts", "Dr Ziegenhals, 0123 456", False),
        ("contacts", "Ottilie's husband", True),
        ("contacts", "call about QX-4711923", True),
    ],
)
def test_a_told_text_that_says_who_it_is_about_is_withheld(field: str, text: str, withheld: bool) -> None:
    """Doctors may be called by their names, the patient never."""
    assert judge([header()], {field: text}).withheld == ((field,) if withheld else ())


def test_a_text_of_the_order_is_shown_whole_or_not_at_all() -> None:
    """A word that nobody knows hides the sentence: without it, it could say the opposite."""
    found = judge(
        [
            header(
                RequestedProcedureDescription="MRI brain",
                ReasonForStudy="MS, natalizumab, no PML",
                ReasonForTheRequestedProcedure="Wagenknecht MS",
                AdmittingDiagnosesDescription=["MS", "Lues von Frau W."],
            )
        ],
        {},
    )
    assert found == Found(
        (),
        (
            ("RequestedProcedureDescription", "MRI brain"),
            ("ReasonForStudy", "MS, natalizumab, no PML"),
            ("AdmittingDiagnosesDescription", "MS"),
        ),
        2,
    )


def test_what_the_request_inside_says_counts_and_twice_is_once() -> None:
    """Request Attributes Sequence (PS3.3 C.7.3.1); each series repeats it."""
    item = Dataset()
    item.ReasonForTheRequestedProcedure = "control MS"
    one = header(RequestAttributesSequence=Sequence([item]))
    assert judge([one, one], {}).order == (("ReasonForTheRequestedProcedure", "control MS"),)


@pytest.mark.parametrize("headers", [[], [header(PatientID="MS")]])
def test_in_doubt_nothing_is_shown(headers: list[Dataset]) -> None:
    """Where nothing can be read, and where a short number of the patient would be found in any words."""
    for one in headers:
        one.ReasonForStudy = "control"
    found = judge(headers, {"question": "New lesion?"})
    assert (found.withheld, found.order) == (("question",), ())
