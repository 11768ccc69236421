"""A reader of our SR that knows nothing but the codes: lesions and spectra back as fields of the form.

It stands for a receiving system: each content item is turned into an answer by its concept and its code alone, and the
codes are those that were published once, not those that the gateway writes today.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.sr.coding import Code

from gateway.reporting.form import FORM
from gateway.reporting.lesions.answers import QUESTION

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Every code by its key, as receiving systems know it.
PUBLISHED = {
    key: Code(value, scheme, "published")
    for key, scheme, value in (
        line.split()
        for line in Path(__file__).with_name("published_codes.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
}
SECTIONS = {"lesion": "lesions", "spectrum": "spectra"}
#: Items of the form whose concept has another key; all others have their own name.
CONCEPTS = {
    "lesions": {"key_images": "key_image", "number": "lesion_identifier"},
    "spectra": {"lesion": "spectrum_lesion"},
}
#: Items whose answers another question's enumeration gives.
ANSWERS = {
    "cortical_involvement": "sign",
    "haemorrhage": "sign",
    "border_white_matter": "border",
    "border_grey_matter": "border",
}


def _same(item: Dataset, key: str) -> bool:
    found, wanted = item.ConceptNameCodeSequence[0], PUBLISHED[key]
    return (found.CodeValue, found.CodingSchemeDesignator) == (wanted.value, wanted.scheme_designator)


def _answer(item: Dataset, question: str) -> str:
    """The value of the one answer of a question that has this code."""
    found = item.ConceptCodeSequence[0]
    enumeration = next(each for each, name in QUESTION.items() if name == question)
    (value,) = [
        answer.value
        for answer in enumeration
        if (PUBLISHED[answer.key].value, PUBLISHED[answer.key].scheme_designator)
        == (found.CodeValue, found.CodingSchemeDesignator)
    ]
    return value


def _side(item: Dataset) -> str:
    (side,) = item.ContentSequence
    assert side.RelationshipType == "HAS CONCEPT MOD"
    assert _same(side, "laterality")
    return _answer(side, "laterality")


def form_fields(document: Dataset) -> dict[str, str | list[str]]:
    """The `lesions.*` and `spectra.*` fields of the form that an SR says."""
    fields: dict[str, str | list[str]] = {}
    findings = next(node for node in document.ContentSequence if _same(node, "section.findings"))
    for concept, section in SECTIONS.items():
        groups = [node for node in findings.ContentSequence if _same(node, concept)]
        for place, group in enumerate(groups):
            for name, value in _group(section, group).items():
                fields[f"{section}.{place}.{name}"] = value
    return fields


def _group(section: str, group: Dataset) -> dict[str, str | list[str]]:
    items = {item.name: item for part in FORM if part.name == section for item in part.items}
    said: dict[str, list[str]] = defaultdict(list)
    for node in group.ContentSequence:
        if _same(node, "site"):
            if section == "lesions":
                said[f"places.{_answer(node, 'site')}"].append(_side(node))
            else:
                said["site"], said["laterality"] = [_answer(node, "site")], [_side(node)]
            continue
        prefix = "values." if section == "spectra" else ""
        if _same(node, "reference_values"):
            for inner in node.ContentSequence:
                name = next(
                    n for n in items if n.startswith("reference_values.") and _same(inner, n.split(".")[1])
                )
                said[name].append(str(inner.MeasuredValueSequence[0].NumericValue))
            continue
        for name in items:
            key = CONCEPTS[section].get(name, name.removeprefix(prefix))
            if name == "places" or name.startswith("reference_values.") or not _known(node, key):
                continue
            said[name].append(_value(node, ANSWERS.get(name, name)))
            break
    return {
        name: values if items.get(name) and items[name].several else values[0]
        for name, values in said.items()
    }


def _known(node: Dataset, key: str) -> bool:
    try:
        return _same(node, key)
    except KeyError:
        return False


def _value(node: Dataset, question: str) -> str:
    match node.ValueType:
        case "CODE":
            return _answer(node, question)
        case "NUM":
            return str(node.MeasuredValueSequence[0].NumericValue)
        case "IMAGE":
            return str(node.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    return str(node.TextValue).replace("\r\n", "\n")
