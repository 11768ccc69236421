"""The line that says which sequences a study shows, as the records keep it: `flair t2 dwi? t1-`.

`?` is not known, `-` there and not as it is asked for (part of the brain, slices too thick); `none`: series were
recognised, and none of these; an empty line: nothing is known. No series is judged here: a receiver reads the line too.
"""

from __future__ import annotations

from collections.abc import Mapping

ESSENTIAL = frozenset({"flair", "t2", "dwi"})
NONE = "none"
MARKS: Mapping[bool | None, str] = {True: "", None: "?", False: "-"}
_MEANT: Mapping[str, bool | None] = {"?": None, "-": False}


def sequences_of(line: str) -> dict[str, bool | None] | None:
    """What a line says: sequence -> whether it is shown (None: not known); None where nothing is known at all."""
    if not line:
        return None
    words = line.split()
    return {word.rstrip("?-"): _MEANT.get(word[-1], True) for word in words if word != NONE}
