"""What `deidentify` makes of plain values (`plain_values`), asked once for all patients of a profile.

A plain value identifies nobody: a number of it is too short, a UID is replaced whoever's it is. So the answer is that
of the attribute. `deidentify` is asked for two strangers who have nothing in common, and where its answers differ, for
each patient's values one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydicom.dataset import Dataset

from dicom_nodes.encoding.headers import encoded_element
from gateway.privacy.deidentify.attributes import AttributeCleaner, PatientContext
from gateway.privacy.fast.ask_cleaner import may_be_safe, of_element
from gateway.privacy.fast.memo import CleanedElement, NestingLevel, Plans
from gateway.privacy.fast.plain_values import PLAIN
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.profile.iod import AttributeDefinition
from gateway.privacy.profile.profile import Profile
from gateway.privacy.pseudonyms import PseudonymKey

_MOST_PROFILES: Final = 16
_MOST_PLACES: Final = 512
_MOST_PLANS: Final = 20_000  # of one place; private creators are as many as files make up


class PlainPlans:
    """The plans for one profile: (tag, VR, private creator as read) -> what becomes of a plain value, by place.

    Several threads may use it at once: at worst an answer is asked for twice.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._of: dict[tuple[int, bytes, bool], tuple[Mapping[int, AttributeDefinition], Plans]] = {}

    def of(self, places: Mapping[int, AttributeDefinition], charset: bytes, implicit: bool) -> Plans:
        """The plans of one place. They are added to by whoever asks."""
        if len(self._of) > _MOST_PLACES:
            self._of.clear()
        # Named by its address, so it is kept as long as its name.
        return self._of.setdefault((id(places), charset, implicit), (places, {}))[1]

    def add(self, plans: Plans, level: NestingLevel, key: tuple[int, str, bytes]) -> CleanedElement | None:
        """The new plan for `key` in `level`."""
        tag, vr, creator = key
        raw = encoded_element(tag, vr, PLAIN[vr], implicit=level.implicit)
        one, other = (of_element(stranger, level, tag, creator + raw) for stranger in self._strangers())
        fits = one.out is None or one.out == raw or (vr == "UI" and one.uids)
        if len(plans) >= _MOST_PLANS:
            plans.clear()
        plan = one if fits and _same(one, other) and not may_be_safe(tag, creator, vr) else None
        plans[key] = plan
        return plan

    def _strangers(self) -> tuple[AttributeCleaner, AttributeCleaner]:
        """Two to ask: other names, keys, dates, kinds of series; one without anything that identifies.

        New ones every time: they count what they do, and other threads may ask about other attributes.
        """
        number = IdentifyingValue("PatientID", "80173495", ValueKind.NUMBER)
        one = PatientContext("PML-AAAAAAAA", -31, PseudonymKey(b"\1" * 32, "one stranger").of(""))
        other = PatientContext("PML-ZZZZZZZZ", -3649, PseudonymKey(b"\2" * 32, "another").of(""))
        return (
            AttributeCleaner(Dataset(), one, self.profile, None, ()),
            AttributeCleaner(Dataset(), other, self.profile, "t2", (number,)),
        )


_KNOWN: Final[dict[int, PlainPlans]] = {}


def plain_plans(profile: Profile) -> PlainPlans:
    """Those of the profile, shared by all who prepare under it."""
    known = _KNOWN.get(id(profile))
    if known is None or known.profile is not profile:
        if len(_KNOWN) >= _MOST_PROFILES:
            _KNOWN.clear()
        known = _KNOWN[id(profile)] = PlainPlans(profile)
    return known


def _same(one: CleanedElement, other: CleanedElement) -> bool:
    """Whether both say the same; a UID becomes another one for each."""
    return one.counts == other.counts and (
        (bool(one.uids) and bool(other.uids)) or (one.out == other.out and not one.uids and not other.uids)
    )
