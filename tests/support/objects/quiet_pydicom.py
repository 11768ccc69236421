"""Real files and hostile headers make pydicom talk: a fixture that keeps it quiet during each test of a module."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def pydicom_is_quiet() -> Iterator[None]:
    """Import it (and name it in `__all__`); it is used by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("pydicom").setLevel(logging.CRITICAL)
        yield
        logging.getLogger("pydicom").setLevel(logging.NOTSET)
