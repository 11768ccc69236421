"""Read models of what was made of a case's copies to be looked at, and of what was received beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.pictures import FAILED, MADE, CasePictures

FOLDER = "pictures"
"""Of the object store: `pictures/{case}/{version}/`; it goes with the copies of a case."""


@dataclass(frozen=True)
class PictureRow:
    """What there is of the pictures of a case."""

    version: str
    """Of the copies that the index is of."""
    index_blob: str
    volumes: Mapping[str, str]
    """Stack -> why it has no volume; empty: it has one."""
    is_over: bool
    """Nothing more comes by itself."""
    problem: str


@dataclass(frozen=True)
class CopiesOf:
    """The copies of a case, and the version that pictures of them have."""

    copies: tuple[PreparedInstance, ...]
    version: str
    pictures: PictureRow | None
    """Of this version; None: none yet, or those of other copies."""
    is_wanted: bool
    """Somebody has asked for them: pages need not ask."""


def copies_of(session: Session, case_id: int) -> CopiesOf:
    """The copies of a case with what was made of them; none of a case that was forgotten."""
    case = session.get(Case, case_id)
    if case is None or case.forgotten_at is not None:
        return CopiesOf((), version_of("", ()), None, True)
    copies = tuple(
        session.exec(
            select(PreparedInstance)
            .where(PreparedInstance.case_id == case_id)
            .order_by(col(PreparedInstance.id))
        )
    )
    version = version_of(str(case.manifest.get("digest", "")), copies)
    row = session.get(CasePictures, case_id)
    pictures = None
    if row is not None and (row.version == version or row.state == FAILED):
        is_current = row.version == version
        pictures = PictureRow(
            version,
            row.index_blob if is_current else "",
            dict(row.volumes) if is_current else {},
            row.state in (MADE, FAILED),
            row.problem,
        )
    return CopiesOf(copies, version, pictures, row is not None or not copies)


def version_of(manifest: str, copies: Sequence[PreparedInstance]) -> str:
    """Names these copies: by the digest of their manifest, which has that of each, and by where they lie."""
    names = "\n".join((manifest, *(f"{copy.blob} {copy.sop_instance_uid}" for copy in copies)))
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def folder_of(case_id: int, version: str = "") -> str:
    """Where the files of a case lie; of one version."""
    return f"{FOLDER}/{case_id}/{version}" if version else f"{FOLDER}/{case_id}"


def index_key(case_id: int, version: str) -> str:
    """The key of the index."""
    return f"{folder_of(case_id, version)}/index.json"


def volume_key(case_id: int, version: str, stack: str) -> str:
    """The key of the volume of a stack; what a reader of parts has to know lies beside it (`parts_key`)."""
    return f"{folder_of(case_id, version)}/{stack}.nii.gz"


def parts_key(case_id: int, version: str, stack: str) -> str:
    """The key of where the parts of a volume begin."""
    return f"{folder_of(case_id, version)}/{stack}.parts.json"
