"""An object that comes back belongs to the case only if its study and all it refers to were sent out."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.reidentify.references import references, refuse_if_foreign
from gateway.privacy.schemes import PSEUDONYM_PREFIX

STUDY, SENT, OWN, STRANGER = "2.25.1", "2.25.2", "2.25.9", "2.25.666"
UID_BACK = {STUDY: "1.3.1", SENT: "1.3.2"}
PSEUDONYM = f"{PSEUDONYM_PREFIX}AAAA1111"


def result(**values: object) -> Dataset:
    """A new object of the study, as the reading site sends it."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", OWN
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID = STUDY, "2.25.8", PSEUDONYM
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def referring(uid: str, *path: str, keyword: str = "ReferencedSOPInstanceUID") -> Dataset:
    """A result that refers to `uid` in an item at the end of `path`."""
    item = Dataset()
    setattr(item, keyword, uid)
    for sequence in reversed(path[1:]):
        outer = Dataset()
        setattr(outer, sequence, Sequence([item]))
        item = outer
    return result(**{path[0]: Sequence([item])})


def why_held(ds: Dataset) -> HeldReason | None:
    """The reason of `refuse_if_foreign`, None when the object belongs to the case."""
    try:
        refuse_if_foreign(ds, UID_BACK[STUDY], UID_BACK, PSEUDONYM)
    except Held as held:
        return held.reason
    return None


def test_a_new_object_of_the_study_passes() -> None:
    """It may refer to what was sent, to itself, and name its patient by the pseudonym or not at all."""
    assert why_held(result()) is None
    assert why_held(result(PatientID="")) is None
    assert why_held(referring(SENT, "ReferencedImageSequence")) is None
    assert why_held(referring(OWN, "ReferencedImageSequence")) is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"StudyInstanceUID": STRANGER}, HeldReason.UNKNOWN_STUDY),
        ({"StudyInstanceUID": ""}, HeldReason.UNKNOWN_STUDY),
        ({"StudyInstanceUID": SENT}, HeldReason.UNKNOWN_STUDY),
        ({"SOPInstanceUID": ""}, HeldReason.INCOMPLETE),
        ({"SOPClassUID": ""}, HeldReason.INCOMPLETE),
        ({"SeriesInstanceUID": ""}, HeldReason.INCOMPLETE),
        ({"SOPInstanceUID": SENT}, HeldReason.NOT_NEW),
        ({"PatientID": f"{PSEUDONYM_PREFIX}BBBB2222"}, HeldReason.OTHER_PATIENT),
    ],
)
def test_an_object_that_does_not_belong_here_is_held(values: dict[str, str], reason: HeldReason) -> None:
    """Another study, a missing UID, an object that we sent ourselves, another patient: each has its reason."""
    assert why_held(result(**values)) is reason


@pytest.mark.parametrize(
    "path",
    [
        ("ReferencedImageSequence",),
        ("CurrentRequestedProcedureEvidenceSequence", "ReferencedSeriesSequence", "ReferencedSOPSequence"),
        ("ContentSequence", "ContentSequence", "ReferencedSOPSequence"),
    ],
)
def test_a_reference_nobody_can_follow_is_held_at_every_depth(path: tuple[str, ...]) -> None:
    """An instance or a study that was never sent out holds the object, however deep it stands."""
    assert why_held(referring(STRANGER, *path)) is HeldReason.UNKNOWN_INSTANCE
    assert why_held(referring(STRANGER, *path, keyword="StudyInstanceUID")) is HeldReason.UNKNOWN_STUDY


def test_the_reading_sites_own_procedure_steps_are_its_own_affair() -> None:
    """References to its steps and visits name no object of the study."""
    assert why_held(referring(STRANGER, "ReferencedPerformedProcedureStepSequence")) is None


def test_the_message_names_no_uid_of_the_object() -> None:
    """What is shown and logged says which kind of reference, never its value."""
    with pytest.raises(Held) as held:
        refuse_if_foreign(referring(STRANGER, "ReferencedImageSequence"), "1.3.1", UID_BACK, PSEUDONYM)
    assert STRANGER not in str(held.value)
    assert "ReferencedSOPInstanceUID" in str(held.value)


def test_every_reference_is_listed_and_the_objects_own_is_not() -> None:
    """An item without a UID refers to nothing, and the object's own is left out."""
    items = [referring(SENT, "SourceImageSequence"), referring(OWN, "SourceImageSequence")]
    ds = result(ContentSequence=Sequence([*items, Dataset()]))
    listed = list(references(ds, OWN))
    assert listed.count(("ReferencedSOPInstanceUID", SENT)) == 1
    assert OWN not in dict(listed).values()
