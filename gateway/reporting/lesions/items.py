"""Lesions and spectra as sections of the form: every row of the sources' MS-versus-PML table is one item."""

from __future__ import annotations

from gateway.reporting.codes import label as code_label
from gateway.reporting.help_texts import HELP
from gateway.reporting.layout.items import FormItem, FormSection, InputKind, form_item
from gateway.reporting.lesions import answers as a

CHOICE, CHOICES, NUMBER, TEXT, LONG = (
    InputKind.CHOICE,
    InputKind.CHOICES,
    InputKind.NUMBER,
    InputKind.TEXT,
    InputKind.LONG_TEXT,
)


def _ratios(path: str, suffix: str) -> tuple[FormItem, ...]:
    names = ("naa_cr", "naa_cho", "cho_cr", "lip_cr")
    return tuple(
        form_item(f"{path}.{name}", NUMBER, label=f"{code_label(name)}{suffix}", key=name) for name in names
    )


LESIONS = FormSection(
    "lesions",
    "Lesions",
    (
        form_item("number", NUMBER, label="Number of the lesion", key="lesion_number"),
        form_item(
            "places", InputKind.PAIRS, a.AnatomicalSite, key="site", required=True, second=a.Laterality
        ),
        form_item("other_site", TEXT),
        form_item("topography", CHOICES, a.Topography, required=True),
        form_item("multiplicity", CHOICE, a.Multiplicity),
        form_item("cortical_involvement", CHOICE, a.Sign, required=True),
        form_item("morphology", CHOICES, a.Morphology, required=True),
        form_item("border", CHOICE, a.Border, earlier=True),
        form_item("border_white_matter", CHOICE, a.Border, required=True),
        form_item("border_grey_matter", CHOICE, a.Border, required=True),
        form_item("time_course", CHOICE, a.TimeCourse, required=True),
        form_item("course", CHOICES, a.Course),
        form_item("t1", CHOICES, a.T1Signal, required=True),
        form_item("t2", CHOICES, a.T2Signal, required=True),
        form_item("dwi", CHOICES, a.DwiPattern, required=True),
        form_item("adc", CHOICE, a.Adc),
        form_item("enhancement", CHOICES, a.Enhancement, required=True),
        form_item("swi", CHOICES, a.SwiPattern, required=True),
        form_item("mass_effect", CHOICE, a.MassEffect, required=True),
        form_item("haemorrhage", CHOICE, a.Sign),
        form_item("iris_signs", CHOICES, a.IrisSign),
        form_item("residual", CHOICES, a.Residual),
        form_item("long_axis_mm", NUMBER, unit="mm"),
        form_item("volume_cm3", NUMBER, unit="cm³"),
        form_item("attribution", CHOICE, a.Attribution, required=True),
        form_item("comment", LONG),
        form_item("key_images", InputKind.UIDS, label="Key images (SOP Instance UIDs)", key="key_image"),
        form_item("marks", InputKind.MARKS, label="Marks in the pictures", key="mark"),
    ),
    repeats=True,
    help=HELP["lesions"][0],
)

SPECTRA = FormSection(
    "spectra",
    "MR spectroscopy",
    (
        form_item("lesion", NUMBER, key="spectrum_lesion"),
        form_item("overlap", CHOICE, a.Overlap),
        form_item("site", CHOICE, a.AnatomicalSite, label="Voxel site", key="spectrum_site", required=True),
        form_item("laterality", CHOICE, a.Laterality, required=True),
        form_item("echo_time_ms", NUMBER, unit="ms"),
        *_ratios("values", ""),
        form_item("reference", CHOICE, a.MrsReference, required=True),
        *_ratios("reference_values", ", reference"),
    ),
    repeats=True,
    help=HELP["spectra"][0],
)
