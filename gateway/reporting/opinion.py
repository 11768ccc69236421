"""All parts of the second opinion together, each right by itself; whether they agree is for `checks` and `report`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from gateway.reporting.answers import (
    Diagnosis,
    IntervalUnit,
    IrisPhase,
    Language,
    Presence,
    Recommendation,
    Suspicion,
)
from gateway.reporting.parts import (
    ClinicalContext,
    Communication,
    Comparison,
    FreeText,
    Lesion,
    Measure,
    Protocol,
    ReportPart,
    Spectrum,
    distinct,
)


class Opinion(ReportPart):
    """Every coded item of the second opinion; only a `Report` is also free of contradictions."""

    language: Language = Language.ENGLISH
    context: ClinicalContext = ClinicalContext()
    protocol: Protocol
    comparison: Comparison
    new_lesion: Presence
    lesions: Annotated[tuple[Lesion, ...], Field(max_length=50)] = ()
    spectra: Annotated[tuple[Spectrum, ...], Field(max_length=20)] = ()
    other_findings: FreeText = ""
    suspicion: Suspicion
    certainty_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    iris_phase: IrisPhase
    diagnoses: Annotated[tuple[Diagnosis, ...], AfterValidator(distinct)] = ()
    narrative: Annotated[FreeText, StringConstraints(min_length=1)]
    recommendations: Annotated[tuple[Recommendation, ...], Field(min_length=1), AfterValidator(distinct)]
    follow_up_value: Annotated[Measure, Field(gt=0, le=120)] | None = None
    follow_up_unit: IntervalUnit | None = None
    recommendation_text: FreeText = ""
    communication: Communication | None = None
