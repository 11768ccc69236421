"""PixelData as `deidentify` leaves it, uncopied but for text beside compressed pixels."""

from __future__ import annotations

from pydicom.pixels.utils import get_expected_length

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes, applied
from dicom_nodes.encoding.codestreams.pixel_data import account
from dicom_nodes.encoding.elements import Element, NotTaken
from dicom_nodes.encoding.headers import ENCODED_SEQUENCE_END, UNDEFINED
from dicom_nodes.encoding.octets import Octets
from gateway.decoding.walks import WALK
from gateway.privacy.deidentify.pixel_data import BLANKED, frame_shape, is_zero
from gateway.privacy.fast.decider import Decider
from gateway.privacy.fast.memo import NestingLevel, bulk_head, dataset_of, keeps
from gateway.privacy.identifiers.values import UNREADABLE_VALUE

_MOST_REMEMBERED = 1_000


class Pixels:
    """The pixels of many objects; remembers how long those are that are described by the same attributes."""

    def __init__(self) -> None:
        self._lengths: dict[bytes, int | None] = {}

    def pieces(
        self,
        data: Octets,
        pixels: Element,
        described: bytes,
        level: NestingLevel,
        decider: Decider,
        counts: list[str],
        *,
        syntax: str,
        compressed: bool,
    ) -> list[bytes | memoryview]:
        """What is written of `pixels`; `described`: the elements (0028,0002) to (0028,0103) as read."""
        encapsulated = pixels.end != pixels.stop
        length = pixels.stop - pixels.value
        if encapsulated != compressed or length % 2 or not length:
            raise NotTaken
        edits: tuple[Edit, ...] = ()
        if encapsulated:
            shape = frame_shape(dataset_of(level, described))
            try:
                edits = account(data, pixels.value, pixels.stop, syntax, shape, WALK).edits
            except UnaccountedBytes:
                raise NotTaken from None
        else:
            expected = self._expected_length(level, described)
            if expected is not None and (
                length < expected or not is_zero(data, pixels.value + expected, pixels.stop)
            ):
                raise NotTaken
        plan = decider.bulk_plan(level, pixels)
        counts += plan.counts
        if edits:
            counts.append(BLANKED)
        if plan.out is None:
            return []
        if not keeps(plan):
            raise NotTaken
        head = bulk_head(plan, UNDEFINED if encapsulated else length)
        body = applied(data, pixels.value, pixels.stop, edits)
        return [head, *body, ENCODED_SEQUENCE_END] if encapsulated else [head, *body]

    def _expected_length(self, level: NestingLevel, described: bytes) -> int | None:
        """Bytes of pixels these attributes describe, padding included; None where they do not say."""
        if described not in self._lengths:
            if len(self._lengths) > _MOST_REMEMBERED:
                self._lengths.clear()
            try:
                expected = get_expected_length(dataset_of(level, described), unit="bytes")
                self._lengths[described] = expected + expected % 2
            except UNREADABLE_VALUE:
                self._lengths[described] = None
        return self._lengths[described]
