"""Letters to the worker: what a role without keys writes, it cannot read; what was changed is not believed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import GatewayError, KeyMissing
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities import sealed_letters

KEY = PseudonymKey(b"a" * 32, "a")
OTHER = PseudonymKey(b"b" * 32, "b")
PUBLIC = sealed_letters.public_of(KEY)


@given(site=st.text(max_size=20), patient_id=st.text(max_size=64), issuer=st.text(max_size=64))
def test_the_worker_reads_what_was_entered(site: str, patient_id: str, issuer: str) -> None:
    """Any text, and two letters of the same text have nothing in common."""
    one, two = (sealed_letters.seal(PUBLIC, site, patient_id, issuer) for _ in range(2))
    assert sealed_letters.open_letter(KEY, site, one) == (patient_id, issuer)
    assert one[:44] != two[:44]
    assert one[44:] != two[44:]


@pytest.mark.parametrize("patient_id", ["1", "QX-777-31", "9" * 60])
def test_a_letter_tells_nothing_about_the_identifier(patient_id: str) -> None:
    """Neither its bytes nor its length."""
    letter = sealed_letters.seal(PUBLIC, "north", patient_id, "")
    assert patient_id == "1" or patient_id.encode() not in letter
    assert len(letter) == len(sealed_letters.seal(PUBLIC, "north", "", ""))


@given(place=st.integers(0, 315), bit=st.integers(0, 7))
# X25519 ignores this bit of a public key (RFC 7748, 5); the key derivation does not.
@example(place=31, bit=7)
def test_a_changed_letter_is_refused(place: int, bit: int) -> None:
    """Whichever bit of it was changed; the error has a fix and quotes nothing."""
    letter = bytearray(sealed_letters.seal(PUBLIC, "north", "QX-777-31", "QISS"))
    assert len(letter) == 316
    letter[place] ^= 1 << bit
    with pytest.raises(GatewayError) as refused:
        sealed_letters.open_letter(KEY, "north", bytes(letter))
    assert "enrol the patient again" in refused.value.fix
    assert "QX-777" not in str(refused.value)


@pytest.mark.parametrize("letter", [b"", b"x" * 31, b"\0" * 32, b"\0" * 400])
def test_what_is_no_letter_is_refused(letter: bytes) -> None:
    """Too short, and a public key that gives no secret."""
    with pytest.raises(GatewayError):
        sealed_letters.open_letter(KEY, "north", letter)


def test_only_this_key_and_this_site_open_it() -> None:
    """Another gateway's key does not; a letter that was moved to another site's entry is not believed."""
    letter = sealed_letters.seal(PUBLIC, "north", "P1", "")
    for key, site in ((OTHER, "north"), (KEY, "south")):
        with pytest.raises(GatewayError):
            sealed_letters.open_letter(key, site, letter)


def test_the_key_is_published_once_and_follows_the_pseudonym_key(database: Database) -> None:
    """Before a worker started there is none, and the error says what to do."""
    with database.read() as session, pytest.raises(KeyMissing):
        sealed_letters.public_key(session)
    for key in (KEY, KEY, OTHER):
        ledger.publish_letterbox(database, key)
    with database.read() as session:
        letter = sealed_letters.seal(sealed_letters.public_key(session), "north", "P1", "I")
    assert sealed_letters.open_letter(OTHER, "north", letter) == ("P1", "I")
