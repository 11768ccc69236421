"""Help texts and the MS-versus-PML patterns shown beside the items of the form, each with its source.

Worded by us after three sources; where they are silent there is no text. Nothing here decides anything.
"""

from __future__ import annotations

#: Education module on PML by A. Gass (Mannheim) and T. Sinnecker (Basel), with its table "MS vs. PML".
EDUCATION = "Education module PML, A. Gass and T. Sinnecker"
#: Spectroscopy study, 20 patients at 3 T.
MRS_STUDY = "Schneider et al. 2017, Front Neurol 8:454 (20 patients, 3 T)"
#: Small lesions and CSF PCR.
PCR_STUDY = "Wijburg et al. 2018, JAMA Neurol, PMC5885213"
#: Rules of this form, not clinical statements.
SERVICE = "Reading service"

#: Item -> (help text, source).
HELP: dict[str, tuple[str, str]] = {
    "question": ("The hospital's question as it was sent.", SERVICE),
    "csf_jcv_pcr": ("A negative PCR does not exclude PML: small lesions are more often negative.", PCR_STUDY),
    "sequence.flair": ("Required. 3D or thin slices (3 mm) preferred.", EDUCATION),
    "sequence.t2": ("Required. 3D or thin slices (3 mm) preferred.", EDUCATION),
    "sequence.dwi": ("Required, b = 1000 s/mm².", EDUCATION),
    "sequence.t1_contrast": ("Wanted when PML is suspected.", EDUCATION),
    "completeness": ("Incomplete when FLAIR, T2 or DWI at b = 1000 s/mm² is missing.", SERVICE),
    "limitation": ("What limits this reading. No names, no dates.", SERVICE),
    "contrast_correction": (
        "Only when a series was recognised as contrast-enhanced T1 and is none: say what it is.",
        SERVICE,
    ),
    "prior_study_date": (
        "Dates shown here are shifted; the gateway puts the real date into the report.",
        SERVICE,
    ),
    "comparison": ("Sequential MRI gives the essential information for telling MS from PML.", EDUCATION),
    "new_lesion": ("In a high-risk constellation every new lesion is to be examined for PML.", EDUCATION),
    "lesions": (
        "One group for each lesion, or for several that look alike. Level 2 and above needs one.",
        SERVICE,
    ),
    "site": (
        "PML is often fronto-parietal and cerebellar; single lesions in basal ganglia are rarer.",
        EDUCATION,
    ),
    "topography": (
        "PML often lies at or under the cortex and takes the short association fibres (U-fibres).",
        EDUCATION,
    ),
    "cortical_involvement": ("Common in PML but hard to see.", EDUCATION),
    "morphology": (
        "Spread along U-fibres gives a flame with a sharp edge towards the cortex.",
        EDUCATION,
    ),
    "border": ("A lesion without a sharp border on FLAIR leans towards PML.", EDUCATION),
    "time_course": (
        "Rapid centrifugal growth at short follow-up leans towards PML; 2 to 4 weeks help when it is unclear.",
        EDUCATION,
    ),
    "t2": ("Small cysts in the lesion may look like a “milky way” on T2.", EDUCATION),
    "dwi": (
        (
            "Bright at b = 1000 early; a bright ring at the growing margin marks activity; a dark centre marks severe "
            "tissue destruction."
        ),
        EDUCATION,
    ),
    "enhancement": (
        (
            "30 to 50 % of natalizumab-associated PML enhances at diagnosis, often patchy at the margin. Many punctate "
            "foci like a “milky way” are highly specific for PML. Robust enhancement of a new focal lesion leans "
            "towards MS."
        ),
        EDUCATION,
    ),
    "mass_effect": ("In PML little for the size of the lesion.", EDUCATION),
    "attribution": (
        "In IRIS new MS lesions may appear beside PML, because treatment has stopped.",
        EDUCATION,
    ),
    "key_image": ("Images that show the finding; they are referenced in the report.", SERVICE),
    "spectra": ("Required when spectroscopy was acquired. Ratios have no unit.", SERVICE),
    "naa_cr": ("Below NAWM in pre-IRIS and early post-PML.", MRS_STUDY),
    "naa_cho": ("Below NAWM in pre-IRIS, IRIS and early post-PML.", MRS_STUDY),
    "cho_cr": ("Marked rise only in IRIS (p = 0.003).", MRS_STUDY),
    "lip_cr": (
        (
            "Rises before IRIS (p = 0.014), highest in IRIS (p = 0.004), above normal in early post-PML (p = 0.007), "
            "normal in late post-PML."
        ),
        MRS_STUDY,
    ),
    "suspicion": (
        "0 and 1 exclude an IRIS phase; 2 to 4 need a lesion; 3 and 4 must be told to the sender.",
        SERVICE,
    ),
    "iris_phase": (
        (
            "With IRIS enhancement becomes much more prominent, with vasogenic oedema; later the defect heals "
            "and leaves atrophy and residual lesions."
        ),
        EDUCATION,
    ),
    "narrative": ("No names and no dates: write intervals (“3 months earlier”).", SERVICE),
    "recommendation": (
        "2 to 4 weeks when MS or PML is unclear; 3 to 6 months is the usual interval at high risk.",
        EDUCATION,
    ),
    "communication": (
        "Required from suspicion level 3: who was told, and when (real date and time).",
        SERVICE,
    ),
    "communicated_at": ("Date and time, in UTC unless a zone is written.", SERVICE),
}

_TABLE: dict[str, tuple[str, str]] = {
    "topography": (
        "Periventricular, juxta- or intracortical, infratentorial, spinal cord; several at once possible",
        "Often fronto-parietal and cerebellar, subcortical or juxtacortical; may be multifocal",
    ),
    "cortical_involvement": ("May occur", "May occur"),
    "morphology": (
        "Finger-shaped or oval, along a central vein; roundish intracortical or subpial",
        "Flame-like along short association fibres",
    ),
    "border": ("Well circumscribed", "Ill-defined"),
    "time_course": (
        "Often subacute; an acute lesion may shrink later",
        "Progressive: rapid growth and further lesions",
    ),
    "t1": (
        "Acute lesions partly with surrounding oedema",
        "Dark centre in advanced lesions; severe destruction",
    ),
    "t2": ("Acute lesions partly with surrounding oedema", "Inhomogeneous or microcystic"),
    "dwi": (
        "Acute lesions may be bright",
        "Bright: first the whole lesion, then its edge; dark centre when advanced",
    ),
    "enhancement": (
        "Often ring-like or central",
        "None, or patchy, punctate, “milky way”; the last two patterns are highly specific",
    ),
    "swi": (
        "Dark rim, central vein sign, slightly dark core",
        "Dark changes along fibre tracts and in the cortex around",
    ),
    "mass_effect": ("In tumefactive MS", "Minor for the size of the lesion"),
    "haemorrhage": ("Typically none", "Rare"),
}

#: Item -> (pattern of MS, pattern of PML), after the table of the education module.
PATTERNS: dict[str, tuple[str, str]] = _TABLE | {"site": _TABLE["topography"]}
