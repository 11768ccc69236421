"""Help texts and the MS-versus-PML patterns shown beside the items of the form, each with its source.

What is said of PML, MS or their images is a clinical statement and taken from `routing_rules.statements` by its id (add
it there, with the source's own words); what asks the reader for something is an instruction of the form and ours. Where
the sources are silent there is no text. Nothing here decides anything.
"""

from __future__ import annotations

from routing_rules.statements.table import cited, text_of

#: Rules of this form, not clinical statements.
SERVICE = "Reading service"

#: Item -> the clinical statements that are its help text.
STATEMENTS: dict[str, tuple[str, ...]] = {
    "csf_jcv_pcr": ("pcr-negative",),
    "sequence.flair": ("protocol-least", "protocol-thin"),
    "sequence.t2": ("protocol-least", "protocol-thin"),
    "sequence.dwi": ("protocol-least",),
    "sequence.t1_contrast": ("protocol-contrast",),
    "comparison": ("sequential",),
    "new_lesion": ("any-new-lesion",),
    "site": ("sign-single",),
    "topography": ("sign-flame",),
    "cortical_involvement": ("sign-cortex",),
    "morphology": ("sign-flame", "sign-demarcation"),
    "border": ("sign-border", "lean-pml"),
    "border_white_matter": ("sign-border", "lean-pml", "study-borders"),
    "border_grey_matter": ("sign-flame", "sign-demarcation", "study-borders"),
    "time_course": ("sign-growth", "lean-growth"),
    "t2": ("sign-microcysts", "study-model"),
    "dwi": ("dwi-early", "dwi-activity", "dwi-ring", "dwi-centre"),
    "enhancement": ("contrast-share", "contrast-margin", "contrast-punctate", "lean-ms"),
    "mass_effect": ("sign-mass",),
    "attribution": ("iris-ms",),
    "naa_cr": ("mrs-naa-cr",),
    "naa_cho": ("mrs-naa-cho",),
    "cho_cr": ("mrs-cho-cr",),
    "lip_cr": ("mrs-lip-cr",),
    "iris_phase": ("iris-contrast", "iris-healing"),
    "iris_signs": ("iris-contrast",),
    "residual": ("iris-healing",),
    "pml_certainty": ("aan-certainty",),
    "recommendation": ("follow-up-short", "interval-high-risk"),
}

#: Item -> what the form asks of the reader.
INSTRUCTIONS: dict[str, str] = {
    "question": "The hospital's question as it was sent.",
    "completeness": "Incomplete when FLAIR, DWI at b = 1000 s/mm² or, by the full protocol, T2 is missing.",
    "judged_by": (
        "What the site declared for its surveillance. By the simplified protocol levels 0 and 1 need FLAIR and DWI of "
        "the whole brain; a suspicion is always judged by the full one. The report says which it was."
    ),
    "limitation": "What limits this reading. No names, no dates.",
    "contrast_correction": (
        "Only when a series was recognised as contrast-enhanced T1 and is none: say what it is."
    ),
    "prior_study_date": "Dates shown here are shifted; the gateway puts the real date into the report.",
    "lesions": "One group for each lesion, or for several that look alike. Level 2 and above asks for one, or why not.",
    "mark": "Drawn in the pictures beside the form: a point, the long axis, a region with its volume.",
    "key_image": "Images that show the finding; they are referenced in the report.",
    "spectra": "Required when spectroscopy is present and readable. Ratios have no unit.",
    "suspicion": (
        "Of new or active PML; whether PML is known is the status. Without FLAIR, DWI and, by the full protocol, T2 of "
        "the whole brain neither 0 nor 1 can be said: choose “not assessable”. 3 and 4 are told to the sender."
    ),
    "coverage": (
        "Levels 0 and 1, “no new lesion” and routine surveillance need FLAIR, DWI and, by the full protocol, T2 of the "
        "whole brain. What is filled in goes by the lengths of the series: that the brain lies in them only the images "
        "show."
    ),
    "narrative": "No names and no dates: write intervals (“3 months earlier”).",
    "communication": (
        "From suspicion level 3, of known PML only for what is new or has changed: who was told, and when, or the "
        "reason why nobody was "
        "(real date and time, after the study came and before the signature)."
    ),
    "pml_certainty": "The treating clinician's, never read from the images.",
    "pml_status": "What is known of the patient, apart from what this MRI makes suspect.",
    "reason": "Kept in the signed report and printed in it.",
    "lesion_number": (
        "Stays with the lesion from report to report. Empty for a lesion that no report had before."
    ),
    "other_site": "Only with “other site”.",
    "spectrum_lesion": "The number of the lesion above; empty for a voxel that shows none.",
    "communicated_at": "Date and time, in UTC unless a zone is written.",
}


def _help(item: str) -> tuple[str, str]:
    ids, asked = STATEMENTS.get(item, ()), INSTRUCTIONS.get(item, "")
    return " ".join(filter(None, (asked, text_of(*ids)))), cited(*ids) or SERVICE


#: Item -> (help text, source): what is asked, then what is said.
HELP: dict[str, tuple[str, str]] = {item: _help(item) for item in (*INSTRUCTIONS, *STATEMENTS)}

#: Item -> the cells of the table MS vs. PML shown beside it, for MS and for PML; `cell-<name>-ms`, `cell-<name>-pml`.
CELLS: dict[str, str] = {
    "site": "localization",
    "topography": "localization",
    "cortical_involvement": "cortex",
    "morphology": "shape",
    "border": "border",
    "border_white_matter": "border",
    "time_course": "time",
    "course": "time",
    "t1": "t1",
    "t2": "t2",
    "dwi": "dwi",
    "enhancement": "contrast",
    "swi": "swi",
    "mass_effect": "mass",
    "haemorrhage": "haemorrhage",
}


#: The same where the table has no cell of its own: statements of the section on signs; empty where it says nothing.
SIGNS: dict[str, tuple[str, str]] = {"border_grey_matter": ("", "sign-demarcation")}


def _pattern(statement: str) -> str:
    text = text_of(statement) if statement else ""
    return text[:1].upper() + text[1:]


#: Item -> (pattern of MS, pattern of PML), after the table of the education module.
PATTERNS: dict[str, tuple[str, str]] = {
    item: (_pattern(ms), _pattern(pml))
    for item, (ms, pml) in (
        SIGNS | {item: (f"cell-{name}-ms", f"cell-{name}-pml") for item, name in CELLS.items()}
    ).items()
}
