"""Numbers as people type them: a point or a comma before the decimals, and nothing that could be read in two ways."""

from __future__ import annotations

import re

_COMMA = re.compile(r"[+-]?(?:0|[1-9]\d*),\d+")
_PERHAPS_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def with_point(text: str) -> str:
    """A typed number with a decimal point: `4,5` becomes `4.5`.

    What could be read in two ways stays as it was typed, so that it is no number: `1.234,5`, and `1,234`, which some
    write for a thousand and more. `0,125` can only be a fraction.
    """
    typed = text.strip()
    if _COMMA.fullmatch(typed) and not _PERHAPS_THOUSANDS.fullmatch(typed):
        return typed.replace(",", ".")
    return typed
