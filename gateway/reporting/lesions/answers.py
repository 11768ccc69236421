"""The closed answers about a lesion or a voxel, one enumeration per question.

An imaging item of a lesion can always be *not assessable* (the images cover the lesion, but do not show this) or *not
covered* (no image of the needed kind covers the lesion): both say nothing about the lesion, and are never the same as
“none”.
"""

from __future__ import annotations

from typing import Final

from gateway.reporting.answers import Answer

#: Values that say that an item could not be read, in every enumeration that has them.
UNREAD = frozenset({"not_assessable", "not_covered"})


class LesionAnswer(Answer):
    """One coded answer about a lesion."""

    @property
    def key(self) -> str:
        """Key of the answer's code, for example `border.poorly_defined`."""
        return f"{QUESTION[type(self)]}.{self.value}"


class Sign(LesionAnswer):
    """A sign of a lesion: present, absent, undetermined, or not read."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class AnatomicalSite(LesionAnswer):
    """Anatomical site of a lesion."""

    FRONTAL_LOBE = "frontal_lobe"
    PARIETAL_LOBE = "parietal_lobe"
    TEMPORAL_LOBE = "temporal_lobe"
    OCCIPITAL_LOBE = "occipital_lobe"
    CEREBRAL_WHITE_MATTER = "cerebral_white_matter"
    CEREBRAL_CORTEX = "cerebral_cortex"
    CORPUS_CALLOSUM = "corpus_callosum"
    INTERNAL_CAPSULE = "internal_capsule"
    THALAMUS = "thalamus"
    BASAL_GANGLIA = "basal_ganglia"
    CAUDATE = "caudate"
    PUTAMEN = "putamen"
    PALLIDUM = "pallidum"
    CEREBELLUM = "cerebellum"
    CEREBELLAR_WHITE_MATTER = "cerebellar_white_matter"
    MIDDLE_CEREBELLAR_PEDUNCLE = "middle_cerebellar_peduncle"
    BRAIN_STEM = "brain_stem"
    MIDBRAIN = "midbrain"
    PONS = "pons"
    MEDULLA = "medulla"
    SPINAL_CORD = "spinal_cord"
    OTHER = "other"


class Laterality(LesionAnswer):
    """Side of one site of a lesion."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"
    MIDLINE = "midline"
    NOT_APPLICABLE = "not_applicable"


class Topography(LesionAnswer):
    """Where a lesion of the brain lies relative to cortex, ventricles and deep structures."""

    SUBCORTICAL = "subcortical"
    JUXTACORTICAL = "juxtacortical"
    INTRACORTICAL = "intracortical"
    PERIVENTRICULAR = "periventricular"
    INFRATENTORIAL = "infratentorial"
    DEEP_WHITE_MATTER = "deep_white_matter"
    DEEP_GREY_MATTER = "deep_grey_matter"
    OTHER = "other"
    NOT_ASSESSABLE = "not_assessable"


class Multiplicity(LesionAnswer):
    """One focus or several."""

    FOCAL = "focal"
    MULTIFOCAL = "multifocal"


class Morphology(LesionAnswer):
    """Shape of a lesion; several may apply."""

    FLAME = "flame"
    FINGER = "finger"
    OVAL = "oval"
    ROUND = "round"
    PERIVENOUS = "perivenous"
    SUBPIAL = "subpial"
    DIFFUSE = "diffuse"
    OTHER = "other"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class Border(LesionAnswer):
    """Border of a lesion, towards white or towards grey matter."""

    WELL_DEFINED = "well_defined"
    POORLY_DEFINED = "poorly_defined"
    MIXED = "mixed"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class TimeCourse(LesionAnswer):
    """How a lesion changed since the earlier study."""

    NEW = "new"
    INCREASE = "increase"
    DECREASE = "decrease"
    UNCHANGED = "unchanged"
    RESOLVED = "resolved"
    NO_PRIOR = "no_prior"
    UNDETERMINED = "undetermined"


class Course(LesionAnswer):
    """What else is seen over time; several may apply."""

    SUBACUTE = "subacute"
    RAPID_INCREASE = "rapid_increase"
    FURTHER_LESIONS = "further_lesions"


class T1Signal(LesionAnswer):
    """T1 signal without contrast; several may apply."""

    ISOINTENSE = "isointense"
    HYPOINTENSE_CENTRE = "hypointense_centre"
    HYPOINTENSE = "hypointense"
    DESTRUCTION = "destruction"
    OEDEMA = "oedema"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class T2Signal(LesionAnswer):
    """T2 signal; several may apply."""

    FAINT = "faint"
    INHOMOGENEOUS = "inhomogeneous"
    MICROCYSTIC = "microcystic"
    MILKY_WAY = "milky_way"
    PUNCTATE = "punctate"
    SATELLITES = "satellites"
    OEDEMA = "oedema"
    HOMOGENEOUS = "homogeneous"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class DwiPattern(LesionAnswer):
    """Signal at b = 1000 s/mm2; several may apply."""

    NONE = "none"
    ENTIRE_LESION = "entire_lesion"
    PART = "part"
    RIM = "rim"
    DARK_CENTRE = "dark_centre"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class Adc(LesionAnswer):
    """Apparent diffusion coefficient."""

    NORMAL = "normal"
    HYPERINTENSE = "hyperintense"
    HYPOINTENSE = "hypointense"
    MIXED = "mixed"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class Enhancement(LesionAnswer):
    """Pattern of contrast enhancement; several may apply."""

    NONE = "none"
    PATCHY = "patchy"
    PUNCTATE = "punctate"
    MILKY_WAY = "milky_way"
    RING = "ring"
    OPEN_RING = "open_ring"
    CENTRAL = "central"
    OTHER = "other"
    INCREASED = "increased"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class SwiPattern(LesionAnswer):
    """Susceptibility; several may apply."""

    NONE = "none"
    RIM = "rim"
    CENTRAL_VEIN = "central_vein"
    CORE = "core"
    FIBRE_TRACTS = "fibre_tracts"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class MassEffect(LesionAnswer):
    """Space-occupying effect."""

    NONE = "none"
    MINOR = "minor"
    MARKED = "marked"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class IrisSign(LesionAnswer):
    """Signs of an inflammatory reaction at or beside a lesion; several may apply."""

    NONE = "none"
    OEDEMA = "oedema"
    MORE_ENHANCEMENT = "more_enhancement"
    PERIVASCULAR = "perivascular"
    MENINGEAL = "meningeal"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class Residual(LesionAnswer):
    """What a lesion left behind; several may apply."""

    NONE = "none"
    FOCAL_ATROPHY = "focal_atrophy"
    DEFECT = "defect"
    NOT_ASSESSABLE = "not_assessable"
    NOT_COVERED = "not_covered"


class Attribution(LesionAnswer):
    """What the findings of a lesion favour."""

    MS = "ms"
    PML = "pml"
    BOTH = "both"
    OTHER = "other"
    INDETERMINATE = "indeterminate"


class MrsReference(LesionAnswer):
    """Reference region of a spectroscopy."""

    NAWM = "nawm"
    NONE = "none"


class Overlap(LesionAnswer):
    """How much of a voxel the lesion fills."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


#: Question of each enumeration: the first half of its answers' keys in `codes.json`.
QUESTION: dict[type[LesionAnswer], str] = {
    Sign: "sign",
    AnatomicalSite: "site",
    Laterality: "laterality",
    Topography: "topography",
    Multiplicity: "multiplicity",
    Morphology: "morphology",
    Border: "border",
    TimeCourse: "time_course",
    Course: "course",
    T1Signal: "t1",
    T2Signal: "t2",
    DwiPattern: "dwi",
    Adc: "adc",
    Enhancement: "enhancement",
    SwiPattern: "swi",
    MassEffect: "mass_effect",
    IrisSign: "iris_signs",
    Residual: "residual",
    Attribution: "attribution",
    MrsReference: "reference",
    Overlap: "overlap",
}

#: Item of a lesion, and the sequence without which nothing can be said of it.
SEQUENCE_OF: Final = {
    "t1": "t1",
    "t2": "t2",
    "dwi": "dwi",
    "adc": "dwi",
    "swi": "swi",
    "enhancement": "t1_contrast",
    "iris_signs": "t1_contrast",
}
