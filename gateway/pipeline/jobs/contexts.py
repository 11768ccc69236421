"""Looking at what a hospital told and at what the order in the images says, before any reader sees a word of it.

Told texts are compared with everything in the originals that identifies; one that says any of it is withheld. Texts of
the order pass the rules for texts of the de-identification, whole or not at all: half a sentence can say the opposite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement

from gateway import logs
from gateway.errors import GatewayError
from gateway.pipeline.context import StepContext
from gateway.pipeline.steps import originals
from gateway.privacy.deidentify.texts import TextCleaner
from gateway.privacy.identifiers.detection import IdentifierDetector
from gateway.privacy.identifiers.values import UNREADABLE_VALUE, identifying_values
from gateway.records import ledger
from gateway.records.tables.studies import Instance
from gateway.records.views import told_rows
from gateway.reporting.hospital_context import CONTACTS

log = logs.get(__name__)

ORDER: Final = (
    "RequestedProcedureDescription",
    "ReasonForStudy",
    "ReasonForTheRequestedProcedure",
    "AdmittingDiagnosesDescription",
)
"""Attributes in which an order says what is asked (PS3.3 C.4.11, C.7.2.1, C.7.2.2)."""
OF_THE_PATIENT: Final = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientBirthName",
    "PatientMotherBirthName",
    "OtherPatientIDs",
    "OtherPatientNames",
    "OtherPatientIDsSequence",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "AccessionNumber",
)
"""What whom to call must not say; the names of doctors may be among the contacts."""
MOST_SERIES: Final = 200


@dataclass(frozen=True)
class Found:
    """What may not be shown of the told texts, and what may be shown of the order."""

    withheld: tuple[str, ...]
    order: tuple[tuple[str, str], ...]
    order_hidden: int


def look(context: StepContext) -> int:
    """Look at every study that waits for it; returns how many. Twice is the same as once."""
    with context.database.read() as session:
        waiting = told_rows.unlooked(session)
    for study in waiting:
        shown = _looked_at(context, study)
        if shown is None:
            continue
        ledger.keep_looked_at(
            context.database,
            study.study_id,
            study.version,
            study.generation,
            **vars(shown),
        )
    return len(waiting)


def _looked_at(context: StepContext, study: told_rows.Unlooked) -> Found | None:
    """What may be shown of one study: none of its texts, where nothing can be read; None: not now, the disk is away."""
    instances = _one_of_each_series(originals.kept(context.database, study.study_id))
    try:
        headers = originals.headers(context.blobs, instances)
    except GatewayError:
        return Found(tuple(study.texts), (), 0)
    except OSError as error:
        log.warning("told texts cannot be compared", study=study.study_id, problem=type(error).__name__)
        return None
    try:
        return judge(headers, study.texts)
    except UNREADABLE_VALUE as error:  # a header that is not what it claims to be
        log.warning("told texts cannot be compared", study=study.study_id, problem=type(error).__name__)
        return Found(tuple(study.texts), (), 0)


def judge(headers: Sequence[Dataset], texts: Mapping[str, str]) -> Found:
    """Told texts by field against these headers, and the order in them: pure."""
    if not headers:
        return Found(tuple(texts), (), 0)
    values = identifying_values(headers)
    cleaner = TextCleaner(values, None)
    every = IdentifierDetector(values)
    patient = IdentifierDetector(identifying_values([_of_the_patient(one) for one in headers]))
    withheld = tuple(
        name
        for name, text in texts.items()
        if cleaner.are_dropped or (patient if name == CONTACTS else every).in_text(text)
    )
    order: dict[tuple[str, str], None] = {}
    hidden: set[tuple[str, str]] = set()
    for keyword, text in _ordered(headers):
        shown = _whole(cleaner, keyword, text)
        if shown:
            order[keyword, shown] = None
        else:
            hidden.add((keyword, text))
    return Found(withheld, tuple(order), len(hidden))


def _whole(cleaner: TextCleaner, keyword: str, text: str) -> str:
    """A text of the order, when the rules for texts leave all of it; else nothing."""
    element = DataElement(keyword, dictionary_VR(keyword), text)
    cleaned = "" if cleaner.are_dropped else cleaner.cleaned(element)
    return text if cleaned == text else ""


def _ordered(headers: Sequence[Dataset]) -> Iterator[tuple[str, str]]:
    for header in headers:
        for part in (header, *(header.get("RequestAttributesSequence") or ())):
            for keyword in ORDER:
                value = part.get(keyword)
                several = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
                yield from ((keyword, text) for one in several if (text := str(one or "").strip()))


def _of_the_patient(header: Dataset) -> Dataset:
    own = Dataset()
    for keyword in OF_THE_PATIENT:
        if keyword in header:
            own[keyword] = header[keyword]
    return own


def _one_of_each_series(instances: Sequence[Instance]) -> list[Instance]:
    first: dict[str, Instance] = {}
    for instance in instances:
        first.setdefault(instance.series_instance_uid, instance)
    return list(first.values())[:MOST_SERIES]
