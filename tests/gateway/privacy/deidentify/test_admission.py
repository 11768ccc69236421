"""What is held, with which reason, and what a named person may release: only pixels, never text."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from dicom_nodes.upper_layer.private_classes import PRIVATE_STORAGE
from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held, HeldReason, ProfileError
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import Person, context, hostile_mr, reread
from support.objects.quiet_pydicom import pydicom_is_quiet
from support.objects.released_images import SECONDARY_CAPTURE, capture

__all__ = ["pydicom_is_quiet"]

PROFILE = load_profile()
STORAGE = "1.2.840.10008.5.1.4.1.1."
NEVER = {
    "Basic Text SR": f"{STORAGE}88.11",
    "Enhanced SR (Siemens PhoenixZIPReport)": f"{STORAGE}88.22",
    "Comprehensive SR": f"{STORAGE}88.33",
    "Key Object Selection": f"{STORAGE}88.59",
    "Grayscale Softcopy Presentation State": f"{STORAGE}11.1",
    "Encapsulated PDF": f"{STORAGE}104.1",
    "Encapsulated CDA": f"{STORAGE}104.2",
    "Raw Data": f"{STORAGE}66",
    "CT Image": f"{STORAGE}2",
}


def held(ds: Dataset, *, released: bool = False) -> Held:
    """The stop of this object."""
    with pytest.raises(Held) as caught:
        deidentify(ds, context(), PROFILE, released=released)
    assert caught.value.fix
    assert not any(identifier in str(caught.value) for identifier in Person().identifiers)
    return caught.value


def changed(**values: object) -> Dataset:
    """The hostile MR object with attributes set (None: deleted)."""
    ds = hostile_mr(depth=0)
    for keyword, value in values.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    ("values", "reason", "releasable"),
    [
        ({"BurnedInAnnotation": "YES"}, HeldReason.BURNED_IN_ANNOTATION, True),
        ({"BurnedInAnnotation": "PERHAPS"}, HeldReason.BURNED_IN_ANNOTATION, True),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, HeldReason.SCREEN_CAPTURE, True),
        ({"SOPClassUID": SECONDARY_CAPTURE}, HeldReason.SOP_CLASS, True),
        *(({"SOPClassUID": uid}, HeldReason.PRIVATE_SOP_CLASS, False) for uid in PRIVATE_STORAGE),
        ({"SOPClassUID": None}, HeldReason.INCOMPLETE, False),
        ({"SOPInstanceUID": ""}, HeldReason.INCOMPLETE, False),
        ({"StudyInstanceUID": ""}, HeldReason.INCOMPLETE, False),
        ({"SeriesInstanceUID": None}, HeldReason.INCOMPLETE, False),
        ({"StudyInstanceUID": "Zwirnlein"}, HeldReason.INCOMPLETE, False),
        ({"SeriesInstanceUID": "patient:north::4711"}, HeldReason.INCOMPLETE, False),
        ({"SOPInstanceUID": ["1.2.3", "1.2.4"]}, HeldReason.INCOMPLETE, False),
        ({"SOPInstanceUID": "1." + "1" * 63}, HeldReason.INCOMPLETE, False),
        *(({"SOPClassUID": uid}, HeldReason.SOP_CLASS, False) for uid in NEVER.values()),
    ],
)
def test_what_is_held_says_why_and_whether_it_can_be_released(
    values: dict[str, object], reason: HeldReason, releasable: bool
) -> None:
    """One stable code each; a release passes over the releasable ones only."""
    stop = held(changed(**values))
    assert (stop.reason, stop.releasable) == (reason, releasable)
    if releasable:
        assert deidentify(changed(**values), context(), PROFILE, released=True).dataset.PatientID
    else:
        assert held(changed(**values), released=True).reason is reason


def test_an_overlay_in_unused_pixel_bits_is_held_and_releasable() -> None:
    """A graphic hidden there could spell a name; a person can look at it."""
    ds = hostile_mr(depth=0)
    del ds[0x6000, 0x3000]
    ds.add_new(0x60000102, "US", 12)
    assert held(ds).reason is HeldReason.EMBEDDED_OVERLAY
    assert not [e for e in deidentify(ds, context(), PROFILE, released=True).dataset if e.tag.group == 0x6000]


def test_an_unreadable_object_cannot_be_released() -> None:
    """What cannot be judged cannot leave, whoever vouches for it."""
    ds = reread(hostile_mr(depth=0))
    raw = ds.get_item("PixelSpacing")
    ds._dict[raw.tag] = raw._replace(value=b"Zwirnlein^Adelgunde ")  # type: ignore[union-attr]
    stop = held(ds, released=True)
    assert (stop.reason, stop.releasable) == (HeldReason.UNREADABLE, False)


def test_one_stop_that_cannot_be_released_outweighs_those_that_can() -> None:
    """An image with burned-in text and without a study is incomplete first."""
    stop = held(changed(BurnedInAnnotation="YES", StudyInstanceUID=""))
    assert (stop.reason, stop.releasable) == (HeldReason.INCOMPLETE, False)
    both = held(changed(BurnedInAnnotation="YES", SOPClassUID=SECONDARY_CAPTURE))
    assert both.releasable
    assert "burned" in both.problem
    assert "Secondary Capture" in both.problem


@pytest.mark.parametrize("sop_class", sorted(PROFILE.releasable_sop_classes))
def test_a_released_image_is_cleaned_like_any_other(sop_class: str) -> None:
    """Only the stop is passed over: every attribute is treated, no identifier is left, BurnedInAnnotation says NO."""
    original = reread(capture(sop_class))
    done = deidentify(original, context(), PROFILE, released=True)
    new = reread(done.dataset)
    assert find_leaks(encode(done.dataset), identifying_values([original], context().date_shift_days)) == []
    assert new.BurnedInAnnotation == "NO"
    assert done.actions["BurnedInAnnotation: NO, vouched for by a person"] == 1
    assert new.SOPClassUID == sop_class
    assert new.PixelData == original.PixelData
    assert "113101" not in [item.CodeValue for item in new.DeidentificationMethodCodeSequence]


def test_an_image_that_needs_no_release_is_the_same_with_one() -> None:
    """Releasing changes nothing but the stops."""
    plain = encode(deidentify(hostile_mr(), context(), PROFILE).dataset)
    assert encode(deidentify(hostile_mr(), context(), PROFILE, released=True).dataset) == plain


def test_a_site_narrows_what_may_be_released() -> None:
    """Without the reason in its profile an image stays, whoever asks."""
    site = load_profile(layered="extends: pml-read\nname: strict\nreleasable: {}\n")
    for ds in (changed(BurnedInAnnotation="YES"), changed(SOPClassUID=SECONDARY_CAPTURE)):
        with pytest.raises(Held) as caught:
            deidentify(ds, context(), site, released=True)
        assert not caught.value.releasable


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("releasable: all", "releasable: is not a table"),
        ("releasable: {everything: true}", "releasable.everything: there is nothing of this name"),
        ("releasable: {reasons: burned-in-annotation}", "releasable.reasons: is not a list"),
        ("releasable: {reasons: [unreadable]}", "unreadable"),
        ("releasable: {reasons: [private-sop-class]}", "private-sop-class"),
        ("releasable: {reasons: [sop-class]}", "sop-class"),
        *(
            (f'releasable: {{sop_classes: {{"{uid}": {name.split()[0]}}}}}', uid)
            for name, uid in NEVER.items()
        ),
        ('releasable: {sop_classes: {"1.3.12.2.1107.5.9.1": own}}', "1.3.12.2.1107.5.9.1"),
    ],
)
def test_a_profile_that_releases_what_cannot_be_judged_is_refused(layer: str, told: str) -> None:
    """Reports, documents, raw data, private classes, unreadable objects: no site can make them releasable."""
    with pytest.raises(ProfileError) as caught:
        load_profile(layered=f"extends: pml-read\nname: north\n{layer}\n")
    assert told in "; ".join(map(str, caught.value.problems))
