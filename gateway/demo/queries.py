"""C-FIND matching of the demo archive (PS3.4 C.2.2.2): single value, wildcard, list of UIDs, range, universal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue

from gateway.demo.file_store import StoredFile

LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
_UNIQUE_KEY = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
# Keys that describe the request or are counted over a group, so never compared with one header.
_NOT_MATCHED = frozenset(
    {
        "QueryRetrieveLevel",
        "SpecificCharacterSet",
        "RetrieveAETitle",
        "InstanceAvailability",
        "TimezoneOffsetFromUTC",
        "ModalitiesInStudy",
        "SOPClassesInStudy",
        "NumberOfPatientRelatedStudies",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
        "NumberOfSeriesRelatedInstances",
    }
)
_RANGE_VRS = frozenset({"DA", "TM", "DT"})
_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT", "IS", "DS"})


class BadQuery(Exception):
    """The identifier does not match the SOP class (status A900)."""


def level_of(identifier: Dataset) -> str:
    """The query level; raises BadQuery when it is missing or unknown."""
    level = str(identifier.get("QueryRetrieveLevel", "")).strip().upper()
    if level not in LEVELS:
        raise BadQuery(f"QueryRetrieveLevel {level!r} is not one of {', '.join(LEVELS)}.")
    return level


def select(files: Iterable[StoredFile], identifier: Dataset) -> tuple[StoredFile, ...]:
    """Every stored instance that matches all keys of the identifier, whatever its level."""
    keys = [element for element in identifier if _is_key(element)]
    modalities = _values(identifier, "ModalitiesInStudy")
    matching = tuple(file for file in files if all(_matches(key, file.header) for key in keys))
    if modalities:
        studies = {
            file.study_instance_uid for file in matching if str(file.header.get("Modality", "")) in modalities
        }
        matching = tuple(file for file in matching if file.study_instance_uid in studies)
    return matching


def answers(files: Sequence[StoredFile], identifier: Dataset, ae_title: str) -> list[Dataset]:
    """One answer per patient, study, series or instance, with the attributes the query asked for."""
    level = level_of(identifier)
    everything = tuple(files)
    groups: dict[str, list[StoredFile]] = {}
    for file in select(everything, identifier):
        groups.setdefault(str(file.header.get(_UNIQUE_KEY[level], "")), []).append(file)
    return [_answer(group, everything, identifier, level, ae_title) for group in groups.values()]


def _answer(
    group: list[StoredFile],
    everything: tuple[StoredFile, ...],
    identifier: Dataset,
    level: str,
    ae_title: str,
) -> Dataset:
    first = group[0].header
    study = [file for file in everything if file.study_instance_uid == group[0].study_instance_uid]
    series = [file for file in study if file.series_instance_uid == group[0].series_instance_uid]
    counted: dict[str, object] = {
        "NumberOfStudyRelatedSeries": len({file.series_instance_uid for file in study}),
        "NumberOfStudyRelatedInstances": len(study),
        "NumberOfSeriesRelatedInstances": len(series),
        "NumberOfPatientRelatedStudies": len(
            {f.study_instance_uid for f in everything if f.header.get("PatientID") == first.get("PatientID")}
        ),
        "ModalitiesInStudy": sorted({str(file.header.get("Modality", "")) for file in study}),
        "SOPClassesInStudy": sorted({file.sop_class_uid for file in study}),
    }
    answer = Dataset()
    for element in identifier:
        keyword = element.keyword
        if keyword in counted:
            setattr(answer, keyword, counted[keyword])
        elif element.tag in first:
            answer[element.tag] = first[element.tag]
        else:
            answer.add_new(element.tag, element.VR, [] if element.VR == "SQ" else None)
    answer.QueryRetrieveLevel = level
    answer.RetrieveAETitle = ae_title
    answer.InstanceAvailability = "ONLINE"
    setattr(answer, _UNIQUE_KEY[level], str(first.get(_UNIQUE_KEY[level], "")))
    if "SpecificCharacterSet" in first:
        answer.SpecificCharacterSet = first.SpecificCharacterSet
    return answer


def _is_key(element: DataElement) -> bool:
    return element.VR != "SQ" and not element.is_empty and element.keyword not in _NOT_MATCHED


def _matches(key: DataElement, header: Dataset) -> bool:
    values = _values(header, key.keyword or None, key)
    if key.VR == "UI":
        wanted = {str(value) for value in _as_list(key.value)}
        return any(value in wanted for value in values)
    wanted_text = str(key.value)
    if key.VR in _RANGE_VRS and "-" in wanted_text:
        low, _, high = wanted_text.partition("-")
        return any((not low or value >= low) and (not high or value[: len(high)] <= high) for value in values)
    if key.VR in _WILDCARD_VRS and set(wanted_text) <= {"*"}:
        return True
    if key.VR in _WILDCARD_VRS:
        pattern = re.escape(wanted_text).replace(r"\*", ".*").replace(r"\?", ".")
        flags = re.IGNORECASE if key.VR == "PN" else 0
        return any(re.fullmatch(pattern, value, flags) for value in values)
    return wanted_text in values


def _values(dataset: Dataset, keyword: str | None, key: DataElement | None = None) -> list[str]:
    tag = key.tag if key is not None else keyword
    if tag is None or tag not in dataset:
        return []
    return [str(value) for value in _as_list(dataset[tag].value) if value not in (None, "")]


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]
