"""The first scheme stays bit for bit as it was: what was made with it must be found again."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_nodes.encoding.uids import is_uid
from gateway.identity.numbers import Subject
from gateway.privacy.first_scheme import FirstScheme
from gateway.privacy.schemes import LONGEST_SHIFT_DAYS, SHORTEST_SHIFT_DAYS

KEY = b"k" * 32
NORTH = FirstScheme(KEY, "one", "north")
words = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=12)


def patient(issuer: str, number: str) -> Subject:
    """A patient with a number."""
    return Subject(issuer, number, "2.25.1", True)


@given(words)
@settings(derandomize=True)
def test_a_uid_is_the_mac_of_its_length_prefixed_text(original: str) -> None:
    """HMAC-SHA256 over "uid" and the UID, each behind its length in four bytes; 16 bytes of it as a UUID."""
    text = b"".join(len(part).to_bytes(4, "big") + part for part in (b"uid", original.encode()))
    mac = bytearray(hmac.digest(KEY, text, "sha256")[:16])
    mac[6], mac[8] = mac[6] & 0x0F | 0x80, mac[8] & 0x3F | 0x80
    assert NORTH.uid(original) == f"2.25.{int.from_bytes(mac, 'big')}"


@given(words, words)
@settings(derandomize=True)
def test_a_patient_is_the_same_with_padding(issuer: str, number: str) -> None:
    """Pseudonym, hash and shift do not hang on the spaces around number and issuer; the shift is in its range."""
    plain, padded = patient(issuer, number), patient(f" {issuer} ", f"{number} ")
    assert NORTH.alias(plain) == NORTH.alias(padded)
    assert SHORTEST_SHIFT_DAYS <= -NORTH.date_shift_days(plain) <= LONGEST_SHIFT_DAYS
    assert is_uid(NORTH.patient_hash(plain))


@pytest.mark.parametrize(
    ("one", "other"), [(("a:b", "c"), ("a", "b:c")), (("a%3Ab", "c"), ("a:b", "c")), (("", "ab"), ("a", "b"))]
)
def test_a_delimiter_in_a_number_does_not_move_it_into_the_issuer(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    """Different pairs of issuer and number are different patients, whatever characters they hold."""
    assert NORTH.patient_hash(patient(*one)) != NORTH.patient_hash(patient(*other))
    assert NORTH.pseudonym(patient(*one)) != NORTH.pseudonym(patient(*other))


def test_a_site_has_its_own_patients_but_shares_uids() -> None:
    """UIDs and accession numbers are in one space for all sites, as they were; patients are not."""
    south, petra = FirstScheme(KEY, "one", "south"), patient("", "4711")
    assert south.uid("1.3.1") == NORTH.uid("1.3.1")
    assert south.accession("PML-A", "17") == NORTH.accession("PML-A", "17")
    assert south.patient_hash(petra) != NORTH.patient_hash(petra)
    assert south.pseudonym(petra) != NORTH.pseudonym(petra)


@pytest.mark.parametrize("name", ["Probe^Petra", " PROBE^petra^^", "probe petra", "Probe^Petra=試^験"])
def test_a_name_hash_is_of_the_words_of_the_first_group(name: str) -> None:
    """Case, spacing, empty components and further groups do not change it."""
    assert NORTH.name_hash(name) == NORTH.name_hash("Probe^Petra")


def test_nothing_has_no_hash() -> None:
    """An empty name, birth date or accession number meets no other empty one; numbers had no hash at all."""
    assert (NORTH.name_hash("^^"), NORTH.birth_date_hash(" "), NORTH.accession_hash("")) == ("", "", "")
    assert NORTH.number_hash(patient("", "4711")) == ""


def test_a_report_has_a_uid_of_its_own_for_case_content_and_form() -> None:
    """Another case, digest or form is another report; report, series and device never share a UID."""
    reports = {
        NORTH.report_uid(case, digest, form) for case in (1, 2) for digest in "ab" for form in ("sr", "pdf")
    }
    others = {NORTH.report_series_uid(1, "sr"), NORTH.report_series_uid(1, "pdf"), NORTH.device_uid()}
    assert len(reports | others) == 11
