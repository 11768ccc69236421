"""X.509 certificates of TLS: whose one is, when it ends, and whether it is the one that a node is bound to.

A node is bound by what nodes.yaml says in `certificates`: SHA-256 fingerprints, or subjects as openssl and RFC 4514
write them. A fingerprint names one certificate; a subject also its successors of the same authority.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_FINGERPRINT = re.compile(r"(?:sha-?256[:= ]\s*)?([0-9a-f]{2}(?::?[0-9a-f]{2}){31})", re.IGNORECASE)


@dataclass(frozen=True)
class Certificate:
    """What there is to say of a certificate. `fingerprint`: SHA-256, hexadecimal, no colons."""

    subject: str
    fingerprint: str
    expires_at: datetime

    def is_one_of(self, wanted: Iterable[str]) -> bool:
        """Whether one of these fingerprints or subjects is this certificate's."""
        own = normal_form(self.subject)
        return any(form in (self.fingerprint, own) for form in map(normal_form, wanted))


def of_der(der: bytes) -> Certificate:
    """A certificate as TLS shows it."""
    parsed = x509.load_der_x509_certificate(der)
    return Certificate(
        parsed.subject.rfc4514_string(), hashlib.sha256(der).hexdigest(), parsed.not_valid_after_utc
    )


def of_file(path: Path) -> tuple[Certificate, ...]:
    """The certificates in a PEM file. Raises OSError and ValueError."""
    found = x509.load_pem_x509_certificates(path.read_bytes())
    return tuple(of_der(each.public_bytes(Encoding.DER)) for each in found)


def normal_form(text: str) -> str:
    """A fingerprint or a subject in the one form that is compared. Raises ValueError for what is neither."""
    fingerprint = _FINGERPRINT.fullmatch(text.strip())
    if fingerprint:
        return fingerprint[1].replace(":", "").lower()
    tight = re.sub(r"\s*=\s*", "=", re.sub(r"\s*,\s*", ",", text.strip()))
    if not tight:
        raise ValueError("it is empty")
    name = x509.Name.from_rfc4514_string(tight)
    # Programs write the parts in either order; the authority, not the order, keeps two subjects apart.
    return ",".join(sorted(part.rfc4514_string() for part in name.rdns))
