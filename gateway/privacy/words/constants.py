"""Words that are no identification where they stand (`constant_words.json`): vendors' names, defined terms of codes.

A patient may be called Vida, White or Phase; the scanner model and the coded string of the same word are constants.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

# Where manufacturers' words stand.
VENDOR_ATTRIBUTES: Final = frozenset({"Manufacturer", "ManufacturerModelName", "SoftwareVersions"})
IMPLEMENTATION_VERSION_NAME: Final = "PML_GATEWAY_1"
"""What the file meta information of our copies says (PS3.10 7.1): the same in every copy, whoever the patient is."""


@lru_cache(maxsize=1)
def _content() -> tuple[frozenset[str], frozenset[str]]:
    content = json.loads((files("gateway.privacy.words") / "constant_words.json").read_text("utf-8"))
    return frozenset(content["vendor"]), frozenset(content["codes"])


def vendor_words() -> frozenset[str]:
    """Casefolded words of manufacturers, models and version texts."""
    return _content()[0]


def is_standard_code(value: str) -> bool:
    """Whether a coded string (CS) is made of defined terms and vendors' values only."""
    return all(part in _content()[1] or not part for part in re.split(r"[ _\\]+", value.strip(" \0")))
