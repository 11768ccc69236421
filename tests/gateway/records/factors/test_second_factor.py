"""Time-based codes and recovery codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from gateway.records.factors import second_factor
from gateway.records.factors.second_factor import new_recovery_codes, new_secret, recovery_hash, step_of

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238 appendix B, SHA-1: the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert step_of(secret, code, datetime.fromtimestamp(seconds, UTC), 0) == seconds // 30


@pytest.mark.parametrize(("late_s", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(late_s: int, fits: bool) -> None:
    """And no more."""
    secret = new_secret()
    code = pyotp.TOTP(secret).at(NOW + timedelta(seconds=late_s))
    assert (step_of(secret, code, NOW, 0) is not None) is fits


def test_a_code_works_once() -> None:
    """Nor does one of an earlier step work after it."""
    secret = new_secret()
    code, before = pyotp.TOTP(secret).at(NOW), pyotp.TOTP(secret).at(NOW - timedelta(seconds=30))
    step = step_of(secret, f"{code[:3]} {code[3:]}", NOW, STEP - 5)
    assert step == STEP
    assert step_of(secret, code, NOW, step) is None
    assert step_of(secret, before, NOW, step) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    """Six digits of ASCII, blanks aside."""
    assert step_of(new_secret(), code, NOW, 0) is None


def test_recovery_codes_are_many_and_read_as_they_are_written_down() -> None:
    """Ten different ones; dashes, blanks and capitals do not count."""
    codes = new_recovery_codes()
    assert len({*codes}) == second_factor.RECOVERY_CODES
    assert recovery_hash(codes[0]) == recovery_hash(codes[0].upper().replace("-", " "))
    assert recovery_hash(codes[0]) != recovery_hash(codes[1])


def test_the_picture_is_plain_svg() -> None:
    """No style attribute, no script and no address: it stands in the page itself."""
    secret = new_secret()
    picture = second_factor.qr_code(secret, "ana")
    assert picture.startswith("<svg")
    assert not [word for word in ("style", "script", "http", secret) if word in picture.replace("xmlns", "")]
    assert "otpauth://totp/PML%20gateway:ana?secret=" in second_factor.uri(new_secret(), "ana")
