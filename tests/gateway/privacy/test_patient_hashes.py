"""Keyed hashes of whom a study is about: equal where two studies say the same, empty where one says nothing."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from pydicom.dataset import Dataset

from gateway.identity.numbers import subject
from gateway.privacy.patient_hashes import PatientHashes, patient_hashes
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import LATEST


def hashes(name: str = "Probe^Petra", birth_date: str = "19710413", accession: str = "ACC1") -> PatientHashes:
    """Of a study that says this."""
    header = Dataset()
    header.PatientName, header.PatientBirthDate, header.AccessionNumber = name, birth_date, accession
    key = PseudonymKey(b"k" * 32, "key")
    alias = key.alias("north", subject("", "77123", "1.2.3"))
    return patient_hashes(key.of("north"), alias, alias.number_hash, True, header)


def test_the_same_words_make_the_same_hashes() -> None:
    """Blanks around a value are padding."""
    assert hashes() == hashes(name="Probe^Petra ", accession=" ACC1")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name_hash", {"name": "Probe^Paula"}),
        ("birth_hash", {"birth_date": "19710414"}),
        ("accession_hash", {"accession": "ACC2"}),
    ],
)
def test_another_value_changes_its_own_hash_alone(field: str, changed: dict[str, str]) -> None:
    """So a guard can say what differs."""
    one, other = hashes(), hashes(**changed)
    assert {name for name in PatientHashes.__annotations__ if getattr(one, name) != getattr(other, name)} == {
        field
    }


def test_what_is_not_said_has_no_hash() -> None:
    """An empty value agrees with nothing and differs from nothing."""
    nothing = hashes(name="", birth_date="", accession=" ")
    assert (nothing.name_hash, nothing.birth_hash, nothing.accession_hash) == ("", "", "")


def test_nothing_in_them_can_be_read() -> None:
    """They stand in the records, which hold no identity."""
    said = " ".join(map(str, astuple(hashes())))
    assert not any(word in said for word in ("Probe", "Petra", "19710413", "ACC1"))
    assert hashes().scheme == int(LATEST)
