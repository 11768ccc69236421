"""What is wrong with a certificate, or with TLS itself, when a handshake fails: in words, with what helps.

OpenSSL says it by numbers of its verification (of the certificate that we were shown) and by alerts (of ours, which the
other side does not take). PS3.15 B.12; RFC 8446 6.2.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final

Told = tuple[str, str]

_THEIRS: Final[Mapping[int, Told]] = {
    9: (
        "its certificate is not valid yet",
        "Compare the clocks of both systems; otherwise have it reissued.",
    ),
    10: ("its certificate has expired", "Have it renewed there."),
    18: ("its certificate is self-signed", "Trust it by its own file as ca, or have it signed."),
    19: ("its authority is not known", "Add the certificate of its authority to the file given as ca."),
    20: (
        "the issuer of its certificate is not known",
        "Add the authority's certificate to the file given as ca.",
    ),
    21: (
        "the issuer of its certificate is not known",
        "Add the authority's certificate to the file given as ca.",
    ),
    23: ("its certificate was revoked", "Have a new one issued there."),
    26: (
        "its certificate is for another use",
        "Have one issued for TLS clients and servers (RFC 5280 4.2.1.12).",
    ),
    62: (
        "its certificate is for another host",
        "Write the host as the certificate names it, or have it reissued.",
    ),
    64: (
        "its certificate is for another host",
        "Write the host as the certificate names it, or have it reissued.",
    ),
}
"""By X509_V_ERR of OpenSSL: of the certificate that the other side showed."""

_BY_REASON: Final[tuple[tuple[str, Told], ...]] = (
    (
        "ALERT_CERTIFICATE_EXPIRED",
        ("it says that our certificate has expired", "Renew the certificate that we show to it."),
    ),
    (
        "ALERT_CERTIFICATE_REVOKED",
        ("it says that our certificate was revoked", "Have a new one issued and configured."),
    ),
    (
        "ALERT_UNKNOWN_CA",
        (
            "it does not know the authority of our certificate",
            "Have our authority's certificate trusted there.",
        ),
    ),
    (
        "ALERT_CERTIFICATE_REQUIRED",
        ("it wants a certificate of ours", "Give tls of the node a certificate and a key."),
    ),
    (
        "ALERT_BAD_CERTIFICATE",
        (
            "it does not take our certificate",
            "Compare its authority, names and dates with what is trusted there.",
        ),
    ),
    (
        "ALERT_CERTIFICATE_UNKNOWN",
        (
            "it does not take our certificate",
            "Compare its authority, names and dates with what is trusted there.",
        ),
    ),
    (
        "DID_NOT_RETURN_A_CERTIFICATE",
        (
            "it showed no certificate",
            "Have a certificate of an authority in [dicom] tls_ca configured there.",
        ),
    ),
    ("WRONG_VERSION_NUMBER", ("it does not speak TLS", "Switch TLS on at both ends, or at none.")),
    ("HTTP_REQUEST", ("it speaks HTTP and no TLS", "Check that the port is the one of DICOM.")),
    (
        "UNSUPPORTED_PROTOCOL",
        ("it speaks only TLS older than 1.2", "Have it speak TLS 1.2 or newer (PS3.15 B.12)."),
    ),
    (
        "PROTOCOL_VERSION",
        ("it speaks only TLS older than 1.2", "Have it speak TLS 1.2 or newer (PS3.15 B.12)."),
    ),
    ("NO_SHARED_CIPHER", ("no cipher suite is common", "Have it offer those of BCP 195 (PS3.15 B.12).")),
    (
        "HANDSHAKE_FAILURE",
        ("it breaks the handshake off", "Its log says why: certificate, cipher suites or version."),
    ),
)
"""By the end of OpenSSL's reason: alerts of the other side first."""


def told(error: BaseException) -> Told | None:
    """What a handshake failed of, and what helps; None where it was not TLS, or OpenSSL does not say."""
    for each in _with_causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            text, fix = _THEIRS.get(
                each.verify_code, ("its certificate cannot be verified", "Have it reissued.")
            )
            return f"{text} ({each.verify_message})", fix
        if isinstance(each, ssl.SSLError) and each.reason:
            for end, words in _BY_REASON:
                if each.reason.endswith(end):
                    return words
    return None


def _with_causes(error: BaseException) -> list[BaseException]:
    """The error and all that it holds: requests and urllib3 keep OpenSSL's own among their arguments."""
    causes: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each in causes or len(causes) > 20:
            continue
        causes.append(each)
        behind = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        waiting += [other for other in behind if isinstance(other, BaseException)]
    return causes
