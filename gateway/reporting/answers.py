"""The closed answers of the report form, one enumeration per question.

An answer's value is what drafts and signed reports store; its DICOM code and its label are found in `codes.json` under
`<question>.<value>`, so the enumerations carry no codes and the codes carry no logic. Those about a lesion or a voxel
are in `lesions.answers`.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.reporting.codes import label

#: Education module, section “Early Detection”: at least FLAIR, T2 and diffusion at b = 1000 s/mm².
REQUIRED_SEQUENCES = ("flair", "t2", "dwi")


class Answer(StrEnum):
    """One coded answer; `question` is the first half of its key in `codes.json`."""

    @property
    def key(self) -> str:
        """Key of the answer's code, for example `border.poorly_defined`."""
        return f"{QUESTION[type(self)]}.{self.value}"

    @property
    def label(self) -> str:
        """What people read for this answer: the meaning of its code."""
        return label(self.key)


class Language(Answer):
    """Language of the free text (RFC 5646, CID 5000)."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    ITALIAN = "it"


class Referral(Answer):
    """Why the study was sent."""

    SURVEILLANCE = "surveillance"
    SUSPECTED_PML = "suspected_pml"
    KNOWN_PML = "known_pml"


class PmlStatus(Answer):
    """What the hospital knows of the patient, apart from what this MRI makes suspect."""

    KNOWN = "known"
    NOT_KNOWN = "not_known"


class PmlCertainty(Answer):
    """The clinician's diagnostic certainty, in the words of the AAN's criteria (Berger et al. 2013, abstract)."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    NOT_PML = "not_pml"


class Presence(Answer):
    """Present, absent or undetermined (CID 240)."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDETERMINED = "undetermined"


class Coverage(Answer):
    """How much of the brain a sequence shows."""

    WHOLE_BRAIN = "whole_brain"
    PART = "part"
    UNKNOWN = "unknown"


class JudgedBy(Answer):
    """Which protocol a study is judged by: what of it PML may be excluded with."""

    FULL = "full"
    SIMPLIFIED = "simplified"


class Completeness(Answer):
    """Whether the protocol has the required sequences."""

    COMPLETE = "complete"
    LIMITED = "limited"
    INCOMPLETE = "incomplete"


class Quality(Answer):
    """Image quality."""

    DIAGNOSTIC = "diagnostic"
    NON_DIAGNOSTIC = "non_diagnostic"


class ComparisonDone(Answer):
    """Whether the study was compared with an earlier one."""

    YES = "yes"
    NO = "no"
    NO_PRIOR = "no_prior"


class Change(Answer):
    """Change against the earlier study (CID 6134)."""

    INCREASE = "increase"
    DECREASE = "decrease"
    UNCHANGED = "unchanged"
    NOT_ASSESSABLE = "not_assessable"


class NewLesion(Answer):
    """Whether there is a new lesion; “new” and “no new” compare with a prior."""

    PRESENT = "present"
    ABSENT = "absent"
    PRESENT_NO_COMPARISON = "present_no_comparison"
    NO_LESION = "no_lesion"
    UNDETERMINED = "undetermined"
    NOT_ASSESSABLE = "not_assessable"


class Suspicion(Answer):
    """Level of suspicion of new or active PML of this service, 0 to 4, or none when the images cannot tell."""

    NONE = "0"
    UNLIKELY = "1"
    INDETERMINATE = "2"
    SUSPECTED = "3"
    HIGHLY_SUSPECTED = "4"
    NOT_ASSESSABLE = "not_assessable"

    @property
    def level(self) -> int | None:
        """The level as a number, 0 to 4; None when not assessable."""
        return None if self is Suspicion.NOT_ASSESSABLE else int(self.value)

    def is_at_least(self, level: int) -> bool:
        """True for this level and above; never when not assessable."""
        return self.level is not None and self.level >= level

    def is_at_most(self, level: int) -> bool:
        """True for this level and below; never when not assessable."""
        return self.level is not None and self.level <= level


class IrisPhase(Answer):
    """Phase of PML and of its immune reconstitution inflammatory syndrome."""

    NOT_APPLICABLE = "not_applicable"
    PRE_IRIS = "pre_iris"
    IRIS = "iris"
    EARLY_POST_PML = "early_post_pml"
    LATE_POST_PML = "late_post_pml"
    INDETERMINATE = "indeterminate"
    NOT_ASSESSABLE = "not_assessable"


class Diagnosis(Answer):
    """A diagnosis considered (ICD-10)."""

    PML = "pml"
    MS = "ms"


class Recommendation(Answer):
    """What the reader recommends; several may apply.

    `SHORT_TERM` (2 to 4 weeks) is of forms before `FOLLOW_UP`, which has any interval: it is read, no longer offered.
    """

    ROUTINE = "routine"
    FOLLOW_UP = "follow_up"
    SHORT_TERM = "short_term"
    ADD_CONTRAST = "add_contrast"
    REPEAT_SEQUENCES = "repeat_sequences"
    CSF_PCR = "csf_pcr"
    URGENT_CONTACT = "urgent_contact"


class IntervalUnit(Answer):
    """Unit of the recommended follow-up interval (UCUM)."""

    DAYS = "d"
    WEEKS = "wk"
    MONTHS = "mo"


QUESTION: dict[type[Answer], str] = {
    Language: "language",
    Referral: "referral",
    PmlStatus: "pml_status",
    PmlCertainty: "pml_certainty",
    Presence: "presence",
    Coverage: "coverage",
    JudgedBy: "judged_by",
    Completeness: "completeness",
    Quality: "quality",
    ComparisonDone: "comparison",
    Change: "change",
    NewLesion: "new_lesion",
    Suspicion: "suspicion",
    IrisPhase: "iris_phase",
    Diagnosis: "diagnosis",
    Recommendation: "recommendation",
    IntervalUnit: "unit",
}
