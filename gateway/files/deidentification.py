"""`gateway deidentify`: what the pipeline does, over a file or folder; no records, no database.

Two passes, so that only one object and the headers of one study are in memory: the first finds out which file is of
which study, the second de-identifies study by study, searching every copy for the values of its whole study.
Output names are the new SOP Instance UIDs: nothing of an input's name survives.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydicom import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from dicom_nodes.encoding.octets import Octets
from gateway import __version__, clock
from gateway.errors import GatewayError
from gateway.files import dicom_file
from gateway.files.dicom_file import NOT_DICOM
from gateway.files.found_files import NO_DICOM, NO_FILE
from gateway.identity.numbers import subject
from gateway.pipeline.steps.manifest import described, digest_of, faces_described
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.errors import Held
from gateway.privacy.fast.preparer import Preparer
from gateway.privacy.leak_search.search import identifying_values
from gateway.privacy.profile.profile import Profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import LATEST, Scheme
from routing_rules.series.recognition import PROVEN, classify_study

if TYPE_CHECKING:  # loaded only where faces go
    from gateway.faces.cut import Faces
    from gateway.faces.preparer import FacelessPreparer

# ruff: noqa: SIM905 - lists of words read better as text
SIDECARS = frozenset(
    ".txt .md .pdf .json .xml .csv .tsv .log .htm .html .jpg .jpeg .png .gif .ini .inf .exe .zip .md5 .sha256".split()
)
"""Endings of what lies beside images on a medium; a file without DICOM content and without such an ending failed."""
Progress = Callable[[], None]


@dataclass
class FolderResult:
    """What became of every file."""

    rows: dict[Path, dict[str, Any]] = field(default_factory=dict)
    passed_over: dict[Path, str] = field(default_factory=dict)
    held: int = 0
    failed: int = 0
    values: Counter[str] = field(default_factory=Counter)
    files: int = 0
    bytes: int = 0
    hits: int = 0
    faces: list[Faces] | None = field(default=None, repr=False)
    """Of each study, where faces are taken out; None: they stay."""

    @property
    def written(self) -> int:
        """Inputs that have an output."""
        return len(self.rows) - self.held - self.failed

    def manifest(self, profile: Profile, key: PseudonymKey) -> dict[str, Any]:
        """The manifest as JSON; `profile` and `instances` are a contract, the other keys say more."""
        body: dict[str, Any] = {
            "profile": profile.name,
            "instances": [row for _, row in sorted(self.rows.items())],
            "passed_over": [
                {"source": dicom_file.shown(file), "reason": why}
                for file, why in sorted(self.passed_over.items())
            ],
            "profile_applied": described(profile),
            "faces": faces_described(self.faces),
            "leak_gate": {
                "values_searched": dict(sorted(self.values.items())),
                "files": self.files,
                "bytes": self.bytes,
                "hits": self.hits,
            },
            "counts": {"written": self.written, "held": self.held, "failed": self.failed},
            "software": {"name": "pml-gateway", "version": __version__},
            "key_id": key.key_id,
            "made_at": clock.now().isoformat(timespec="seconds"),
        }
        return {**body, "sha256": digest_of(body)}


def files_of(source: Path, target: Path) -> list[Path]:
    """The files to look at, in order; raises GatewayError when input and output are not apart."""
    if not source.exists():
        raise GatewayError(f"There is no {source}.", "Name a file or folder that exists.")
    one, other = source.resolve(), target.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise GatewayError(
            "The output folder and the input contain one another.",
            "Name a folder that lies elsewhere: originals and copies must never be mixed up.",
        )
    return sorted(file for file in source.rglob("*") if not file.is_dir()) if source.is_dir() else [source]


class FolderRun:
    """De-identifies files into one folder with one profile and one key; `tick` is called twice for each file."""

    def __init__(
        self,
        target: Path,
        profile: Profile,
        key: PseudonymKey,
        *,
        site: str = "default",
        scheme: Scheme = LATEST,
        no_patient_ids: Collection[str] = (),
        deface: bool = False,
        tick: Progress,
    ) -> None:
        self.deface = deface
        self.target, self.profile, self.tick = target, profile, tick
        self.derived, self.no_patient_ids = key.of(site, scheme), no_patient_ids
        self.result = FolderResult(faces=[] if deface else None)
        self._written: dict[str, tuple[str, Path]] = {}

    def run(self, files: Sequence[Path]) -> FolderResult:
        """Every file, study by study; what cannot be read or written is listed, and the others go on.

        Raises LibrariesMissing before anything is written where faces are to be taken out and cannot be.
        """
        if self.deface:
            from gateway.faces.missing import refuse_if_missing

            refuse_if_missing()
        try:
            self.target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GatewayError(
                f"{self.target} cannot be made ({error.strerror}).", "Name another folder."
            ) from None
        studies: dict[str, list[Path]] = {}
        for file in files:
            study = self._study_of(file)
            self.tick()
            if study is not None:
                studies.setdefault(study, []).append(file)
            else:
                self.tick()
        for members in studies.values():
            self._study(members)
        return self.result

    def _study_of(self, file: Path) -> str | None:
        """The Study Instance UID ("" when it has none), or None when the file is judged already."""
        if not file.is_file():  # opening a pipe would wait for its writer
            self.result.passed_over[file] = NO_FILE
            return None
        try:
            header = dicom_file.header(file, ("StudyInstanceUID", "SOPClassUID"))
        except OSError as error:
            self._failed(file, f"The file cannot be read ({error.strerror}).")
            return None
        except NOT_DICOM as error:
            if dicom_file.is_dicom(file):
                self._failed(file, dicom_file.why_unusable(file, error))
            elif file.suffix.lower() in SIDECARS or file.name.startswith("."):
                self.result.passed_over[file] = NO_DICOM
            else:
                self._failed(file, "Not a DICOM file, or damaged at its beginning.")
            return None
        meta = getattr(header, "file_meta", Dataset())
        if MediaStorageDirectoryStorage in (meta.get("MediaStorageSOPClassUID"), header.get("SOPClassUID")):
            self.result.passed_over[file] = (
                "A DICOMDIR: the directory of a medium, no object; it names patients."
            )
            return None
        return str(header.get("StudyInstanceUID", "") or "")

    def _study(self, files: Sequence[Path]) -> None:
        headers = dict(self._headers(files))
        series = classify_study(list(headers.values()))
        kinds = {one.series_instance_uid: str(one.kind) for one in series if one.confidence >= PROVEN}
        faces = self._faces(headers, {one.series_instance_uid: str(one.kind) for one in series})
        patients = {file: self._patient(header) for file, header in headers.items()}
        shifts = {patient.date_shift_days for patient in patients.values()}
        # With two patients in one study no date may be excused as the other one's replacement.
        values = identifying_values(headers.values(), shifts.pop() if len(shifts) == 1 else None)
        self.result.values.update(str(value.kind) for value in values)
        preparers: dict[PatientContext, Preparer | FacelessPreparer] = {}

        def preparer_of(file: Path) -> Preparer | FacelessPreparer:
            patient = patients.get(file) or self._patient(dicom_file.whole(file))
            if patient not in preparers:
                keeping = Preparer(self.profile, patient, values, dicom_file.parsed)
                preparers[patient] = keeping if faces is None else _faceless(keeping, faces)
            return preparers[patient]

        for file in files:
            self._one(file, kinds, preparer_of)
            self.tick()

    def _faces(self, headers: Mapping[Path, Dataset], kinds: Mapping[str, str]) -> Faces | None:
        """What takes faces out of a study's objects, where that is asked for."""
        if not self.deface:
            return None
        from gateway.faces.study import faces_of

        found = faces_of(
            headers.items(), lambda header: kinds.get(str(header.get("SeriesInstanceUID", ""))), _with_pixels
        )
        self.result.faces = [*(self.result.faces or ()), found]
        return found

    @staticmethod
    def _headers(files: Sequence[Path]) -> Iterator[tuple[Path, Dataset]]:
        for file in files:
            with suppress(OSError, *NOT_DICOM):  # told when its turn comes
                yield file, dicom_file.header(file)

    def _one(
        self, file: Path, kinds: dict[str, str], preparer_of: Callable[[Path], Preparer | FacelessPreparer]
    ) -> None:
        try:
            done = preparer_of(file).prepare(
                file.read_bytes(), lambda header: kinds.get(str(header.get("SeriesInstanceUID", "")))
            )
        except Held as held:
            self.result.held += 1
            self._row(file, reason=f"{held.problem} {held.fix}")
            return
        except NOT_DICOM as error:
            self._failed(file, dicom_file.why_unusable(file, error))
            return
        except OSError as error:
            self._failed(file, f"The file cannot be read ({error.strerror}).")
            return
        self.result.files += 1
        self.result.bytes += len(done.file)
        self.result.hits += len(done.leaks)
        if done.leaks:
            self.result.held += 1
            where = sorted({f"{leak.attribute} at byte {leak.offset}" for leak in done.leaks})
            self._row(file, reason=f"The copy still held identifying values: {', '.join(where[:10])}.")
            return
        self._write(file, done.sop_instance_uid, done.file, dict(done.actions))

    def _write(self, file: Path, uid: str, data: Octets, actions: dict[str, int]) -> None:
        output = self.target / f"{uid}.dcm"
        digest = hashlib.sha256(data).hexdigest()
        if uid in self._written and self._written[uid][0] != digest:
            first = dicom_file.shown(self._written[uid][1])
            self._failed(
                file,
                f"Another object has the same SOP Instance UID and other content ({first});"
                " that one was written, this one was not.",
            )
            return
        if uid not in self._written:
            try:
                _replace(output, data)
            except OSError as error:
                raise GatewayError(
                    f"{output} cannot be written ({error.strerror}).", "Free space, or name another folder."
                ) from None
            self._written[uid] = digest, file
        self._row(file, output=output, actions=actions)

    def _patient(self, header: Dataset) -> PatientContext:
        issuer, patient_id, study = (
            str(header.get(keyword, "") or "").strip(" \0")
            for keyword in ("IssuerOfPatientID", "PatientID", "StudyInstanceUID")
        )
        alias = self.derived.alias(subject(issuer, patient_id, study, self.no_patient_ids))
        return PatientContext(alias.pseudonym, alias.date_shift_days, self.derived)

    def _failed(self, file: Path, reason: str) -> None:
        self.result.failed += 1
        self._row(file, reason=reason)

    def _row(
        self,
        file: Path,
        *,
        output: Path | None = None,
        reason: str | None = None,
        actions: dict[str, int] | None = None,
    ) -> None:
        self.result.rows[file] = {
            "source": dicom_file.shown(file),
            "output": str(output) if output else None,
            "reason": reason,
            "actions": actions or {},
        }


def _with_pixels(file: Path) -> Dataset:
    """An object whose face is looked for; raises Held when it cannot be read whole."""
    from gateway.faces.slices import not_cut

    try:
        return dicom_file.whole(file)
    except (OSError, *NOT_DICOM):
        raise not_cut("its file cannot be read whole") from None


def _faceless(keeping: Preparer, faces: Faces) -> FacelessPreparer:
    from gateway.faces.preparer import FacelessPreparer

    return FacelessPreparer(keeping, faces, dicom_file.parsed)


def _replace(path: Path, data: Octets) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
