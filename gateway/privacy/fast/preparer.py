"""Many objects of one study prepared fast: de-identified, encoded and searched for leaks, from bytes to bytes.

The result is byte for byte that of `encode(deidentify(...).dataset)` and `find_leaks`; `deidentify` decides
everything, here its answers are put together (`assembler`). Objects the walk over byte ranges does not take (other
encodings, anything that is not plainly well-formed, whatever has to be held) go through it whole; `whole`
counts them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_nodes.data_sets import data_set_of
from dicom_nodes.encoding.elements import NotTaken
from dicom_nodes.encoding.octets import Octets
from gateway.privacy.deidentify.attributes import PatientContext
from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.fast.assembler import Assembled, Assembler, CopyDescription, KindOf
from gateway.privacy.identifiers.values import UNREADABLE_VALUE, IdentifyingValue
from gateway.privacy.leak_search.search import Leak, LeakSearch
from gateway.privacy.profile.profile import Profile
from gateway.quiet_pydicom import silent_pydicom

_what_was_done: Callable[[CopyDescription], tuple[Any, ...]] = attrgetter(
    *(one.name for one in fields(CopyDescription))
)
UNREADABLE_FILE: Final = (InvalidDicomError, zlib.error, *UNREADABLE_VALUE)

Read = Callable[[bytes], Dataset]
"""How a whole file is read when it does not go by byte ranges; what it raises goes to the caller."""
Written = Callable[[Sequence[bytes | memoryview]], Octets]
"""Puts a copy together of its pieces, in memory or on disk."""


@dataclass(frozen=True)
class Prepared(CopyDescription):
    """One object that may leave when `leaks` is empty: a whole Part 10 file."""

    file: Octets = field(repr=False)
    leaks: tuple[Leak, ...]


class Preparer:
    """Prepares the objects of one patient in one study; `values` are what its leak search looks for.

    It keeps identifying values in memory while it lives, as `values` does. Not for several threads at once.
    """

    def __init__(
        self,
        profile: Profile,
        patient: PatientContext,
        values: Collection[IdentifyingValue],
        read: Read | None = None,
    ) -> None:
        self.profile, self.patient, self._values = profile, patient, values
        self.search = LeakSearch(values)
        self._read = read or _read
        self.whole = 0
        """Objects that went through `deidentify`."""
        self._assembler = Assembler(profile, patient)

    def under(self, profile: Profile) -> Preparer:
        """Another one for the same objects, under another profile."""
        return Preparer(profile, self.patient, self._values, self._read)

    def prepare(
        self,
        data: Octets,
        kind_of: KindOf,
        *,
        released: bool = False,
        with_face: bool = True,  # noqa: ARG002  all of these keep theirs
        written: Written = b"".join,
    ) -> Prepared:
        """One Part 10 file de-identified, encoded and searched; raises Held as `deidentify` does.

        With `data` and what `written` gives on the disk, no more is in memory than the header and a few blocks, unless
        the object goes through `deidentify`.
        """
        done: Assembled | None = None
        with suppress(NotTaken, Held, *UNREADABLE_VALUE), silent_pydicom():
            done = self._assembler.assemble(data, kind_of, released=released)
        # Only now, not while the error is handled: its text may quote a value, and no other error may carry it along.
        if done is None:
            self.whole += 1
            done = self._whole(data[:], kind_of, released)
        file = written(done.pieces)
        return Prepared(*(*_what_was_done(done), file, tuple(self.search.leaks(file))))

    def _whole(self, data: bytes, kind_of: KindOf, released: bool) -> Assembled:
        """By `deidentify`."""
        with silent_pydicom():
            original = self._read(data)
            kind = kind_of(original)
        done = deidentify(original, self.patient, self.profile, kind, released=released)
        new = done.dataset
        with held_if_it_cannot_be("written again"):
            file = encode(new)
        return Assembled(
            done.actions,
            done.uids,
            str(new.SOPClassUID),
            str(new.SOPInstanceUID),
            str(new.StudyInstanceUID),
            str(new.file_meta.TransferSyntaxUID),
            str(new.get("StudyDate", "") or ""),
            (file,),
        )


@contextmanager
def held_if_it_cannot_be(done: str) -> Iterator[None]:
    """Bytes in memory: what fails here lies in them, OSError for a value that ends too early included."""
    try:
        yield
    except UNREADABLE_FILE as error:
        raise Held(
            f"The object cannot be {done} ({type(error).__name__}).",
            "Ask the sender to send it again, or leave it out.",
            reason=HeldReason.UNREADABLE,
        ) from None


def _read(data: bytes) -> Dataset:
    with held_if_it_cannot_be("read"):
        return data_set_of(data)
