"""The de-identification manifest of a case: what was done, to how many, what stayed here, and that it was proven clean.

It holds nothing that identifies a patient: originals are named by the gateway's own instance numbers, outputs by their
derived UIDs, and the only date is the gateway's own. The digest is SHA-256 over the canonical JSON (keys sorted, no
spaces, UTF-8) of everything but `sha256` itself; `verify` recomputes it. PS3.15 E.1.1 asks for such a record.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway import __version__
from gateway.privacy.leak_search.search import IdentifyingValue
from gateway.privacy.profile.profile import Profile
from gateway.privacy.profile.table_e1_1 import METHOD_CODES
from gateway.records.step_record import NewPreparedInstance

if TYPE_CHECKING:
    from gateway.faces.cut import Faces

FORMAT = "pml-gateway de-identification manifest"
FORMAT_VERSION = 2
"""2: without the moment it was made, which its row has: readers take it, and see no arrival beside a shifted date."""
KEEP: Final = "keep"
_WHY_KEPT: Final = (
    "A reading for PML needs the whole cortex, and the copies go to named readers under contract; that nobody can be"
    " recognised in them is not claimed."
)


@dataclass(frozen=True)
class Stayed:
    """One object that may not leave by itself, with what was decided about it (`decision` as in the records)."""

    source: int
    series_number: int | None
    kind: str
    what: str
    reason: str
    problem: str
    decision: str
    decided_by: str


class ManifestBuilder:
    """Takes in one output after the other."""

    def __init__(self) -> None:
        self.actions: Counter[str] = Counter()
        self.instances: list[dict[str, Any]] = []
        self._digests: dict[tuple[tuple[str, int], ...], str] = {}
        self.files = self.bytes = 0

    def searched(self, size: int) -> None:
        """Count a file of so many bytes that the leak gate searched."""
        self.files += 1
        self.bytes += size

    def add(self, copy: NewPreparedInstance, actions: Mapping[str, int], file_sha256: str) -> None:
        """Note a copy that may leave, what was done for it, and its digest."""
        self.actions.update(actions)
        done = tuple(actions.items())  # the same for most objects of a series
        if done not in self._digests:
            self._digests[done] = digest_of(dict(done))
        self.instances.append(
            {
                "source": copy.instance_id,
                "output": copy.sop_instance_uid,
                "sop_class": copy.sop_class_uid,
                "actions_sha256": self._digests[done],
                "file_sha256": file_sha256,
            }
        )

    def build(
        self,
        *,
        case_id: int,
        generation: int,
        profile: Profile,
        key_id: str,
        faces: Mapping[str, Any],
        values: Collection[IdentifyingValue],
        stayed: Iterable[Stayed],
    ) -> dict[str, Any]:
        """The finished manifest with its digest; there was no hit, or nothing would have been prepared."""
        body: dict[str, Any] = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "case": case_id,
            "generation": generation,
            "software": {"name": "pml-gateway", "version": __version__},
            "key_id": key_id,
            "profile": described(profile),
            "faces": dict(faces),
            "attributes": dict(sorted(self.actions.items())),
            "instances": self.instances,
            "held": [vars(one) for one in stayed],
            "leak_gate": {
                "values_searched": dict(sorted(Counter(str(value.kind) for value in values).items())),
                "files": self.files,
                "bytes": self.bytes,
                "hits": 0,
            },
        }
        return {**body, "sha256": digest_of(body)}


def described(profile: Profile) -> dict[str, Any]:
    """A profile as a manifest names it: version, fingerprint, and the options applied with their codes of CID 7050."""
    return {
        "name": profile.name,
        "version": profile.version,
        "fingerprint": profile.fingerprint,
        "options": [
            {"code": code, "scheme": "DCM", "meaning": meaning} for code, meaning in profile.method_codes()
        ],
    }


def faces_described(studies: Sequence[Faces] | None) -> dict[str, Any]:
    """What became of faces, as a manifest names it; which copies have none stands in their actions."""
    if studies is None:
        return {"mode": KEEP, "why": _WHY_KEPT}
    code, meaning = METHOD_CODES["clean_recognizable_visual_features"]
    return {
        "mode": "deface",
        "option": {"code": code, "scheme": "DCM", "meaning": meaning},
        "brains_ml": [
            round(planes.brain.millilitres) for faces in studies for planes in faces.planes.values()
        ],
        "without_a_brain": sum(len(faces.why_not) for faces in studies),
        "series_elsewhere": sum(len(faces.elsewhere) for faces in studies),
    }


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one way to write this JSON."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


def verify(content: Mapping[str, Any]) -> bool:
    """Whether a manifest is word for word what was written."""
    body = {key: value for key, value in content.items() if key != "sha256"}
    return content.get("sha256") == digest_of(body)
