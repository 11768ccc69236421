"""What an alignment has to fulfil to be shown, as its process, its caller and the manual name it."""

from __future__ import annotations

from typing import Final

LIMIT_MM: Final = 1.0
"""Of the median of blocks: beyond it a lesion of 3 mm beside the one of last time may be it or not."""
WORST_MM: Final = 3.0
"""Of all but 5 of 100 blocks."""
LEAST_FIRM: Final = 0.75
"""Part of the blocks whose edges fit somewhere."""
LEAST_AGREEMENT: Final = 0.5
"""Median of how well they agree, 0 to 1."""
LEAST_OVERLAP: Final = 0.5
"""Part of the current brain that the prior must show."""
FARTHEST_TURN: Final = 45.0
"""Degrees."""
