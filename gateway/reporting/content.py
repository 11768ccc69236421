"""The outline as SR content items (PS3.3 C.17.3), for the three document classes the gateway writes.

All entries hang on containers with CONTAINS: the one relationship Basic Text, Enhanced and Comprehensive SR allow alike
(PS3.3 Tables A.35.1-2, A.35.2-2, A.35.3-2), so one tree serves all three. Basic Text SR knows no NUM; there a number
becomes TEXT with its unit. What modifies an answer, as a side its site, hangs on it with HAS CONCEPT MOD, which all
three allow too.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Protocol

import numpy as np
from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DateContentItem,
    DateTimeContentItem,
    ImageContentItem,
    NumContentItem,
    PnameContentItem,
    ScoordContentItem,
    SourceImageForRegion,
    TextContentItem,
    UIDRefContentItem,
)
from pydicom.valuerep import DT

from gateway.imaging.places import pixels_of
from gateway.reporting.answers import Language
from gateway.reporting.codes import code, number_text
from gateway.reporting.layout.entries import (
    Coded,
    Day,
    Drawn,
    Entry,
    Heading,
    ImageReference,
    Measured,
    Moment,
    UidReference,
    Words,
)
from gateway.reporting.outline import notice_of
from gateway.reporting.signer import Signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gateway.imaging.study_index import FrameIndex
    from gateway.reporting.signer import DeviceIdentity, Unsigned

CONTAINS, CONTEXT, MODIFIER = "CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD"
INFERRED = "INFERRED FROM"
TRACKING = frozenset({"tracking_identifier", "tracking_uid"})
"""What tracks a mark is the context of its group (PS3.16 TID 1410, rows 2 and 3)."""
_DS_LENGTH = 16
ENGLISH = "language.en"
"""Language of every heading, question and coded answer: the meanings of all codes are English."""
_UNKNOWN = "language.und"
NOT_IN_THE_READERS_LANGUAGE = {
    "notice": ENGLISH,
    "unusual": ENGLISH,
    "addendum_text": ENGLISH,
    "lesion_identifier": ENGLISH,
    "tracking_identifier": ENGLISH,
    "spectrum_lesion": ENGLISH,
    "mark_place": ENGLISH,
    "mark_method": ENGLISH,
    "communicated_to": ENGLISH,
    "question": _UNKNOWN,
    "symptoms": _UNKNOWN,
}
"""Language of the words that the reader did not write: the gateway's English, identifiers and names, which have none of
their own, and what the hospital wrote, of which nobody said in which language it is. All others are the reader's."""

UNITS_IN_WORDS = {"1": "", "{ratio}": "", "d": "days", "wk": "weeks", "mo": "months"}
"""Units of UCUM that people read otherwise, in the plural; all others are read as they are."""


class Frames(Protocol):
    """Where the frames of the instances that may be referenced lie."""

    def count(self, sop_instance_uid: str) -> int:
        """How many frames an instance has."""
        ...

    def frame(self, sop_instance_uid: str, number: int) -> FrameIndex:
        """One frame, counted from 1."""
        ...


def date_time(at: datetime) -> DT:
    """An aware time as DT with its offset (PS3.5 6.2).

    The offset +0000 is legal, but DCMTK 3.6.7 takes a document that has it for invalid; the same instant is then
    written one hour east.
    """
    if not at.utcoffset():
        at = at.astimezone(timezone(timedelta(hours=1)))
    return DT(at.strftime("%Y%m%d%H%M%S%z")[:19])


def measured_text(entry: Measured) -> str:
    """A number with its unit, for Basic Text SR and for print."""
    unit = code(entry.unit).value
    words = UNITS_IN_WORDS.get(unit, unit)
    one = unit in UNITS_IN_WORDS and entry.value == 1
    return f"{number_text(entry.value)} {words.removesuffix('s') if one else words}".strip()


class ContentWriter:
    """Turns outline entries into content items.

    `classes` maps each SOP Instance UID that may be referenced to its SOP Class UID; `language` is that of the reader's
    words; `numbers` says whether the document class has NUM and SCOORD; `frames` knows where their frames lie.
    """

    def __init__(
        self,
        classes: Mapping[str, str],
        language: Language = Language.ENGLISH,
        *,
        numbers: bool = True,
        frames: Frames | None = None,
    ) -> None:
        self._classes = classes
        self._language = language.key
        self._numbers = numbers
        self._frames = frames

    @singledispatchmethod
    def item(self, entry: Entry) -> ContentItem:
        """The content item of one entry, children included."""
        raise TypeError(f"No content item for {type(entry).__name__}.")

    @item.register
    def _(self, entry: Coded) -> ContentItem:
        item = CodeContentItem(code(entry.concept), code(entry.value), CONTAINS)
        if entry.modifiers:
            item.ContentSequence = ContentSequence(
                [CodeContentItem(code(each.concept), code(each.value), MODIFIER) for each in entry.modifiers]
            )
        return item

    @item.register
    def _(self, entry: Words) -> ContentItem:
        item = TextContentItem(code(entry.concept), entry.text.replace("\n", "\r\n"), CONTAINS)
        language = NOT_IN_THE_READERS_LANGUAGE.get(entry.concept, self._language)
        if language != ENGLISH:  # TID 1204: it governs this item, where the root says English
            item.ContentSequence = ContentSequence([_language(language)])
        return item

    @item.register
    def _(self, entry: Measured) -> ContentItem:
        if not self._numbers:
            return TextContentItem(code(entry.concept), measured_text(entry), CONTAINS)
        number = NumContentItem(
            code(entry.concept), float(entry.value), code(entry.unit), relationship_type=CONTAINS
        )
        # highdicom would write 40 as 40.0, a precision that nobody measured; what VR DS cannot hold it has shortened.
        if len(text := number_text(entry.value)) <= _DS_LENGTH:
            number.MeasuredValueSequence[0].NumericValue = text
        if entry.drawn is not None and (path := self._coordinates(entry.drawn)) is not None:
            path.RelationshipType = INFERRED
            number.ContentSequence = ContentSequence([path])
        return number

    @item.register
    def _(self, entry: Day) -> ContentItem:
        return DateContentItem(code(entry.concept), entry.day, CONTAINS)

    @item.register
    def _(self, entry: Moment) -> ContentItem:
        return DateTimeContentItem(code(entry.concept), date_time(entry.at), CONTAINS)

    @item.register
    def _(self, entry: UidReference) -> ContentItem:
        return UIDRefContentItem(code(entry.concept), entry.uid, CONTAINS)

    @item.register
    def _(self, entry: ImageReference) -> ContentItem:
        return self._image(entry.concept, entry.sop_instance_uid, entry.frame)

    @item.register
    def _(self, entry: Drawn) -> ContentItem:
        drawn = self._coordinates(entry) if self._numbers else None
        return drawn or self._image(entry.concept, entry.sop_instance_uid, entry.frame)

    @item.register
    def _(self, entry: Heading) -> ContentItem:
        template = entry.template if self._numbers else ""
        container = ContainerContentItem(
            code(entry.concept), False, template_id=template or None, relationship_type=CONTAINS
        )
        if entry.entries:
            children = [self.item(child) for child in entry.entries]
            for child, said in zip(children, entry.entries, strict=True):
                if entry.template and isinstance(said, Words | UidReference) and said.concept in TRACKING:
                    child.RelationshipType = CONTEXT
            container.ContentSequence = ContentSequence(children)
        return container

    def _image(self, concept: str, uid: str, frame: int | None) -> ImageContentItem:
        return ImageContentItem(
            code(concept),
            self._classes[uid],
            uid,
            self._frame_numbers(uid, frame),
            relationship_type=CONTAINS,
        )

    def _frame_numbers(self, uid: str, frame: int | None) -> list[int] | None:
        """The frame as a reference names it: not at all where the instance has but one (PS3.3 Table 10-3)."""
        several = frame is not None and (self._frames is None or self._frames.count(uid) > 1)
        return [frame] if several and frame is not None else None

    def _coordinates(self, entry: Drawn) -> ScoordContentItem | None:
        """Columns and rows on the sender's own frame; None where that has no place, or the points lie outside it."""
        uid, number = entry.sop_instance_uid, entry.frame or 1
        if self._frames is None or not 1 <= number <= self._frames.count(uid):
            return None
        pixels = pixels_of(self._frames.frame(uid, number), entry.points)
        if pixels is None:
            return None
        if (
            entry.graphic == "POLYGON"
        ):  # PS3.3 C.18.6.1.2: a closed outline of an image is a polyline back to its start
            pixels = [*pixels, pixels[0]]
        item = ScoordContentItem(
            code(entry.concept),
            "POINT" if entry.graphic == "POINT" else "POLYLINE",
            np.array(pixels),
            relationship_type=CONTAINS,
        )
        source = SourceImageForRegion(self._classes[uid], uid, self._frame_numbers(uid, entry.frame))
        item.ContentSequence = ContentSequence([source])
        return item

    def root(
        self,
        sections: Iterable[Heading],
        signature: Signature | Unsigned,
        device: DeviceIdentity,
        study_instance_uid: str,
    ) -> ContentItem:
        """The whole tree: TID 2000 with language, procedure, observer (TID 1002), subject study and notice as its head.

        The reader who signed is the observer; `device` is it where nobody signed.
        """
        root = ContainerContentItem(code("title"), False, template_id="2000")
        observer = _reader(signature) if isinstance(signature, Signature) else _device(device)
        root.ContentSequence = ContentSequence(
            [
                _language(ENGLISH),
                CodeContentItem(code("procedure_reported"), code("procedure_reported.brain_mri"), MODIFIER),
                *observer,
                UIDRefContentItem(code("study_instance_uid"), study_instance_uid, CONTEXT),
                self.item(Words("notice", notice_of(signature))),
                *(self.item(section) for section in sections),
            ]
        )
        return root


def _language(key: str) -> ContentItem:
    """Language of an item and of all below it (TID 1204)."""
    return CodeContentItem(code("language"), code(key), MODIFIER)


def _reader(signature: Signature) -> list[ContentItem]:
    """Person observer (TID 1003): the reader who signed, as the one who verifies."""
    signer = signature.signer
    return [
        CodeContentItem(code("observer_type"), code("observer_type.person"), CONTEXT),
        PnameContentItem(code("observer_name"), signer.person_name, CONTEXT),
        TextContentItem(code("observer_organization"), signer.organization, CONTEXT),
        CodeContentItem(code("observer_role"), code("observer_role.verifying"), CONTEXT),
    ]


def _device(device: DeviceIdentity) -> list[ContentItem]:
    """Device observer (TID 1004): what wrote a report that nobody signed."""
    return [
        CodeContentItem(code("observer_type"), code("observer_type.device"), CONTEXT),
        UIDRefContentItem(code("device_observer_uid"), device.uid, CONTEXT),
        TextContentItem(code("device_observer_manufacturer"), device.manufacturer, CONTEXT),
        TextContentItem(code("device_observer_model"), device.model, CONTEXT),
    ]
