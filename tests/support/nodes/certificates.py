"""A certificate authority for the tests: PEM files for this machine, for somebody else, and of a stranger's CA."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dicom_nodes.node import TlsSettings


class Authority:
    """Signs certificates; its own is in `folder/NAME.pem`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.file = folder / f"{name}.pem"
        self._certificate = self._sign(self._key, self._name, None, days=4000)
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def settings(
        self, name: str, *, address: str = "127.0.0.1", ca: Path | None = None, days: float = 90
    ) -> TlsSettings:
        """Certificate and key for `address`; the other side must be signed by `ca` (default: this one).

        It is valid for so many more days; a number below zero: it has ended.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(key, _name(name), address, days)
        pem, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return TlsSettings(pem, private, ca or self.file)

    def _sign(
        self, key: ec.EllipticCurvePrivateKey, subject: x509.Name, address: str | None, days: float = 90
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        public = key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=100))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=address is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if address is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
