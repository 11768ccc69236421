"""Pseudonyms are stable, injective, keyed, and leave the Standard's own UIDs alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from gateway.privacy.errors import PseudonymKeyError
from gateway.privacy.pseudonyms import PseudonymKey

KEY = PseudonymKey(b"k" * 32, "one")
OTHER = PseudonymKey(b"l" * 32, "two")
uids = st.lists(st.integers(0, 10**12), min_size=2, max_size=6).map(lambda n: "1.3." + ".".join(map(str, n)))
words = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=12)


@given(st.lists(uids, unique=True, min_size=2, max_size=20))
@settings(derandomize=True, max_examples=50)
def test_uids_map_one_to_one_and_always_the_same_way(originals: list[str]) -> None:
    """Different UIDs get different replacements, equal ones the same, all of them valid UIDs under 2.25."""
    new = [KEY.uid(original) for original in originals]
    assert len(set(new)) == len(originals)
    assert new == [PseudonymKey(b"k" * 32, "again").uid(original) for original in originals]
    assert all(UID(uid).is_valid and uid.startswith("2.25.") for uid in new)
    assert not {OTHER.uid(original) for original in originals} & set(new)


@pytest.mark.parametrize(
    "uid", [MRImageStorage, ExplicitVRLittleEndian, "1.2.840.10008.1.4.1.1", "2.16.840.1.113883.6.96", ""]
)
def test_standard_uids_stay(uid: str) -> None:
    """What the Standard defines is never replaced."""
    assert KEY.uid(uid) == uid


def test_a_number_under_the_root_of_the_standard_is_not_standard() -> None:
    """A patient number hung under a standard UID is replaced like any other."""
    assert KEY.uid(f"{MRImageStorage}.4711").startswith("2.25.")


@given(words, words, words)
@settings(derandomize=True)
def test_one_patient_has_one_pseudonym_and_one_shift_in_range(site: str, issuer: str, number: str) -> None:
    """Pseudonym and shift depend on site, issuer and number only, and the shift stays within its limits."""
    assert KEY.pseudonym(site, issuer, number) == KEY.pseudonym(site, issuer, f" {number} ")
    assert -3650 <= KEY.date_shift_days(site, issuer, number) <= -30
    assert KEY.pseudonym(site, issuer, number).removeprefix("PML-").isalnum()
    assert len(KEY.accession(site, number)) <= 16


def test_fields_do_not_run_into_each_other() -> None:
    """("ab", "c") and ("a", "bc") are different patients."""
    assert KEY.pseudonym("s", "ab", "c") != KEY.pseudonym("s", "a", "bc")


def test_a_weak_or_unnamed_key_is_refused_and_no_key_is_ever_printed() -> None:
    """Short keys are errors with a fix; the key does not appear in a repr."""
    with pytest.raises(PseudonymKeyError) as caught:
        PseudonymKey(b"short", "x")
    assert "32" in caught.value.fix
    with pytest.raises(PseudonymKeyError):
        PseudonymKey(b"k" * 32, "")
    assert "kkk" not in repr(KEY)
