"""The copies of a share of a case's instances: made, proven clean and kept.

What is to do and what came of it are plain records, because large studies are shared among processes (`cores`).
A large object and its copy stay on the disk, unless it has to be read whole (`fast.preparer`); of others one of each
is in memory at a time, besides what waits for the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pydicom import Dataset

from dicom_nodes.encoding.octets import MappedFile
from gateway.pipeline.steps import held_objects, originals
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.errors import Held
from gateway.privacy.fast.identifying_values import StudyValues, Values
from gateway.privacy.fast.preparer import Prepared, Preparer, Written
from gateway.privacy.leak_search.search import IdentifyingValue, Leak
from gateway.privacy.profile.profile import Profile
from gateway.records.blobs import BlobStore
from gateway.records.step_record import NewPreparedInstance

if TYPE_CHECKING:  # loaded only where faces go
    from gateway.faces.cut import Faces
    from gateway.faces.preparer import FacelessPreparer


@dataclass(frozen=True)
class Original:
    """A received instance, by its row's number; `released`: a person let out what the profile holds.

    `with_face`: who did was told that its face cannot be taken out.
    """

    instance_id: int
    blob: str
    released: bool
    with_face: bool = False


@dataclass(frozen=True)
class Share:
    """Instances of a case, and all that decides about their copies; `kinds` and `proven` (for sure) by SeriesNumber."""

    blobs: BlobStore
    case_id: int
    profile: Profile
    patient: PatientContext
    values: frozenset[IdentifyingValue] = field(repr=False)
    kinds: Mapping[str, str]
    proven: Mapping[str, str]
    originals: Sequence[Original]
    faces: Faces | None = field(default=None, repr=False)
    """What takes faces out of the copies; None: they stay."""

    def kind(self, header: Dataset) -> str | None:
        """The kind of the series an object is of."""
        return self.kinds.get(str(held_objects.series_number(header))) or None

    def proven_kind(self, header: Dataset) -> str | None:
        """The kind, where attributes prove it: what a copy may say."""
        return self.proven.get(str(held_objects.series_number(header))) or None


@dataclass(frozen=True)
class Copy:
    """A copy that may leave and is on disk; `size` in bytes, `actions` counted by name."""

    prepared: NewPreparedInstance
    study_instance_uid: str
    study_date: str
    size: int
    sha256: str
    actions: Mapping[str, int]

    @property
    def instance_id(self) -> int:
        """The instance it is a copy of."""
        return self.prepared.instance_id


@dataclass(frozen=True)
class Withheld:
    """An instance the profile, or its own damage, keeps here: what `Held` says."""

    instance_id: int
    problem: str
    fix: str
    reason: str
    releasable: bool

    @property
    def why(self) -> Held:
        """The error it was."""
        return Held(self.problem, self.fix, reason=self.reason, releasable=self.releasable)


@dataclass(frozen=True)
class Leaking:
    """An instance whose copy of `size` bytes still holds identifying values; nothing of it was kept."""

    instance_id: int
    size: int
    leaks: tuple[Leak, ...]


def values_in(blobs: BlobStore, keys: Sequence[str]) -> Values:
    """Every identifying value of every object that can be read."""
    found = StudyValues()
    for key in keys:
        with suppress(Held):  # such an object is not prepared either
            found.add(blobs.view(key), originals.parsed)
    return found.found


def copies_of(share: Share) -> list[Copy | Withheld | Leaking]:
    """What became of each original, in order; the copies are on disk then. Raises OSError."""
    preparer = _preparer(share)
    copies: list[Copy | Withheld | Leaking] = []
    folder = f"prepared/{share.case_id}"
    with share.blobs.batch() as batch:
        on_disk = partial(batch.written, folder)
        for original in share.originals:
            data = share.blobs.view(original.blob)
            written: Written = on_disk if isinstance(data, MappedFile) else b"".join
            try:
                done = preparer.prepare(
                    data,
                    share.proven_kind,
                    released=original.released,
                    with_face=original.with_face,
                    written=written,
                )
            except Held as why:
                copies.append(
                    Withheld(original.instance_id, why.problem, why.fix, why.reason, why.releasable)
                )
                continue
            if done.leaks:
                copies.append(Leaking(original.instance_id, len(done.file), done.leaks))
                continue
            blob = f"{folder}/{done.sop_instance_uid}.dcm"
            batch.put(blob, done.file)
            copies.append(_copy(original, done, blob))
    return copies


def _preparer(share: Share) -> Preparer | FacelessPreparer:
    keeping = Preparer(share.profile, share.patient, share.values, originals.parsed)
    if share.faces is None:
        return keeping
    from gateway.faces.preparer import FacelessPreparer

    return FacelessPreparer(keeping, share.faces, originals.parsed)


def _copy(original: Original, done: Prepared, blob: str) -> Copy:
    return Copy(
        NewPreparedInstance(
            original.instance_id,
            done.sop_class_uid,
            done.sop_instance_uid,
            done.transfer_syntax_uid,
            blob,
        ),
        done.study_instance_uid,
        done.study_date,
        len(done.file),
        hashlib.sha256(done.file).hexdigest(),
        dict(done.actions),
    )
