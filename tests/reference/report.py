"""What a report says as SR: every content item with its code, value type and answers, read from built documents.

The reports of these documents are filled in by type, whatever a reader may combine: each answer of each question
stands in one of them.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from gateway.imaging.frames import frame_index
from gateway.imaging.study_index import FrameIndex
from gateway.reporting.codes import EARLIER_CODES, code
from gateway.reporting.content import ContentWriter
from gateway.reporting.form import item_of_field
from gateway.reporting.lesions.marks import Mark, MarkKind, Outline, RegionMethod
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.report import Report
from gateway.reporting.signer import DeviceIdentity, Signature, Signer, Unsigned
from reference.marks import table

AT = datetime(2026, 2, 3, 12, 30, tzinfo=UTC)
DAY = date(2025, 11, 3)
UID = "2.25.5"
"""Text, image, study and tracking UID of everything that is filled in."""
ROOT = "*the document*"
LANGUAGE = code("language").value
READINGS = 20
"""So many reports as the longest list of answers of which one may be given, and more."""


def report_items() -> str:
    """Every content item in the order of the document."""
    cells = ((row.place, row.item, row.value_type, row.says) for row in rows())
    return table(("below", "item", "value type", "unit, or answers"), cells)


def report_earlier_codes() -> str:
    """What earlier versions wrote instead of a code of today."""
    rows = ((_coded(code(each.key)), _coded(each.was), each.because) for each in EARLIER_CODES)
    return table(("now", "in earlier reports", "because"), rows)


@dataclass
class Row:
    """One kind of content item: where it stands, and what it may say."""

    place: str
    item: str
    value_type: str
    answers: dict[str, None] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What one row has and no other."""
        return self.place, self.item, self.value_type

    @property
    def says(self) -> str:
        """Its units or answers, each once."""
        return "; ".join(self.answers)


def rows(documents: Iterable[Dataset] | None = None) -> list[Row]:
    """One row for each place, code and value type in these documents, or in those that say everything.

    A new row stands behind the one that comes before it in its document.
    """
    listed: list[Row] = []
    known: dict[tuple[str, str, str], Row] = {}
    for root in documents if documents is not None else _documents():
        before = -1
        for place, node in _walk(root):
            concept = node.ConceptNameCodeSequence[0]
            if concept.CodeValue == LANGUAGE and place != ROOT:  # below any words: the page says so once
                continue
            row = Row(place, _coded(concept), _type_of(node))
            if row.key not in known:
                known[row.key] = row
                listed.insert(before + 1, row)
            before = listed.index(known[row.key])
            known[row.key].answers |= dict.fromkeys(_answers(node))
    return listed


def _walk(node: Dataset, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Dataset]]:
    """Every content item below a node, each with the headings it stands under."""
    for below in node.get("ContentSequence", []):
        yield " › ".join(path) or ROOT, below
        yield from _walk(below, (*path, str(below.ConceptNameCodeSequence[0].CodeMeaning)))


def _type_of(node: Dataset) -> str:
    relationship = str(node.get("RelationshipType", "CONTAINS"))
    return f"{node.ValueType}{'' if relationship == 'CONTAINS' else f', {relationship}'}"


def _answers(node: Dataset) -> list[str]:
    if node.ValueType == "CODE":
        return [_coded(node.ConceptCodeSequence[0])]
    if node.ValueType == "NUM":
        return [f"`{node.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue}` (UCUM)"]
    return []


def _coded(concept: Any) -> str:
    """A code as `value` (scheme) and meaning."""
    value = concept.value if hasattr(concept, "value") else concept.CodeValue
    scheme = getattr(concept, "scheme_designator", None) or concept.CodingSchemeDesignator
    meaning = concept.meaning if hasattr(concept, "meaning") else concept.CodeMeaning
    return f"{meaning} (`{value}`, {scheme})"


class _OneFrame:
    """Every instance has one frame, which lies where the marks are."""

    def count(self, _uid: str) -> int:
        """Of one instance."""
        return 1

    def frame(self, _uid: str, _number: int) -> FrameIndex:
        """An axial one of 100 mm."""
        header = Dataset()
        header.Rows = header.Columns = 100
        header.ImagePositionPatient, header.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
        header.PixelSpacing = [1, 1]
        return frame_index(header, 0)


_PLACE: dict[str, Any] = {"series": UID, "uid": UID, "frame_of_reference": UID}
_CORNERS = ((10.0, 10.0, 0.0), (30.0, 10.0, 0.0), (20.0, 30.0, 0.0))
MARKS = (
    Mark(kind=MarkKind.POINT, points=_CORNERS[:1], **_PLACE),
    Mark(kind=MarkKind.LONG_AXIS, points=_CORNERS[:2], **_PLACE),
    Mark(
        kind=MarkKind.REGION,
        points=_CORNERS[:1],
        outlines=(Outline(uid=UID, points=_CORNERS),),
        volume_ml=Decimal(1),
        method=RegionMethod.THRESHOLD,
        **_PLACE,
    ),
)
"""One of each kind."""


def _documents() -> Iterator[Dataset]:
    """The content trees of signed reports with every answer, and of one that nobody signed."""
    device = DeviceIdentity("pml-gateway", "GATEWAY", "0", UID)
    signature = Signature(Signer("Anna Roth", "Reading site", "roth"), AT)
    restoration = Restoration(prior_studies={UID: DAY}, frames_of_reference={UID: UID})
    for number in range(READINGS):
        report = filled(Report, number)
        writer = ContentWriter({UID: MRImageStorage}, report.language, frames=_OneFrame())
        yield writer.root(outline(report, restoration, "Addendum"), signature, device, UID)
    yield ContentWriter({}).root([], Unsigned(AT), device, UID)


def filled(model: type[BaseModel], number: int) -> Any:
    """A model with every field filled in by its type, unchecked: of answers that exclude each other the `number`-th."""
    return _filled(model, "", number, count(1))


def _filled(wanted: Any, path: str, number: int, counter: Iterator[int]) -> Any:
    """A value of a type for the form field at `path`; numbers are all different, so that no change is 0."""
    wanted = _bare(wanted)
    if wanted is Mark:  # its parts depend on its kind
        return MARKS[number % len(MARKS)]
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        below = f"{path}." if path else ""
        fields = {
            name: _filled(each.annotation, f"{below}{name}", number, counter)
            for name, each in wanted.model_fields.items()
        }
        return wanted.model_construct(**fields)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        offered = _offered(wanted, path)
        return offered[number % len(offered)]
    if get_origin(wanted) in (tuple, dict):
        return _several(wanted, path, number, counter)
    simple: Mapping[type, Any] = {str: UID, bool: True, date: DAY, datetime: AT, AwareDatetime: AT}
    if wanted in simple:
        return simple[wanted]
    if wanted in (int, Decimal):
        return wanted(next(counter))
    raise TypeError(f"No value is known for {path}, a field of the type {wanted!r}.")


def _several(wanted: Any, path: str, number: int, counter: Iterator[int]) -> Any:
    """Every answer of an enumeration of which several may be given, paired where it is a mapping; one of all else."""
    first, *second = map(_bare, get_args(wanted))
    if not (isinstance(first, type) and issubclass(first, Enum)):
        values = [_filled(each, path, number, counter) for each in (first, *second) if each is not ...]
        return (values[0],) if get_origin(wanted) is tuple else {values[0]: values[1]}
    offered = _offered(first, path)
    if get_origin(wanted) is tuple:
        return tuple(offered)
    return {each: _filled(second[0], "", number + place, counter) for place, each in enumerate(offered)}


def _offered(answers: type[Enum], path: str) -> list[Any]:
    """The answers that the form offers for a field, all of them where it has no such list."""
    item = item_of_field(path)
    choices = {choice.value for choice in item.choices} if item else set()
    return [each for each in answers if not choices or each.value in choices]


def _bare(wanted: Any) -> Any:
    """A type without what only checks it, and without None."""
    while get_origin(wanted) is Annotated or get_origin(wanted) in (Union, types.UnionType):
        wanted = next(each for each in get_args(wanted) if each is not type(None))
    return wanted
