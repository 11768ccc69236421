"""All parts of the second opinion together, each right by itself; whether they agree is for `checks` and `report`.

What others ask of a report (the calendar, the rules) is a property here, so that it has one answer.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gateway.reporting.answers import (
    Change,
    ComparisonDone,
    Completeness,
    Diagnosis,
    IntervalUnit,
    IrisPhase,
    Language,
    NewLesion,
    PmlStatus,
    Recommendation,
    Referral,
    Suspicion,
)
from gateway.reporting.lesions.answers import TimeCourse
from gateway.reporting.lesions.earlier_forms import opinion_of_today
from gateway.reporting.lesions.lesion import Lesion
from gateway.reporting.lesions.spectrum import Spectrum
from gateway.reporting.parts import (
    ClinicalContext,
    Communication,
    Comparison,
    FreeText,
    Measure,
    Protocol,
    ReportPart,
    distinct,
)

#: A key of `questions.QUESTIONS`; one that a later form no longer asks is still read.
QuestionKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Reason = Annotated[FreeText, StringConstraints(min_length=1, max_length=1000)]


class Opinion(ReportPart):
    """Every coded item of the second opinion; only a `Report` is also free of contradictions."""

    language: Language = Language.ENGLISH
    context: ClinicalContext = ClinicalContext()
    protocol: Protocol
    comparison: Comparison
    new_lesion: NewLesion
    lesions: Annotated[tuple[Lesion, ...], Field(max_length=50)] = ()
    spectra: Annotated[tuple[Spectrum, ...], Field(max_length=20)] = ()
    other_findings: FreeText = ""
    suspicion: Suspicion
    certainty_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    iris_phase: IrisPhase
    diagnoses: Annotated[tuple[Diagnosis, ...], AfterValidator(distinct)] = ()
    narrative: Annotated[FreeText, StringConstraints(min_length=1)]
    recommendations: Annotated[tuple[Recommendation, ...], Field(min_length=1), AfterValidator(distinct)]
    follow_up_value: Annotated[Measure, Field(gt=0)] | None = None
    follow_up_unit: IntervalUnit | None = None
    recommendation_text: FreeText = ""
    communication: Communication | None = None
    reasons: Annotated[dict[QuestionKey, Reason], Field(max_length=50, default_factory=dict)]

    @model_validator(mode="before")
    @classmethod
    def _of_today(cls, said: Any) -> Any:
        """What an earlier form called otherwise is read as it is called today."""
        return opinion_of_today(said)

    @property
    def pml_known(self) -> bool:
        """True when the hospital follows a known PML: its status says so or, where it is silent, the referral."""
        status = self.context.pml_status
        return status is PmlStatus.KNOWN or (status is None and self.context.referral is Referral.KNOWN_PML)

    @property
    def answers_the_question(self) -> bool:
        """False when this MRI cannot tell whether there is PML: the next one stays due.

        The level is assessed, and FLAIR, T2 and DWI at b = 1000 s/mm² were read over the whole brain.
        """
        return (
            self.suspicion.level is not None
            and not self.protocol.shortfalls
            and self.protocol.completeness is not Completeness.INCOMPLETE
        )

    @property
    def lesions_left(self) -> tuple[Lesion, ...]:
        """The lesions described that have not resolved."""
        return tuple(lesion for lesion in self.lesions if lesion.time_course is not TimeCourse.RESOLVED)

    @property
    def has_news(self) -> bool:
        """False only when everything was compared with a prior, and nothing is new, more or not known."""
        return (
            self.comparison.done is not ComparisonDone.YES
            or self.new_lesion not in {NewLesion.ABSENT, NewLesion.NO_LESION}
            or self.comparison.t2_load_change in {Change.INCREASE, Change.NOT_ASSESSABLE}
            or any(lesion.has_news for lesion in self.lesions)
            or "course_against_measures" in self.reasons
        )
