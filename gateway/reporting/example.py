"""A complete synthetic report of a PML-suspicious case: what the demo signs for its phantom brain.

It says what the phantom shows (`gateway.demo.anatomy`), and a test measures that: longest axis, slices, signals.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from gateway.reporting.report import Report, report_from_form

if TYPE_CHECKING:
    from gateway.reporting.fields import FormValues


def phantom_form(
    *,
    prior_study_date: date | None = date(2025, 11, 3),
    told_at: datetime = datetime(2026, 2, 3, 10, 30, tzinfo=UTC),
) -> FormValues:
    """The form fields of `phantom_report`."""
    present = {"acquired": "present", "quality": "diagnostic"}
    whole = present | {"coverage": "whole_brain"}
    sequences = {
        "flair": whole | {"thickness_mm": "1.5"},
        "t2": whole | {"thickness_mm": "3"},
        "dwi": whole | {"thickness_mm": "4.5"},
        "t1": present | {"thickness_mm": "3"},
        "t1_contrast": present | {"thickness_mm": "3"},
        "swi": present | {"thickness_mm": "4.5"},
        "mrs": {"acquired": "absent"},
    }
    form: FormValues = {
        f"protocol.sequences.{name}.{item}": value
        for name, seen in sequences.items()
        for item, value in seen.items()
    }
    compared = prior_study_date is not None
    form |= {
        "language": "en",
        "context.referral": "suspected_pml",
        "protocol.completeness": "complete",
        "protocol.quality": "diagnostic",
        "comparison.done": "yes" if compared else "no_prior",
        "new_lesion": "present" if compared else "present_no_comparison",
        "lesions.0.places.frontal_lobe": "right",
        "lesions.0.places.cerebral_white_matter": "right",
        "lesions.0.topography": ["subcortical", "juxtacortical"],
        "lesions.0.multiplicity": "focal",
        "lesions.0.cortical_involvement": "absent",
        "lesions.0.morphology": ["flame"],
        "lesions.0.border_white_matter": "poorly_defined",
        "lesions.0.border_grey_matter": "not_assessable",
        "lesions.0.time_course": "new" if compared else "no_prior",
        "lesions.0.t1": ["hypointense"],
        "lesions.0.t2": ["inhomogeneous"],
        "lesions.0.dwi": ["rim"],
        "lesions.0.adc": "hyperintense",
        "lesions.0.enhancement": ["punctate"],
        "lesions.0.swi": ["fibre_tracts"],
        "lesions.0.mass_effect": "none",
        "lesions.0.haemorrhage": "absent",
        "lesions.0.long_axis_mm": "50",
        "lesions.0.attribution": "pml",
        "suspicion": "4",
        "certainty_percent": "90",
        "iris_phase": "pre_iris",
        "diagnoses": ["pml", "ms"],
        "narrative": f"{'New flame' if compared else 'Flame'}-shaped right frontal lesion involving the U-fibres, "
        "with a ring of high signal on DWI and punctate enhancement. Typical of PML, without signs of IRIS.",
        "recommendations": ["follow_up", "csf_pcr", "urgent_contact"],
        "follow_up_value": "2",
        "follow_up_unit": "wk",
        "recommendation_text": "Repeat MRI with contrast.",
        "communication.person": "Neurologist on call",
        "communication.at": told_at.isoformat(),
    }
    if prior_study_date is not None:
        form["comparison.prior_study_date"] = prior_study_date.isoformat()
        form["comparison.t2_load_change"] = "increase"
    return form


def phantom_report(
    *,
    prior_study_date: date | None = date(2025, 11, 3),
    told_at: datetime = datetime(2026, 2, 3, 10, 30, tzinfo=UTC),
) -> Report:
    """A valid report at suspicion level 4; `prior_study_date` (as the reader sees it) None means no prior."""
    return report_from_form(phantom_form(prior_study_date=prior_study_date, told_at=told_at))
