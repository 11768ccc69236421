"""Original MR headers, signed documents and arbitrary valid reports, for tests of the structured report."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from gateway.reporting.checks.lesions import PAIRED
from gateway.reporting.documents.forms import build
from gateway.reporting.example import phantom_form
from gateway.reporting.form import FORM, FormItem
from gateway.reporting.lesions.answers import AnatomicalSite
from gateway.reporting.report import Report, form_questions, report_from_form
from gateway.reporting.signer import DeviceIdentity, Signature, Signer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDY, PRIOR = "2.25.71001", "2.25.71002"
SIGNED_AT = datetime(2026, 2, 3, 12, 30, tzinfo=UTC)
SIGNER = Signer("Dr. Anna Roth", "Reading Site North", "roth")
SIGNATURE = Signature(SIGNER, SIGNED_AT)
DEVICE = DeviceIdentity("pml-gateway", "pml-gateway", "0.1.0", uid="2.25.71999")
REPORT_UID, REPORT_SERIES = "2.25.71500", "2.25.71501"


def mr_headers(
    count: int = 4, study: str = STUDY, study_date: str = "20260201", **changes: Any
) -> list[Dataset]:
    """Headers of a synthetic MR study in two series; `changes` are put into every one of them."""
    headers = []
    for number in range(1, count + 1):
        ds = Dataset()
        ds.SpecificCharacterSet = "ISO_IR 100"
        series = 1 + number % 2
        ds.SOPClassUID = MRImageStorage
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, f"{study}.{series}"
        ds.SOPInstanceUID = f"{study}.{series}.{number}"
        ds.PatientName, ds.PatientID = "Müßig^Jürgen", "SYN-4711"
        ds.PatientBirthDate, ds.PatientSex = "19800229", "M"
        ds.StudyDate, ds.StudyTime, ds.StudyID = study_date, "101112", "77"
        ds.AccessionNumber, ds.ReferringPhysicianName = "SYN-ACC-1", "Überweiser^Uta"
        ds.StudyDescription = "Schädel MRT"
        ds.Modality, ds.Manufacturer, ds.SeriesNumber, ds.InstanceNumber = "MR", "SYNTHETIC", series, number
        for keyword, value in changes.items():
            setattr(ds, keyword, value)
        headers.append(ds)
    return headers


def document(report: Report, evidence: list[Dataset] | None = None, **options: Any) -> Dataset:
    """A signed document of `report` about a small synthetic study."""
    arguments: dict[str, Any] = {
        "signature": SIGNATURE,
        "sop_instance_uid": REPORT_UID,
        "series_instance_uid": REPORT_SERIES,
        "series_number": 9001,
        "device": DEVICE,
        "date_shift_days": 0,
    }
    return build(report, mr_headers() if evidence is None else evidence, **arguments | options)


def rich_report() -> Report:
    """The phantom's report with everything optional filled in."""
    form: dict[str, Any] = {
        **phantom_form(prior_study_date=date(2024, 11, 3)),
        "context.question": "PML?\r\nNew paresis left.",
        "context.natalizumab_months": "40",
        "context.jcv_index": "1.9",
        "context.edss": "3.5",
        "context.kps": "80",
        "lesions.0.volume_cm3": "4.125",
        "lesions.0.key_images": [f"{STUDY}.2.1"],
        "protocol.sequences.mrs.acquired": "present",
        "protocol.sequences.mrs.quality": "diagnostic",
        "spectra.0.site": "frontal_lobe",
        "spectra.0.laterality": "right",
        "spectra.0.values.lip_cr": "1.8",
        "spectra.0.reference": "nawm",
        "spectra.0.reference_values.lip_cr": "0.4",
        "narrative": "Größere Läsion, „Flamme“ ≥ 3 cm.\nZweite Zeile.",
    }
    return report_from_form(form)


def changed_form(*changes: dict[str, Any]) -> dict[str, Any]:
    """The phantom's form with changes; None deletes a field, a trailing `*` a whole group."""
    form: dict[str, Any] = dict(phantom_form())
    for change in changes:
        for field, value in change.items():
            if field.endswith("*"):
                form = {name: old for name, old in form.items() if not name.startswith(field[:-1])}
            elif value is None:
                form.pop(field, None)
            else:
                form[field] = value
    return form


def items(node: Dataset) -> Iterator[Dataset]:
    """Every content item of a document, depth first."""
    for item in node.get("ContentSequence", []):
        yield item
        yield from items(item)


def values(ds: Dataset, meaning: str) -> list[Dataset]:
    """The content items whose concept has this meaning."""
    return [item for item in items(ds) if item.ConceptNameCodeSequence[0].CodeMeaning == meaning]


def evidence_uids(sequence: Any) -> set[str]:
    """SOP Instance UIDs of an evidence sequence."""
    return {
        ref.ReferencedSOPInstanceUID
        for study in sequence
        for series in study.ReferencedSeriesSequence
        for ref in series.ReferencedSOPSequence
    }


def encoded(ds: Dataset) -> bytes:
    """The document as a DICOM file."""
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def read_back(ds: Dataset) -> Dataset:
    """The document after writing and reading it."""
    return dcmread(BytesIO(encoded(ds)))


def dciodvfy_errors(ds: Dataset, folder: Path) -> list[str]:
    """What dciodvfy of dicom3tools calls an error in the document."""
    file = folder / "document.dcm"
    file.write_bytes(encoded(ds))
    result = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, check=False, timeout=30)
    lines = (result.stdout + result.stderr).splitlines()
    assert any(kind in line for line in lines for kind in ("SR", "PDF", "SCImage")), (
        f"dciodvfy did not recognise the class: {lines}"
    )
    return [line for line in lines if line.startswith("Error")]


def dumped(ds: Dataset, folder: Path) -> str:
    """The document as DCMTK's dsrdump reads it; fails when dsrdump refuses it."""
    file = folder / "document.dcm"
    file.write_bytes(encoded(ds))
    command = ["dsrdump", "+Pl", "+Pc", str(file)]
    result = subprocess.run(command, capture_output=True, check=False, timeout=30)
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    return result.stdout.decode()


_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn", "Nd"], codec="utf-8") | st.just("\n"),
    max_size=40,
)
_RATIO = st.decimals(0, 50, places=3).map(str)
_WHOLE = {
    "context.natalizumab_months": ["0", "40.5"],
    "context.dosing_interval_weeks": ["4", "6.5"],
    "context.kps": ["0", "70", "100"],
    "context.edss": ["0", "3.5", "10"],
    "certainty_percent": ["0", "55"],
    "echo_time_ms": ["30", "135"],
}


def _answer(draw: st.DrawFn, item: FormItem) -> str | list[str]:
    values = [choice.value for choice in item.choices]
    if item.name in {"number", "lesion"}:  # made to fit by `_fit_lesion`
        return ""
    match item.kind:
        case "choice":
            return draw(st.sampled_from(values))
        case "choices":
            return draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        case "number":
            return draw(st.sampled_from(_WHOLE.get(item.name, ["0.125", "1", "3.50", "9"])))
        case "text" | "long_text":
            return draw(_TEXT)
    return []


def _pairs(draw: st.DrawFn, field: str, item: FormItem) -> dict[str, str]:
    choices = [choice.value for choice in item.choices if choice.value != "other"]
    chosen = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=3))
    sides = [side.value for side in item.second]
    return {f"{field}.{choice}": draw(st.sampled_from(sides)) for choice in chosen}


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any report the model accepts: every item drawn from the form, then made to fit together."""
    form: dict[str, Any] = {}
    groups = {"lesions": draw(st.integers(0, 3)), "spectra": draw(st.integers(0, 2))}
    for section in FORM:
        if section.name == "reasons":
            continue  # given below, to what is asked
        for number in range(groups.get(section.name, 1)):
            for item in section.items:
                if item.earlier or not (item.required or draw(st.booleans())):
                    continue
                if item.kind == "pairs":
                    form |= _pairs(draw, section.field(item, number), item)
                else:
                    form[section.field(item, number)] = _answer(draw, item)
    if form.get("protocol.judged_by") == "simplified":
        form["context.referral"] = "surveillance"
    present = {name: _fit_sequence(draw, form, name, groups["spectra"]) for name in SEQUENCE_NAMES}
    for number in range(groups["spectra"]):
        form[f"spectra.{number}.values.naa_cr"] = draw(_RATIO)
        if form[f"spectra.{number}.reference"] == "none":
            for name in ("naa_cr", "naa_cho", "cho_cr", "lip_cr"):
                form.pop(f"spectra.{number}.reference_values.{name}", None)
    whole = _fit_protocol(draw, form, present)
    _fit_comparison(draw, form, groups["lesions"], whole)
    for number in range(groups["lesions"]):
        _fit_lesion(draw, form, number, present)
    levels = ["2", "3", "4", "not_assessable"]
    form["suspicion"] = draw(st.sampled_from(["0", "1", *levels] if whole else levels))
    if form["iris_phase"] == "not_applicable":
        form["iris_phase"] = "indeterminate"
    _fit_ending(draw, form, whole)
    for asked in form_questions(form):
        form[f"reasons.{asked.question}"] = f"Because {draw(_TEXT)}"
    return report_from_form(form)


SEQUENCE_NAMES = ("flair", "t2", "dwi", "t1", "t1_contrast", "swi", "mrs")
REQUIRED = ("flair", "t2", "dwi")


def _fit_protocol(draw: st.DrawFn, form: dict[str, Any], present: dict[str, bool]) -> bool:
    """Fits what is said of the protocol; True when the whole brain was read in every required sequence."""
    complete = all(present[name] for name in REQUIRED)
    form["protocol.completeness"] = (
        draw(st.sampled_from(["complete", "limited"])) if complete else "incomplete"
    )
    form["protocol.limitation"] = "Motion."
    covered = {form.get(f"protocol.sequences.{name}.coverage") for name in REQUIRED} == {"whole_brain"}
    return complete and covered and form["protocol.quality"] == "diagnostic"


def _fit_sequence(draw: st.DrawFn, form: dict[str, Any], name: str, spectra: int) -> bool:
    path = f"protocol.sequences.{name}"
    if name == "mrs":
        form[f"{path}.acquired"] = "present" if spectra else "absent"
    present: bool = form[f"{path}.acquired"] == "present"
    if present:
        form[f"{path}.quality"] = "diagnostic"
    else:
        for item in ("quality", "thickness_mm", "coverage"):
            form.pop(f"{path}.{item}", None)
    if present and name in REQUIRED:
        form[f"{path}.coverage"] = draw(st.sampled_from(["whole_brain", "whole_brain", "part", "unknown"]))
    return present


def _fit_comparison(draw: st.DrawFn, form: dict[str, Any], lesions: int, whole: bool) -> None:
    if not any(form[f"protocol.sequences.{name}.acquired"] == "present" for name in ("flair", "t2")):
        form.pop("comparison.t2_load_change", None)
    if form["comparison.done"] == "yes":
        form["comparison.prior_study_date"] = draw(st.dates(date(2015, 1, 1), date(2025, 12, 31))).isoformat()
        excluded = ["absent"] if whole and not lesions else []
        form["new_lesion"] = draw(st.sampled_from(["present", *excluded]))
        times = ["new", "increase", "decrease", "unchanged", "resolved", "undetermined"]
    else:
        form.pop("comparison.prior_study_date", None)
        form.pop("comparison.t2_load_change", None)
        unsure = ["present_no_comparison", "undetermined", "not_assessable"]
        form["new_lesion"] = draw(st.sampled_from(unsure))
        times = ["undetermined"] if form["comparison.done"] == "no" else ["no_prior"]
    for number in range(lesions):
        form[f"lesions.{number}.time_course"] = draw(st.sampled_from(times))


def _fit_lesion(draw: st.DrawFn, form: dict[str, Any], number: int, present: dict[str, bool]) -> None:
    """Signals of a sequence that was read are described, those of an absent one are not available."""
    group = f"lesions.{number}"
    table = (
        ("t1", "t1", ["hypointense_centre", "oedema"]),
        ("t2", "t2", ["inhomogeneous", "oedema", "punctate"]),
        ("dwi", "dwi", draw(st.sampled_from([["none"], ["rim"], ["rim", "dark_centre"]]))),
        ("swi", "swi", ["rim", "core"]),
        (
            "t1_contrast",
            "enhancement",
            draw(st.sampled_from([["none"], ["patchy", "punctate"], ["ring"]])),
        ),
    )
    for sequence, item, described in table:
        form[f"{group}.{item}"] = described if present[sequence] else ["not_covered"]
    if not present["dwi"]:
        form.pop(f"{group}.adc", None)
    form[f"{group}.morphology"] = draw(
        st.sampled_from([["oval", "perivenous"], ["flame"], ["not_assessable"]])
    )
    form[f"{group}.topography"] = draw(st.sampled_from([["subcortical", "juxtacortical"], ["other"]]))
    for item, said in (
        ("course", ["subacute"]),
        ("iris_signs", ["oedema", "meningeal"] if present["t1_contrast"] else ["oedema"]),
        ("residual", ["none"]),
    ):
        if f"{group}.{item}" in form:
            form[f"{group}.{item}"] = said
    form.pop(f"{group}.other_site", None)
    if form[f"{group}.time_course"] == "resolved":
        for item in ("t2", "dwi", "enhancement", "mass_effect", "iris_signs", "long_axis_mm", "volume_cm3"):
            form.pop(f"{group}.{item}", None)
    for field in [name for name in form if name.startswith(f"{group}.places.")]:
        if form[field] in {"midline", "not_applicable"} and AnatomicalSite(field.split(".")[-1]) in PAIRED:
            form[field] = "left"


def _fit_ending(draw: st.DrawFn, form: dict[str, Any], whole: bool) -> None:
    form["narrative"] = f"Impression: {form['narrative']}"
    chosen = set(form["recommendations"])
    if not whole or "follow_up" in chosen:
        chosen.discard("routine")
    if form["suspicion"] == "not_assessable" or (form["suspicion"] == "2" and not whole) or not chosen:
        chosen.add("repeat_sequences")
    form["recommendations"] = sorted(chosen)
    form.pop("follow_up_value", None)
    form.pop("follow_up_unit", None)
    if "follow_up" in chosen:
        form |= {"follow_up_value": draw(st.sampled_from(["1", "3.5", "24"]))}
        form |= {"follow_up_unit": draw(st.sampled_from(["d", "wk", "mo"]))}
    elif "routine" in chosen:
        form |= {"follow_up_value": "6", "follow_up_unit": draw(st.sampled_from(["wk", "mo"]))}
    if form["suspicion"] in {"3", "4"}:
        form |= {
            "communication.person": "Neurologist on call",
            "communication.at": "2026-02-03T11:15:00+01:00",
        }
    else:
        form.pop("communication.person", None)
        form.pop("communication.at", None)
