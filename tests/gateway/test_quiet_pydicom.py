"""While originals are looked at, nothing that pydicom says reaches anybody."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import suppress

import pytest

from gateway.quiet_pydicom import silent_pydicom

PYDICOM = logging.getLogger("pydicom")


def test_neither_its_log_nor_its_warnings_are_heard_inside(caplog: pytest.LogCaptureFixture) -> None:
    """Both quote values; outside they are as before, after an error as well."""
    with suppress(KeyError), silent_pydicom():
        PYDICOM.warning("Muster^Petra is too long")
        warnings.warn("Muster^Petra is too long", stacklevel=1)
        raise KeyError
    assert caplog.messages == []
    PYDICOM.warning("outside")
    assert caplog.messages == ["outside"]
    with pytest.warns(UserWarning, match="outside"):
        warnings.warn("outside", stacklevel=1)


def test_other_threads_are_not_silenced(caplog: pytest.LogCaptureFixture) -> None:
    """The log of a thread is its own: one that reads originals hides no trouble of another."""
    with silent_pydicom():
        thread = threading.Thread(target=PYDICOM.warning, args=("of another thread",))
        thread.start()
        thread.join()
    assert caplog.messages == ["of another thread"]


def test_silence_may_be_nested(caplog: pytest.LogCaptureFixture) -> None:
    """The end of the inner one does not end the outer one."""
    with silent_pydicom():
        with silent_pydicom():
            pass
        PYDICOM.warning("Muster^Petra")
    assert caplog.messages == []
