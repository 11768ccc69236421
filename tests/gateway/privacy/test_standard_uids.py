"""Which UIDs are the Standard's own, and stay."""

from __future__ import annotations

import pytest

from gateway.privacy.standard_uids import is_standard_uid


@pytest.mark.parametrize(
    "uid",
    ["1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.1", "1.2.840.10008.1.4.1.1", "2.16.840.1.113883.6.96"],
)
def test_what_the_standard_defines_is_its_own(uid: str) -> None:
    """SOP classes, transfer syntaxes, frames of reference, coding schemes."""
    assert is_standard_uid(uid)


@pytest.mark.parametrize(
    "uid", ["", "1.2.3", "1.2.840.10008", "1.2.840.10008.5.1.4.1.1.4.4711", "2.16.840.1.113883.6.96.1"]
)
def test_a_uid_below_the_root_of_the_standard_is_not(uid: str) -> None:
    """Somebody may have appended a patient's number to it."""
    assert not is_standard_uid(uid)
