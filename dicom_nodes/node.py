"""Another DICOM system: where it is, how it is called, and what we use it for; and what is said of a site."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

NO_SITE: Final = "default"
"""The site of nodes that say none: it tells nothing of who belongs together, so that nothing can be returned to it."""


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
    """By a structured report (or PDF) of its own: once that is safe where it goes, the case is over."""


class ConfirmsBy(StrEnum):
    """What is enough to know that the node keeps what it took; storage commitment always is."""

    QUERY = "query"
    """It commits to the object, or a query shows it."""
    STORE = "store"
    """Where it neither commits nor answers queries, the Success of its store is enough."""


class Service(StrEnum):
    """What may have an address of its own at a node."""

    STORE = "store"
    QUERY = "query"
    COMMITMENT = "commitment"


@dataclass(frozen=True)
class ServiceAddress:
    """An AE title and TCP port of a node, where one service of it is."""

    ae_title: str
    host: str
    port: int


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
    that `host` and the hosts of its services resolve to. `commitment` is False for peers known never to commit.
    A service without an address of its own is at `ae_title`, `host` and `port`.
    """

    name: str
    ae_title: str
    host: str
    port: int
    roles: frozenset[Role]
    site: str = NO_SITE
    addresses: tuple[str, ...] = ()
    tls: TlsSettings | None = None
    commitment: bool = True
    reports_by: ReportsBy = ReportsBy.WEB
    confirms_by: ConfirmsBy = ConfirmsBy.QUERY
    store_address: ServiceAddress | None = None
    query_address: ServiceAddress | None = None
    commitment_address: ServiceAddress | None = None
    calling_ae_titles: tuple[str, ...] = ()
    """The titles it calls with; empty: `ae_title`."""
    certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints or subjects of the certificates it calls with; empty: it may call without TLS alone."""
    accounts: tuple[str, ...] = ()
    """Accounts of the gateway that store for it over HTTP, from its addresses."""
    commitment_results_from: tuple[str, ...] = ()
    """The titles that report commitment for it; empty: those it calls with, and that of its commitment service."""

    def at(self, service: Service) -> DimseNode:
        """This node as it is reached for a service: with the AE title, host and port of that service."""
        addresses = {
            Service.STORE: self.store_address,
            Service.QUERY: self.query_address,
            Service.COMMITMENT: self.commitment_address,
        }
        address = addresses[service]
        if address is None:
            return self
        return replace(self, ae_title=address.ae_title, host=address.host, port=address.port)

    @property
    def service_addresses(self) -> dict[ServiceAddress, tuple[Service, ...]]:
        """Every address it is called at, with the services that are there."""
        found: dict[ServiceAddress, tuple[Service, ...]] = {}
        for service in Service:
            there = self.at(service)
            address = ServiceAddress(there.ae_title, there.host, there.port)
            found[address] = (*found.get(address, ()), service)
        return found

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its own host, then those of its services."""
        return tuple(dict.fromkeys((self.host, *(address.host for address in self.service_addresses))))

    @property
    def calls_as(self) -> frozenset[str]:
        """The titles with which it may store and ask here."""
        return frozenset(self.calling_ae_titles or (self.ae_title,))

    @property
    def commits_as(self) -> frozenset[str]:
        """The titles whose commitment results count as this node's."""
        asked = self.at(Service.COMMITMENT).ae_title
        return frozenset(self.commitment_results_from) or self.calls_as | {asked}


@dataclass(frozen=True)
class DicomWebNode:
    """A node that speaks DICOMweb (PS3.18). `url` is the service root, such as https://pacs/dicom-web.

    Secrets come from files only: `token_file` (bearer) or `username` with `password_file` (basic).
    `verify`: True (system trust), a CA file, or False (test systems only).
    """

    name: str
    url: str
    roles: frozenset[Role]
    site: str = NO_SITE
    addresses: tuple[str, ...] = ()
    token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    verify: bool | Path = True
    reports_by: ReportsBy = ReportsBy.WEB
    confirms_by: ConfirmsBy = ConfirmsBy.QUERY
    accounts: tuple[str, ...] = ()


Node = DimseNode | DicomWebNode


@dataclass(frozen=True)
class Site:
    """What nodes.yaml says of a site as a whole. `returns_to`: the name of the node that its reports go to."""

    name: str
    returns_to: str = ""
