"""Every cell of the sources' MS-versus-PML table can be said: form -> SR -> form gives the same answers back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from gateway.reporting.example import phantom_form
from gateway.reporting.form import FORM
from gateway.reporting.report import Report, report_from_form, report_to_form
from support.objects.read_reports import form_fields
from support.objects.reports import STUDY, document, read_back, reports

if TYPE_CHECKING:
    from collections.abc import Iterable

Said = dict[str, str | list[str]]

#: Row and column of the table of the education module (A. Gass, T. Sinnecker), then further sentences of the module and
#: of the two studies that the form cites; each with the answers that say it.
CELLS: dict[str, Said] = {
    "localization, MS: periventricular and juxtacortical": {
        "topography": ["juxtacortical", "periventricular"]
    },
    "localization, MS: intracortical, infratentorial": {
        "places.cerebellum": "left",
        "topography": ["intracortical", "infratentorial"],
    },
    "localization, MS: several lesions at once": {"multiplicity": "multifocal"},
    "localization, PML: fronto-parietal and cerebellar": {
        "places.frontal_lobe": "right",
        "places.parietal_lobe": "right",
        "places.cerebellum": "left",
    },
    "localization, PML: subcortical or juxtacortical": {"topography": ["subcortical", "juxtacortical"]},
    "localization, PML: multifocal": {"multiplicity": "multifocal"},
    "cortical involvement, both: may occur": {"cortical_involvement": "present"},
    "cortical involvement: hard to detect": {"cortical_involvement": "not_assessable"},
    "morphology, MS: finger-shaped, oval": {"morphology": ["finger", "oval"]},
    "morphology, MS: oval along a central vein": {"morphology": ["oval", "perivenous"]},
    "morphology, MS: roundish intracortical": {"morphology": ["round"], "topography": ["intracortical"]},
    "morphology, MS: subpial": {"morphology": ["subpial"]},
    "morphology, MS: well-circumscribed": {
        "border_white_matter": "well_defined",
        "border_grey_matter": "well_defined",
    },
    "morphology, PML: flame along short association fibres": {"morphology": ["flame"]},
    "morphology, PML: ill-defined": {"border_white_matter": "poorly_defined"},
    "morphology, PML: ill-defined, yet sharp to the cortex": {
        "border_white_matter": "poorly_defined",
        "border_grey_matter": "well_defined",
    },
    "time course, MS: subacute, then smaller": {"time_course": "decrease", "course": ["subacute"]},
    "time course, PML: rapid increase and further lesions": {
        "time_course": "increase",
        "course": ["rapid_increase", "further_lesions"],
    },
    "T1, MS: oedema": {"t1": ["oedema"]},
    "T1: oedema and a hypointense centre": {"t1": ["hypointense_centre", "oedema"]},
    "T1, PML: hypointense centre, severe destruction": {"t1": ["hypointense_centre", "destruction"]},
    "T2, MS: oedema": {"t2": ["oedema"]},
    "T2, PML: inhomogeneous or microcystic": {"t2": ["inhomogeneous", "microcystic"]},
    "DWI, MS: may be hyperintense": {"dwi": ["part"]},
    "DWI, PML: entire lesion": {"dwi": ["entire_lesion"]},
    "DWI, PML: lesion edge": {"dwi": ["rim"]},
    "DWI, PML: hypointense centre": {"dwi": ["dark_centre"]},
    "DWI, PML: edge and centre": {"dwi": ["rim", "dark_centre"]},
    "contrast, MS: ring-like or central": {"enhancement": ["ring", "central"]},
    "contrast, PML: none": {"enhancement": ["none"]},
    "contrast, PML: patchy and punctate": {"enhancement": ["patchy", "punctate"]},
    "contrast, PML: milky way": {"enhancement": ["milky_way"]},
    "SWI, MS: rim, central vein, core": {"swi": ["rim", "central_vein", "core"]},
    "SWI, PML: fibre tracts and cortex": {"swi": ["fibre_tracts"]},
    "other, MS: space-occupying when tumefactive": {"mass_effect": "marked"},
    "other, MS: no haemorrhage": {"haemorrhage": "absent"},
    "other, PML: minor for the lesion": {"mass_effect": "minor"},
    "other, PML: haemorrhage rare": {"haemorrhage": "present"},
    "module: a single lesion of the basal ganglia": {"places.basal_ganglia": "left", "multiplicity": "focal"},
    "module: in the white matter core": {"topography": ["deep_white_matter"]},
    "module: infratentorial, pons and medulla": {
        "places.pons": "midline",
        "places.medulla": "midline",
        "topography": ["infratentorial"],
    },
    "module: faint on T2": {"t2": ["faint"]},
    "module: milky way on T2": {"t2": ["milky_way"]},
    "module: IRIS, more enhancement with oedema": {
        "enhancement": ["patchy", "increased"],
        "time_course": "increase",
        "iris_signs": ["oedema", "more_enhancement"],
    },
    "module: defect healing, atrophy and residual lesion": {
        "time_course": "decrease",
        "residual": ["focal_atrophy", "defect"],
    },
    "Wijburg 2016: punctate T2 lesions": {"t2": ["punctate", "satellites"]},
    "Wijburg 2016: mixed borders": {"border_white_matter": "mixed", "border_grey_matter": "mixed"},
    "IRIS: perivascular lesions elsewhere, meningeal": {"iris_signs": ["perivascular", "meningeal"]},
    "ADC: normal": {"adc": "normal"},
    "ADC: mixed": {"adc": "mixed"},
    "no midline lesion takes a side": {
        "places.corpus_callosum": "midline",
        "places.frontal_lobe": "bilateral",
    },
    "a site without a side": {"places.other": "not_applicable", "other_site": "Optic chiasm"},
    "nothing could be read": {
        "topography": ["not_assessable"],
        "cortical_involvement": "not_assessable",
        "morphology": ["not_assessable"],
        "border_white_matter": "not_assessable",
        "border_grey_matter": "not_assessable",
        "t1": ["not_assessable"],
        "t2": ["not_assessable"],
        "dwi": ["not_assessable"],
        "adc": "not_assessable",
        "enhancement": ["not_assessable"],
        "swi": ["not_assessable"],
        "mass_effect": "not_assessable",
        "haemorrhage": "not_assessable",
    },
    "nothing was covered": {
        "cortical_involvement": "not_covered",
        "morphology": ["not_covered"],
        "border_white_matter": "not_covered",
        "border_grey_matter": "not_covered",
        "t1": ["not_covered"],
        "t2": ["not_covered"],
        "dwi": ["not_covered"],
        "adc": "not_covered",
        "enhancement": ["not_covered"],
        "swi": ["not_covered"],
        "mass_effect": "not_covered",
        "haemorrhage": "not_covered",
    },
    "a lesion that is gone, in one answer": {"time_course": "resolved"},
    "another lesion in words, with its images": {
        "morphology": ["other"],
        "comment": "Band along the\ncallosal margin.",
        "key_images": [f"{STUDY}.2.1"],
        "volume_cm3": "4.125",
        "number": "7",
    },
}


def form_with(cells: Iterable[Said]) -> dict[str, Any]:
    """The phantom's form with one lesion for each cell; sites of a cell replace the phantom's sites."""
    phantom = {n: v for n, v in phantom_form().items() if not n.startswith("lesions.")}
    lesion = {
        n.removeprefix("lesions.0."): v for n, v in phantom_form().items() if n.startswith("lesions.0.")
    }
    form: dict[str, Any] = dict(phantom)
    for place, said in enumerate(cells):
        placed = any(name.startswith("places.") for name in said)
        kept = {n: v for n, v in lesion.items() if not (placed and n.startswith("places."))}
        if said.get("time_course") == "resolved":  # it looks like nothing
            kept = {n: v for n, v in kept.items() if n.startswith(("places.", "attribution"))}
        form |= {f"lesions.{place}.{name}": value for name, value in (kept | said).items()}
    return form


def said_of_lesions(report: Report) -> dict[str, Any]:
    """The fields of lesions and spectra as the form has them, numbers as numbers."""
    fields = report_to_form(report)
    return {name: value for name, value in fields.items() if name.startswith(("lesions.", "spectra."))}


def numbered(fields: dict[str, Any]) -> dict[str, Any]:
    """The same with every measure as a number (3.50 is 3.5), and without the numbers that the SR gives each lesion."""
    plain = {}
    for name, value in fields.items():
        if isinstance(value, str) and value.replace(".", "", 1).isdigit():
            value = float(value)
        if not name.endswith(".number"):
            plain[name] = value
    return plain


@pytest.fixture(scope="module")
def read() -> dict[str, tuple[Said, dict[str, Any]]]:
    """Each cell with the fields that the codes of the SR say of its lesion; a report holds at most 50 lesions."""
    both = {}
    cells = list(CELLS.items())
    for part in (cells[:40], cells[40:]):
        report = report_from_form(form_with(said for _, said in part))
        fields = form_fields(read_back(document(report)))
        assert numbered(fields) == numbered(said_of_lesions(report))
        for place, (cell, said) in enumerate(part):
            group = f"lesions.{place}."
            lesion = {name.removeprefix(group): v for name, v in fields.items() if name.startswith(group)}
            both[cell] = said, lesion
    return both


@pytest.mark.parametrize("cell", CELLS)
def test_each_cell_comes_back_from_the_sr(cell: str, read: dict[str, tuple[Said, dict[str, Any]]]) -> None:
    """What the source can say, the form takes, the SR carries under one code each, and the codes say it again."""
    said, lesion = read[cell]
    assert numbered({name: lesion[name] for name in said}) == numbered(dict(said))


def test_every_answer_about_a_lesion_is_in_some_cell_or_needs_none() -> None:
    """The cells above use every item of the form that a source speaks of."""
    used = {name.partition(".")[0] for said in CELLS.values() for name in said}
    lesion = next(section for section in FORM if section.name == "lesions")
    assert {item.name for item in lesion.items} - used == {"border", "long_axis_mm", "attribution", "marks"}


@given(reports())
@settings(max_examples=8, deadline=None)
def test_any_report_says_its_lesions_and_spectra_to_a_reader_of_codes(report: Report) -> None:
    """Whatever the form takes comes back from the SR, item by item."""
    assert numbered(form_fields(read_back(document(report)))) == numbered(said_of_lesions(report))
