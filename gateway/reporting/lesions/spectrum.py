"""One voxel of 1H spectroscopy with its reference, and the lesion that it shows."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.reporting.lesions.answers import AnatomicalSite, Laterality, MrsReference, Overlap
from gateway.reporting.parts import Measure, ReportPart


class Ratios(ReportPart):
    """Metabolite ratios of one voxel (no unit)."""

    naa_cr: Measure | None = None
    naa_cho: Measure | None = None
    cho_cr: Measure | None = None
    lip_cr: Measure | None = None

    @property
    def known(self) -> dict[str, Decimal]:
        """The ratios that were measured, by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class Spectrum(ReportPart):
    """One 1H-MRS voxel with its reference values, usually in normal appearing white matter (NAWM).

    `lesion` is the number of the lesion that the voxel shows, `echo_time_ms` the echo time TE in ms.
    """

    lesion: Annotated[int, Field(ge=1, le=999)] | None = None
    overlap: Overlap | None = None
    site: AnatomicalSite
    laterality: Laterality
    echo_time_ms: Annotated[Measure, Field(gt=0)] | None = None
    values: Ratios = Ratios()
    reference: MrsReference
    reference_values: Ratios = Ratios()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not self.values.known:
            raise ValueError("a spectrum without any ratio says nothing; enter one or delete the spectrum")
        if self.reference is MrsReference.NONE and self.reference_values.known:
            raise ValueError("reference values need a reference region; choose NAWM or delete the values")
        return self
