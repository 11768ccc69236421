"""One element, given as bytes, is answered as `deidentify` answers it: written, counted and mapped for itself alone."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from dicom_nodes.encoding.headers import encoded_element
from gateway.privacy.deidentify.attributes import AttributeCleaner
from gateway.privacy.fast.ask_cleaner import answer, may_be_safe, of_element
from gateway.privacy.fast.memo import NestingLevel
from gateway.privacy.profile.iod import attributes_of
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context

UID = "1.2.345678.1"
ECHO_TIME = encoded_element(0x00180081, "DS", b"99")
NAME = encoded_element(0x00081070, "PN", b"Quast^Anna")
SERIES = encoded_element(0x0020000E, "UI", UID.encode())


@pytest.fixture
def cleaner() -> AttributeCleaner:
    """Of an object that has nothing else."""
    return AttributeCleaner(Dataset(), context(), load_profile(), None, ())


@pytest.fixture
def level() -> NestingLevel:
    """The first level of an MR image."""
    return NestingLevel(attributes_of(MRImageStorage), b"", 1, implicit=False)


def test_what_stays_is_written_as_it_was_read(cleaner: AttributeCleaner, level: NestingLevel) -> None:
    """And counted as kept."""
    kept = of_element(cleaner, level, 0x00180081, ECHO_TIME)
    assert kept.out == ECHO_TIME
    assert kept.counts == ("EchoTime: kept",)
    assert kept.uids == ()


def test_what_goes_leaves_nothing_but_its_count(cleaner: AttributeCleaner, level: NestingLevel) -> None:
    """A name of an operator: no byte is written."""
    gone = of_element(cleaner, level, 0x00081070, NAME)
    assert gone.out is None
    assert len(gone.counts) == 1


def test_each_question_counts_and_maps_for_itself(cleaner: AttributeCleaner, level: NestingLevel) -> None:
    """Answers are remembered and counted again for each object: what an earlier question left must not be in them."""
    first = of_element(cleaner, level, 0x0020000E, SERIES)
    second = of_element(cleaner, level, 0x00180081, ECHO_TIME)
    assert [original for original, _ in first.uids] == [UID]
    assert second.uids == ()
    assert first == of_element(cleaner, level, 0x0020000E, SERIES)


def test_counts_of_before_are_not_in_an_answer(cleaner: AttributeCleaner) -> None:
    """Whatever was counted before the question was asked."""
    cleaner.actions["left over"] += 1
    cleaner.uids["1.2"] = "2.25.1"
    assert answer(cleaner, lambda: 7) == (7, (), ())


@pytest.mark.parametrize(
    ("tag", "creator", "vr", "safe"),
    [
        (0x0019100C, b"SIEMENS MR HEADER", "IS", True),
        (0x0019100C, b"SIEMENS MR HEADER", "OB", True),
        (0x0019100C, b"SIEMENS MR HEADER", "PN", False),
        (0x0019100C, b"SOMEBODY ELSE", "IS", False),
        (0x0018100C, b"SIEMENS MR HEADER", "IS", False),
    ],
    ids=["safe", "undecoded", "another VR", "another creator", "not private"],
)
def test_only_listed_private_elements_may_be_safe(tag: int, creator: bytes, vr: str, safe: bool) -> None:
    """By group, creator and element, and a VR that its values can have."""
    assert may_be_safe(tag, encoded_element(tag & 0xFFFF0000 | 0x10, "LO", creator), vr) is safe
