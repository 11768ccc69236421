"""Copies of objects without their faces: each is cut, prepared like all others, and proven on what was prepared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydicom.dataset import Dataset

from dicom_nodes.encoding.octets import Octets
from gateway.faces.cut import Faces, derived, proven, without_face
from gateway.privacy.deidentify.admission import refuse_if_held
from gateway.privacy.deidentify.part10 import refuse_unknown_syntax
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.fast.assembler import KindOf
from gateway.privacy.fast.preparer import Prepared, Preparer, Written, held_if_it_cannot_be
from gateway.quiet_pydicom import silent_pydicom

GONE = "PixelData: face taken out"
NOT_IN_IT = "PixelData: no face in the picture"


class FacelessPreparer:
    """As `Preparer`; `keeping` prepares what a person released although its face cannot be taken out."""

    def __init__(self, keeping: Preparer, faces: Faces, read: Callable[[bytes], Dataset]) -> None:
        self._keeping, self._faces, self._read = keeping, faces, read
        self._faceless = keeping.under(keeping.profile.with_faces_out())

    def prepare(
        self,
        data: Octets,
        kind_of: KindOf,
        *,
        released: bool = False,
        with_face: bool = False,
        written: Written = b"".join,
    ) -> Prepared:
        """One Part 10 file without its face, with what `Preparer.prepare` does; raises Held.

        `with_face`: who released it was told that its face stays; without, a release is for other reasons.
        """
        original = self._read(data[:])
        with silent_pydicom():
            refuse_unknown_syntax(original)
            try:
                return self._without_face(original, data, kind_of, released, written)
            except Held as why:
                if why.reason is not HeldReason.FACE:
                    raise
                face = why
            if released and with_face:
                return self._keeping.prepare(data, kind_of, released=True, written=written)
            raise self._all_that_stops(original, face)

    def _without_face(
        self, original: Dataset, data: Octets, kind_of: KindOf, released: bool, written: Written
    ) -> Prepared:
        with held_if_it_cannot_be("cut"):
            cut = without_face(original, self._faces)
            marked = derived(original) if cut is None else cut
        done = self._faceless.prepare(
            data if marked is None else marked, kind_of, released=released, written=written
        )
        if done.leaks:
            return done
        with held_if_it_cannot_be("compared"):
            proven(self._read(data[:]), self._read(done.file[:]), self._faces)  # both read anew
        what = NOT_IN_IT if cut is None else GONE
        return replace(done, actions=dict(sorted({**done.actions, what: 1}.items())))

    def _all_that_stops(self, original: Dataset, face: Held) -> Held:
        """`face`, with whatever else stops the object: who releases it has to know of both."""
        try:
            refuse_if_held(original, self._keeping.profile)
        except Held as other:
            if not other.releasable:
                return other
            return Held(f"{other.problem} {face.problem}", other.fix, reason=other.reason, releasable=True)
        return face
