"""Read models of what was made of a case's copies to be looked at, and of what was received beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.lifecycle import Standing
from gateway.records.accounts import Viewer
from gateway.records.ledger.pictures.making import is_over
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import FAILED, MADE, CasePictures
from gateway.records.tables.studies import Instance

FORMAT = 2
"""Of the stored index: one more when what it says, or the order of pictures, becomes another."""
FOLDER = "pictures"
"""Of the object store: `pictures/{case}/{version}/`; it goes with the copies of a case."""


@dataclass(frozen=True)
class PictureRow:
    """What there is of the pictures of a case."""

    version: str
    """Of the copies that the index is of; what is made of other copies begins with nothing."""
    index_blob: str
    volumes: Mapping[str, str]
    """Stack -> why it has no volume; empty: it has one."""
    is_over: bool
    """Nothing more comes by itself."""
    problem: str


@dataclass(frozen=True)
class CopiesOf:
    """The copies of a case, and what was made of them to be looked at."""

    case_id: int
    copies: tuple[PreparedInstance, ...]
    """Not read where there is an index, unless all are asked for: it names them."""
    version: str
    """Of the copies; pictures of others have another one."""
    pictures: PictureRow | None
    """None: they were never wanted."""

    @property
    def index_blob(self) -> str:
        """The key of the index of these copies; empty: none yet."""
        return self.pictures.index_blob if self.pictures is not None else ""


def copies_of(session: Session, case_id: int) -> CopiesOf:
    """The copies of a case, all of them, with what was made of these; none of a case that was forgotten."""
    case = session.get(Case, case_id)
    if case is None or case.forgotten_at is not None:
        return CopiesOf(case_id, (), version_of("", ()), None)
    copies = tuple(
        session.exec(
            select(PreparedInstance)
            .where(PreparedInstance.case_id == case_id)
            .order_by(col(PreparedInstance.id))
        )
    )
    version = version_of(str(case.manifest.get("digest", "")), copies)
    return CopiesOf(case_id, copies, version, _pictures(session, case_id))


def shown_copies(session: Session, viewer: Viewer, case_id: int) -> CopiesOf | None:
    """The same for pages, which ask often; None for a case that the viewer may not see, as if there were none."""
    case = session.get(Case, case_id)
    if case is None or (viewer.site and case.site != viewer.site):
        return None
    pictures = _pictures(session, case_id)
    if case.forgotten_at is None and pictures is not None and pictures.index_blob:
        return CopiesOf(case_id, (), pictures.version, pictures)
    return copies_of(session, case_id)


def _pictures(session: Session, case_id: int) -> PictureRow | None:
    row = session.get(CasePictures, case_id)
    if row is None:
        return None
    is_over = row.state in (MADE, FAILED)
    return PictureRow(row.version, row.index_blob, dict(row.volumes), is_over, row.problem)


def oldest_of_cases_over(session: Session, besides: int) -> int | None:
    """The case that is over, other than this one, whose pictures were made the longest time ago."""
    return session.exec(
        select(CasePictures.case_id)
        .join(Case, col(Case.id) == col(CasePictures.case_id))
        .where(*is_over(), CasePictures.case_id != besides)
        .order_by(col(CasePictures.made_at), col(CasePictures.case_id))
        .limit(1)
    ).first()


def received_objects(session: Session, study_id: int) -> int:
    """How many objects a study is read from."""
    return session.exec(
        select(func.count())
        .select_from(Instance)
        .where(Instance.study_id == study_id, Instance.standing == Standing.IN_FORCE)
    ).one()


def version_of(manifest: str, copies: Sequence[PreparedInstance]) -> str:
    """Names these copies: by the digest of their manifest, which has that of each, and by where they lie.

    Browsers keep pictures and volumes under it.
    """
    names = "\n".join((f"{FORMAT} {manifest}", *(f"{copy.blob} {copy.sop_instance_uid}" for copy in copies)))
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def folder_of(case_id: int, version: str = "") -> str:
    """Where the files of a case lie; of one version."""
    return f"{FOLDER}/{case_id}/{version}" if version else f"{FOLDER}/{case_id}"


def index_key(case_id: int, version: str) -> str:
    """The key of the index."""
    return f"{folder_of(case_id, version)}/index-{FORMAT}.json"


def volume_key(case_id: int, version: str, stack: str) -> str:
    """The key of the volume of a stack; what a reader of parts has to know lies beside it (`parts_key`)."""
    return f"{folder_of(case_id, version)}/{stack}.nii.gz"


def parts_key(case_id: int, version: str, stack: str) -> str:
    """The key of where the parts of a volume begin."""
    return f"{folder_of(case_id, version)}/{stack}.parts.json"


def change_name(prior_case_id: int) -> str:
    """What a map of change is called among the volumes of its case: no stack has such a name."""
    return f"change-{prior_case_id}"


def change_of(session: Session, case_id: int, prior_case_id: int) -> CaseChangeMap | None:
    """The map of a case against a prior one; None: it was never wanted."""
    return session.get(CaseChangeMap, (case_id, prior_case_id))
