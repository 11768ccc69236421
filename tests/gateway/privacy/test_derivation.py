"""Nothing that is derived for one purpose can be had through another, whatever a sender writes into an object."""

from __future__ import annotations

from itertools import combinations

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.identity.numbers import subject
from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.derivation import Purpose, derived, info, key_of, message
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import Pseudonyms, Scheme
from support.objects.hostile_mr import KEY, context, hostile_mr, reread
from support.objects.quiet_pydicom import pydicom_is_quiet

__all__ = ["pydicom_is_quiet"]

fields = st.lists(st.text(max_size=6), max_size=4).map(tuple)
PROFILE = load_profile()


@given(fields, fields)
@settings(derandomize=True, max_examples=500)
def test_no_fields_of_two_purposes_are_one_derivation(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """For every pair of purposes the inputs differ, whatever the fields; for one purpose, unless the fields agree."""
    for a, b in combinations(Purpose, 2):
        assert (info(a), message(*one)) != (info(b), message(*other))
    assert (message(*one) == message(*other)) is (one == other)


@pytest.mark.parametrize("purpose", Purpose)
def test_the_key_of_a_purpose_is_the_hkdf_of_the_pseudonym_key(purpose: Purpose) -> None:
    """RFC 5869 with SHA-256, no salt and the purpose in `info`; and no other part of the gateway has such an `info`."""
    key = bytes(range(32))
    label = f"pml-gateway pseudonyms, scheme 2: {purpose}".encode()
    assert key_of(key, purpose) == HKDF(SHA256(), 32, None, label).derive(key)
    assert not info(purpose).startswith(b"pml-gateway letterbox")  # records.identities.sealed_letters
    assert derived(key, purpose) != derived(bytes(32), purpose)


def every_value(key: Pseudonyms) -> set[str]:
    """All that is derived for the patient and the case that a sender would like to know about."""
    who = subject("NORTH", "4711", "2.25.1")
    alias = key.alias(who)
    return {
        alias.pseudonym,
        alias.patient_hash,
        alias.number_hash,
        key.name_hash("Probe^Petra"),
        key.birth_date_hash("19700101"),
        key.accession_hash("ACC-1"),
        key.accession(alias.pseudonym, "ACC-1"),
        key.report_uid(7, "abcd", "enhanced"),
        key.report_series_uid(7, "enhanced"),
        key.device_uid(),
    } - {""}


BAITS = [
    "commitment:7:3",
    "patient:north:NORTH:4711",
    "name:north:probe petra",
    "birth:north:19700101",
    "accession:north:ACC-1",
    "report:7:abcd:enhanced",
    "report series:7:enhanced",
    "this gateway",
    *Purpose,
    *(info(purpose).decode() for purpose in Purpose),
]


@pytest.mark.parametrize("scheme", Scheme)
def test_a_sender_reads_no_derived_value_in_the_copies(scheme: Scheme) -> None:
    """What it writes into UIDs and texts comes back as nothing that was derived for another purpose.

    In the first scheme, too: a text that is no UID is dropped, so its labels cannot be asked for any more.
    """
    secrets = every_value(KEY.of("north", scheme))
    with_uids = hostile_mr(depth=0)
    for tag, bait in zip(UID_ATTRIBUTES, BAITS, strict=False):
        setattr(with_uids, tag, bait)
    with_uids.IrradiationEventUID = BAITS
    with_uids.ReferencedImageSequence = [_reference(bait) for bait in BAITS]
    with_uids.AccessionNumber, with_uids.StudyID = "patient:north::4", "this gateway"
    done = deidentify(reread(with_uids), context(scheme=scheme), PROFILE)
    seen = {str(value) for element in done.dataset.iterall() for value in _values(element.value)}
    assert not seen & secrets
    assert not set(done.uids) & set(BAITS)
    assert not [text for text in seen for bait in BAITS if bait in text]


UID_ATTRIBUTES = (
    "FrameOfReferenceUID",
    "SynchronizationFrameOfReferenceUID",
    "InstanceCreatorUID",
    "ConcatenationUID",
    "DimensionOrganizationUID",
    "TransactionUID",
    "StorageMediaFileSetUID",
    "UID",
)


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", uid
    return item


def _values(value: object) -> list[object]:
    return list(value) if isinstance(value, list) or hasattr(value, "append") else [value]


@given(st.sampled_from(sorted(BAITS)) | st.text(max_size=40), st.text(max_size=12))
@settings(derandomize=True, max_examples=300)
def test_no_input_of_a_sender_gives_a_value_of_another_purpose(text: str, other: str) -> None:
    """Asked directly, without the check that a UID is one: UIDs, numbers, names and dates of the second scheme."""
    key = PseudonymKey(b"k" * 32, "one").of("north")
    who = subject(other, text, text)
    asked = {
        key.uid(text),
        key.accession(other, text),
        key.pseudonym(who),
        key.patient_hash(who),
        key.number_hash(who),
        key.name_hash(text),
        key.birth_date_hash(text),
        key.accession_hash(text),
    } - {text.strip(" \0"), ""}
    internal = {key.report_uid(7, "abcd", "enhanced"), key.report_series_uid(7, "enhanced"), key.device_uid()}
    assert not asked & internal
