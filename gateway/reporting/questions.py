"""QUESTIONS: what a report may say only with a reason, because it is unusual and not impossible.

Each question stands beside one item of the form, a section as a whole included; its reason is kept in the signed
report under the same key. The rules that ask are in `checks`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """`field` is where the form shows it, `statement` what the report then says, followed by the reason."""

    field: str
    statement: str


QUESTIONS: dict[str, Question] = {
    "suspicion_without_lesion": Question("suspicion", "Suspicion of PML without a described lesion"),
    "high_level_without_pml_lesion": Question(
        "suspicion", "PML suspected, though every lesion, or every diagnosis named, is of another cause"
    ),
    "low_level_with_pml": Question("suspicion", "PML not suspected, though the report names it"),
    "not_assessable_names_pml": Question(
        "suspicion", "Suspicion not assessable, though the report names PML"
    ),
    "level_zero_with_unclear_lesion": Question(
        "suspicion", "No finding suggestive of PML, though a lesion is indeterminate"
    ),
    "low_level_with_pcr": Question("suspicion", "PML not suspected, though JC virus DNA is in the CSF"),
    "not_assessable_though_readable": Question(
        "suspicion", "Suspicion not assessable, though the required sequences are readable"
    ),
    "new_lesion_not_described": Question("new_lesion", "New lesion present, but none is described as new"),
    "iris_without_sign": Question("iris_phase", "PML-IRIS without a described sign of it"),
    "phase_without_known_pml": Question("iris_phase", "Phase of PML, though PML is not known"),
    "late_phase_at_high_level": Question("iris_phase", "Late post-PML with suspicion of active PML"),
    "volume_beyond_axis": Question("lesions", "Volume larger than the long axis allows"),
    "axis_against_mark": Question("lesions", "Long axis other than the one that was drawn"),
    "volume_against_mark": Question("lesions", "Volume other than that of the marked regions"),
    "course_against_measures": Question(
        "lesions", "Time course that the measures of both reports do not show"
    ),
    "no_contrast": Question(
        "recommendations", "PML not excluded, and contrast-enhanced T1 neither read nor recommended"
    ),
    "routine_at_high_level": Question(
        "recommendations", "PML not excluded, and routine surveillance recommended"
    ),
    "nobody_told": Question(
        "communication.person", "Critical result, and nobody at the hospital was told before this report"
    ),
    "unusual_interval": Question("follow_up_value", "Follow-up interval outside the usual"),
    "status_against_context": Question(
        "context.pml_status", "The status of PML and what the hospital says differ"
    ),
    "antibodies_against_index": Question(
        "context.jcv_index", "Antibodies against JC virus and their index say different things"
    ),
    "urgent_at_low_level": Question(
        "recommendations", "Urgent steps recommended, though PML is neither known nor suspected"
    ),
    "text_may_name_somebody": Question("narrative", "Free text that looks like a name, a number or a day"),
    "text_of_other_answers": Question("narrative", "Impression with a sentence that the answers do not say"),
    "prior_not_here": Question("comparison.prior_study_date", "Compared with a study that was not sent here"),
    "sequence_not_recognised": Question(
        "protocol.completeness", "Sequence present that was not recognised in the study"
    ),
    "b_value_not_measured": Question(
        "protocol.sequences.dwi.acquired",
        "DWI at b = 1000 s/mm² present, though the headers have other b-values",
    ),
    "complete_against_verdict": Question(
        "protocol.completeness", "Protocol complete, though it was judged to have limits"
    ),
}
