"""Who signed: names as DICOM has them, and times that mean one instant."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.reporting.signer import Signature, Signer
from support.objects.reports import SIGNER


def test_a_time_of_signing_without_zone_is_refused() -> None:
    """A naive time would be read in whatever zone the reader of the report lives."""
    with pytest.raises(ValueError, match="no zone"):
        Signature(SIGNER, datetime(2026, 2, 3))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("name", "person_name"),
    [
        ("Dr. Anna Roth", "Roth^Anna^^Dr."),
        ("Prof. Dr. Anna Maria Roth", "Roth^Anna Maria^^Prof. Dr."),
        ("Roth", "Roth^"),
        ("Dr. Roth", "Roth^^^Dr."),
        ("Roth^Anna", "Roth^Anna"),
    ],
)
def test_plain_names_become_person_names(name: str, person_name: str) -> None:
    """An account's display name is put into the components of a PN."""
    assert Signer(name, "Site", "login").person_name == person_name


@pytest.mark.parametrize(
    ("name", "organization"), [("", "Site"), ("A\\B", "Site"), ("A", " "), ("A", "x" * 65)]
)
def test_a_signer_that_dicom_cannot_carry_is_refused(name: str, organization: str) -> None:
    """Empty names, backslashes and overlong organisations would break the document."""
    with pytest.raises(ValueError):
        Signer(name, organization, "login")
