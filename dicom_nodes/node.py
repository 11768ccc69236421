"""Another DICOM system: where it is, how it is called, and what we use it for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """What a node is to us; one node may be several things."""

    SENDER = "sender"
    """It may store objects here."""
    READER = "reader"
    """Studies are forwarded to it for reading."""
    ARCHIVE = "archive"
    """Reports are returned to it, and it is asked to commit to them."""


STORING = frozenset({Role.SENDER, Role.READER})
"""Roles whose nodes may store objects here: studies to be read, or what a reading site made of them."""


class ReportsBy(StrEnum):
    """How a reading site reports, so that we know when a case is over."""

    WEB = "web"
    """On our form; what it sends by DICOM is passed on, and the case waits for the signature."""
    DICOM = "dicom"
    """By a structured report (or PDF) of its own: once that is safe at the sender's PACS, the case is over."""


@dataclass(frozen=True)
class TlsSettings:
    """The files of one TLS end point (PEM). `ca` given: the peer must show a certificate signed by it."""

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None


@dataclass(frozen=True)
class DimseNode:
    """A node that speaks DICOM over TCP (PS3.8). `port` is the TCP port it listens on.

    `addresses` are the source addresses (or CIDR networks) it may call from; empty means: the addresses
    that `host` resolves to. `commitment` is False for peers known never to commit.
    """

    name: str
    ae_title: str
    host: str
    port: int
    roles: frozenset[Role]
    site: str = "default"
    addresses: tuple[str, ...] = ()
    tls: TlsSettings | None = None
    commitment: bool = True
    reports_by: ReportsBy = ReportsBy.WEB


@dataclass(frozen=True)
class DicomWebNode:
    """A node that speaks DICOMweb (PS3.18). `url` is the service root, such as https://pacs/dicom-web.

    Secrets come from files only: `token_file` (bearer) or `username` with `password_file` (basic).
    `verify`: True (system trust), a CA file, or False (test systems only).
    """

    name: str
    url: str
    roles: frozenset[Role]
    site: str = "default"
    addresses: tuple[str, ...] = ()
    token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    verify: bool | Path = True
    reports_by: ReportsBy = ReportsBy.WEB


Node = DimseNode | DicomWebNode
