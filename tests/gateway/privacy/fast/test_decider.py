"""Elements given as bytes become what `deidentify` makes of them; what is remembered is asked once."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from dicom_nodes.encoding.elements import NotTaken, elements
from dicom_nodes.encoding.headers import encoded_element, encoded_item
from gateway.privacy.deidentify.attributes import AttributeCleaner
from gateway.privacy.fast.decider import Decider
from gateway.privacy.fast.dictionary import vr_of
from gateway.privacy.fast.memo import CleanedElement, DecisionContext, NestingLevel
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.profile.iod import attributes_of
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context

NAME = IdentifyingValue("PatientName", "zwirnlein", ValueKind.NAME)


def element(tag: int, vr: str, value: str | bytes) -> bytes:
    """One element as explicit little endian writes it."""
    return encoded_element(tag, vr, value.encode() if isinstance(value, str) else value)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The attributes that `deidentify` was asked about, in order."""
    tags: list[int] = []
    real = AttributeCleaner.element

    def counted(cleaner: AttributeCleaner, ds: Dataset, one: object, places: object) -> object:
        tags.append(int(one.tag))  # type: ignore[attr-defined]
        return real(cleaner, ds, one, places)  # type: ignore[arg-type]

    monkeypatch.setattr(AttributeCleaner, "element", counted)
    return tags


def cleaner(*values: IdentifyingValue) -> AttributeCleaner:
    """Of an object with these identifying values."""
    return AttributeCleaner(Dataset(), context(), load_profile(), None, values)


def decided(
    data: bytes, known: DecisionContext | None = None, level: NestingLevel | None = None, *volatile: str
) -> dict[int, CleanedElement]:
    """What becomes of the elements of one object, by tag."""
    decider = Decider(
        data, DecisionContext(cleaner(NAME)) if known is None else known, volatile, lambda: cleaner(NAME)
    )
    place = level or NestingLevel(attributes_of(MRImageStorage), b"", 1, implicit=False)
    return dict(decider.level(place, elements(data, 0, len(data), vr_of=vr_of(False))))


def test_a_name_goes_and_a_measure_stays() -> None:
    """The answer of the profile, element by element."""
    echo = element(0x00180081, "DS", "99")
    done = decided(element(0x00081070, "PN", "Zwirnlein") + echo)
    assert done[0x00081070].out is None
    assert done[0x00180081].out == echo


def test_the_same_text_is_asked_about_once(asked: list[int]) -> None:
    """By its bytes and its place: the next object of the series has it, too."""
    known, level = (
        DecisionContext(cleaner(NAME)),
        NestingLevel(attributes_of(MRImageStorage), b"", 1, implicit=False),
    )
    text = element(0x00181030, "LO", "knee of Zwirnlein ")
    first, second = decided(text, known, level), decided(text, known, level)
    assert first == second
    assert asked.count(0x00181030) == 1
    decided(element(0x00181030, "LO", "knee"), known, level)
    assert asked.count(0x00181030) == 2


def test_a_creator_stays_only_with_an_element_of_its_block() -> None:
    """A private creator alone says which scanner it was and nothing else."""
    creator, safe = element(0x00190010, "LO", "SIEMENS MR HEADER"), element(0x0019100C, "IS", "1000")
    assert decided(creator + safe)[0x00190010].out == creator
    assert 0x00190010 not in decided(creator)


def test_the_items_of_a_sequence_are_decided_one_by_one() -> None:
    """A reference keeps its make, with new UIDs; its length is that of what is left."""
    item = encoded_item(element(0x00081150, "UI", MRImageStorage) + element(0x00081155, "UI", "1.2.345678.1"))
    done = decided(element(0x00081140, "SQ", item))[0x00081140]
    assert done.out is not None
    assert b"1.2.345678.1" not in bytes(done.out)
    assert [original for original, _ in done.uids] == ["1.2.345678.1"]


def test_what_is_judged_with_the_whole_object_is_not_taken() -> None:
    """One element cannot tell."""
    from gateway.privacy.deidentify.attributes import JUDGED_WITH_OTHERS

    tag = min(JUDGED_WITH_OTHERS)
    with pytest.raises(NotTaken):
        decided(element(tag, "OW" if tag >> 16 == 0x7FE0 else "LO", "ab"))
