"""The outline as SR content items (PS3.3 C.17.3), for the three document classes the gateway writes.

All entries hang on containers with CONTAINS: the one relationship Basic Text, Enhanced and Comprehensive SR allow alike
(PS3.3 Tables A.35.1-2, A.35.2-2, A.35.3-2), so one tree serves all three. Basic Text SR knows no NUM; there a number
becomes TEXT with its unit. What modifies an answer, as a side its site, hangs on it with HAS CONCEPT MOD, which all
three allow too.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from functools import singledispatchmethod
from typing import TYPE_CHECKING

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
    TextContentItem,
    UIDRefContentItem,
)
from pydicom.valuerep import DT

from gateway.reporting.codes import code
from gateway.reporting.layout.entries import (
    Coded,
    Day,
    Entry,
    Heading,
    ImageReference,
    Measured,
    Moment,
    UidReference,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gateway.reporting.answers import Language
    from gateway.reporting.signer import Signer

CONTAINS, CONTEXT, MODIFIER = "CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD"


def number_text(value: Decimal | int) -> str:
    """A number as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


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
    unit = code(entry.unit)
    symbol = {"1": "", "{ratio}": ""}.get(unit.value, unit.value)
    return f"{number_text(entry.value)} {symbol}".strip()


class ContentWriter:
    """Turns outline entries into content items.

    `classes` maps each SOP Instance UID that may be referenced to its SOP Class UID; `numbers` says whether the
    document class has NUM.
    """

    def __init__(self, classes: Mapping[str, str], *, numbers: bool = True) -> None:
        self._classes = classes
        self._numbers = numbers

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
        return TextContentItem(code(entry.concept), entry.text.replace("\n", "\r\n"), CONTAINS)

    @item.register
    def _(self, entry: Measured) -> ContentItem:
        if not self._numbers:
            return TextContentItem(code(entry.concept), measured_text(entry), CONTAINS)
        value = float(entry.value) if isinstance(entry.value, Decimal) else entry.value
        return NumContentItem(code(entry.concept), value, code(entry.unit), relationship_type=CONTAINS)

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
        sop_class = self._classes[entry.sop_instance_uid]
        return ImageContentItem(
            code(entry.concept), sop_class, entry.sop_instance_uid, relationship_type=CONTAINS
        )

    @item.register
    def _(self, entry: Heading) -> ContentItem:
        container = ContainerContentItem(code(entry.concept), False, relationship_type=CONTAINS)
        if entry.entries:
            container.ContentSequence = ContentSequence([self.item(child) for child in entry.entries])
        return container

    def root(
        self, sections: Iterable[Heading], language: Language, signer: Signer, study_instance_uid: str
    ) -> ContentItem:
        """The whole tree: TID 2000 with language, procedure, observer (TID 1002) and subject study as its head."""
        root = ContainerContentItem(code("title"), False, template_id="2000")
        observer = code("observer_type"), code("observer_type.person")
        root.ContentSequence = ContentSequence(
            [
                CodeContentItem(code("language"), code(language.key), MODIFIER),
                CodeContentItem(code("procedure_reported"), code("procedure_reported.brain_mri"), MODIFIER),
                CodeContentItem(*observer, CONTEXT),
                PnameContentItem(code("observer_name"), signer.person_name, CONTEXT),
                TextContentItem(code("observer_organization"), signer.organization, CONTEXT),
                CodeContentItem(code("observer_role"), code("observer_role.verifying"), CONTEXT),
                UIDRefContentItem(code("study_instance_uid"), study_instance_uid, CONTEXT),
                *(self.item(section) for section in sections),
            ]
        )
        return root
