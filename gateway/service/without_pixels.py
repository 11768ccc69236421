"""Receivers decode no pixels: in their processes, what only that needs cannot be imported.

pynetdicom imports all of pydicom, and pydicom imports whatever it finds to decode pixels with: 20 MB for each receiver,
a third of the time until it receives, and readers of compressed images in the one process that any caller reaches.
pydicom works without them, and says so when asked for pixels; a receiver never asks: it hands on bytes as they came.
"""

from __future__ import annotations

import sys
from typing import Any

UNNEEDED = (
    "numpy",
    "PIL",
    "gdcm",
    "imagecodecs",
    "jpeg_ls",
    "libjpeg",
    "openjpeg",
    "pylibjpeg",
    "rle",
    "requests",
)
"""What pydicom imports where it is installed: arrays, decoders, and the means to download examples."""


def keep_out() -> None:
    """From now on this process has none of it; what it has already stays."""
    modules: dict[str, Any] = sys.modules
    for name in UNNEEDED:
        modules.setdefault(name, None)  # a name that stands for None is imported as one that is not installed
