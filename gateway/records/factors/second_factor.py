"""Time-based codes (RFC 6238) of an authenticator, and recovery codes for whoever lost it.

A code works once: the time step it belongs to must be later than that of the last code taken. Recovery codes have 80
random bits, so that SHA-256 is enough to keep them.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import datetime
from typing import Final

import pyotp
import segno

ISSUER: Final = "PML gateway"
STEP_S: Final = 30
CLOCK_STEPS: Final = 1
"""Steps that the clock of an authenticator may be before or behind."""
RECOVERY_CODES: Final = 10


def new_secret() -> str:
    """A secret of 160 random bits, as authenticators take it."""
    return pyotp.random_base32()


def uri(secret: str, login: str) -> str:
    """What the QR code says to the authenticator."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=ISSUER)


def qr_code(secret: str, login: str) -> str:
    """The same as a picture: an SVG element without any style of its own, which the pages' policy would not take."""
    made = segno.make(uri(secret, login), error="m", micro=False)
    return made.svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=True)


def step_of(secret: str, code: str, at: datetime, last_step: int) -> int | None:
    """The time step that a code is for; None for a wrong one, and for one that was taken already."""
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    totp = pyotp.TOTP(secret, interval=STEP_S)
    present = int(at.timestamp()) // STEP_S
    steps = range(present - CLOCK_STEPS, present + CLOCK_STEPS + 1)
    fits = [step for step in steps if secrets.compare_digest(totp.generate_otp(step), digits)]
    return next((step for step in fits if step > last_step), None)


def new_recovery_codes() -> list[str]:
    """Ten codes to write down: shown once."""
    texts = (base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES))
    return ["-".join(text[at : at + 4] for at in range(0, 16, 4)) for text in texts]


def recovery_hash(code: str) -> str:
    """A recovery code as it is kept; blanks, dashes and letter case do not count."""
    return hashlib.sha256(re.sub(r"[\W_]+", "", code).lower().encode()).hexdigest()
