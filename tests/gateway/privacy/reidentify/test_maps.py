"""The maps of the way back are exactly the way out turned round, derived again from originals and key."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.reidentify.maps import accessions_back, uids_back
from gateway.privacy.schemes import Scheme
from gateway.privacy.standard_uids import is_standard_uid
from support.objects.hostile_mr import Person, context, hostile_mr, reread

PROFILE = load_profile()


@given(st.integers(0, 2), st.integers(10**5, 10**9).map(str), st.sampled_from(Scheme))
@settings(derandomize=True, max_examples=10, deadline=None)
def test_every_uid_and_number_that_was_replaced_can_be_put_back(
    depth: int, number: str, scheme: Scheme
) -> None:
    """Whatever de-identification replaced, at any depth, the maps give back; standard UIDs are in neither."""
    person = Person(accession="A" + number)
    original = reread(hostile_mr(person, depth=depth))
    who = context(person, scheme)
    done = deidentify(original, who, PROFILE)
    back = uids_back([original], who.key)
    replaced = {new: old for old, new in done.uids.items() if not is_standard_uid(old)}
    assert replaced
    assert replaced.items() <= back.items()
    assert not any(is_standard_uid(uid) for uid in (*back, *back.values()))
    numbers = accessions_back([original], who.key, who.pseudonym)
    assert numbers[str(done.dataset.AccessionNumber)] == person.accession


def test_an_element_that_cannot_be_read_does_not_lose_the_others() -> None:
    """A left-behind object with a broken value: the study can still be put back."""
    original = reread(hostile_mr(depth=0))
    broken = Tag("NumberOfFrames")
    original._dict[broken] = RawDataElement(broken, "IS", 4, b"four", 0, False, True, True)
    key = context().key
    assert uids_back([original], key)[key.uid(str(original.SOPInstanceUID))] == original.SOPInstanceUID
