"""What a node counts in a study: by series, or as a whole where it does not say more.

NumberOfSeriesRelatedInstances and NumberOfStudyRelatedInstances are optional (PS3.4 C.6.2, PS3.18 10.6.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class InstanceCount:
    """How many instances a node counts in one study. None: it does not say."""

    series: Mapping[str, int | None]
    """Of each MR series, by SeriesInstanceUID."""
    study: int | None = None
    """In the whole study, whatever their modality; asked only where a series has no number."""

    @property
    def says_nothing(self) -> bool:
        """The node does not know the study, or no number of it."""
        return self.study is None and not any(self.series.values())
