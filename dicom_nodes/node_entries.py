"""What may stand in one entry of nodes.yaml: a model for each kind of node, which makes the node, and one for a site.

The models say what a person may write, more than a node can be: one role or a list of them, a file beside this one.
They are validated with the folder of nodes.yaml as context, from which the names of files count.
"""

from __future__ import annotations

import ipaddress
import re
from abc import abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dicom_nodes.config_files.file_problem import complaint, did_you_mean
from dicom_nodes.node import (
    NO_SITE,
    ConfirmsBy,
    DicomWebNode,
    DimseNode,
    Node,
    ReportsBy,
    Role,
    ServiceAddress,
    Site,
    TlsSettings,
)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# PS3.5 6.2, VR AE: 16 bytes of the default repertoire without backslash and control characters.
_AE_TITLE: Final = re.compile(r"(?! )[\x20-\x5B\x5D-\x7E]{1,16}(?<! )")
_MUST_NOT_BE_EMPTY: Final = frozenset(
    {"name", "ae_title", "host", "port", "url", "roles", "site", "addresses", "accounts", "returns_to"}
)


def _formed(pattern: re.Pattern[str], rule: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise complaint("is not allowed", value, f"Use {rule}.")
        return value

    return BeforeValidator(check)


def _one_of(kind: type[StrEnum]) -> BeforeValidator:
    def check(value: Any) -> Any:
        if value not in tuple(kind):
            raise complaint("is unknown", value, did_you_mean(str(value), tuple(kind)))
        return value

    return BeforeValidator(check)


def _listed(value: Any) -> Any:
    """One thing needs no list."""
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> Any:
    """A number is a text, too: a host or a site may look like one."""
    if isinstance(value, list | dict | bytes):
        raise complaint("is not a text", value, "Write one text.")
    return str(value)


def _port(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise complaint("is not a TCP port", value, "Use a number from 1 to 65535.")
    return value


def _network(value: Any) -> str:
    try:
        return str(ipaddress.ip_network(str(value), strict=False))
    except ValueError:
        fix = "Write an address (10.1.2.3) or a network (10.1.0.0/16)."
        raise complaint("is no IP address or network", value, fix) from None


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        holds_secret = bool(parts.username or parts.password)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that are no IPv6 address
        holds_secret = is_address = False
    if holds_secret:
        # The value is not repeated: it holds a secret.
        raise complaint("holds a password", "", "Use username and password_file instead.")
    if not is_address:
        raise complaint("is no web address", "" if "@" in url else url, "Use https://host/path.")
    return url.rstrip("/")


def _file(value: Any, info: ValidationInfo) -> Path | None:
    """A file by its name, beside nodes.yaml unless it has a folder of its own."""
    if value is None:
        return None
    path = cast("Path", info.context) / str(value)
    try:
        exists = path.is_file()
    except OSError:  # a name too long, a folder that is not ours to look into
        exists = False
    if not exists:
        raise complaint("the file does not exist", path, "Create it, or correct the name.")
    return path


_Text = Annotated[str, BeforeValidator(_text)]
_File = Annotated[Path | None, BeforeValidator(_file)]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nothing(cls, content: Any) -> Any:
        """A name with nothing behind it is as if it were not there, as is an empty text where none can be meant."""
        if not isinstance(content, Mapping):
            return content
        return {
            name: value
            for name, value in content.items()
            if value is not None and (value != "" or name not in _MUST_NOT_BE_EMPTY)
        }


class _Tls(_Input):
    certificate: _File = None
    key: _File = Field(default=None, validate_default=True)
    ca: _File = None

    @field_validator("key")
    @classmethod
    def _with_its_certificate(cls, key: Path | None, others: ValidationInfo) -> Path | None:
        if "certificate" in others.data and (key is None) != (others.data["certificate"] is None):
            raise complaint("certificate and key belong together", "", "Give both or neither.")
        return key


def _tls(value: Any) -> Any:
    if value is False:
        return None
    if value is True:
        return {}
    if not isinstance(value, Mapping):
        raise complaint(
            "is not known", value, "Write true, or a table of certificate, key and ca (PEM files)."
        )
    return value


def _certificate(value: Any) -> str:
    from dicom_nodes.certificates import normal_form  # with it comes cryptography, which few lists need

    try:
        normal_form(str(value))
    except ValueError:
        fix = "Write its SHA-256 fingerprint (64 hexadecimal digits) or its subject (CN=pacs,O=Hospital)."
        raise complaint("names no certificate", value, fix) from None
    return str(value)


_AeTitle = Annotated[str, _formed(_AE_TITLE, "1 to 16 characters, no backslash")]
_AeTitles = Annotated[tuple[_AeTitle, ...], BeforeValidator(_listed)]


class _ServiceAddress(_Input):
    """Where one service of a node is; what is left out is as for the node."""

    ae_title: _AeTitle | None = None
    host: _Text | None = None
    port: Annotated[int, BeforeValidator(_port)] | None = None

    def of(self, node: DimseEntry) -> ServiceAddress | None:
        """The whole address, with what the node gives; None for one that says nothing."""
        if self == _ServiceAddress():
            return None
        return ServiceAddress(self.ae_title or node.ae_title, self.host or node.host, self.port or node.port)


def _service_address(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise complaint("is not known", value, "Write a table of ae_title, host and port, each as needed.")
    return value


def _commitment(value: Any) -> Any:
    if isinstance(value, bool):
        return {} if value else None
    if isinstance(value, Mapping):
        return value
    raise complaint("is not known", value, "Write true, false, or a table of ae_title, host and port.")


class Entry(_Input):
    """What both kinds of node have."""

    name: Annotated[str, _formed(_NAME, "letters, digits, '.', '_' and '-', at most 64")]
    roles: Annotated[frozenset[Annotated[Role, _one_of(Role)]], BeforeValidator(_listed)]
    site: _Text = NO_SITE
    addresses: Annotated[tuple[Annotated[str, BeforeValidator(_network)], ...], BeforeValidator(_listed)] = ()
    accounts: Annotated[tuple[_Text, ...], BeforeValidator(_listed)] = ()
    reports_by: Annotated[ReportsBy, _one_of(ReportsBy)] = ReportsBy.WEB
    confirms_by: Annotated[ConfirmsBy, _one_of(ConfirmsBy)] = ConfirmsBy.QUERY

    @field_validator("reports_by")
    @classmethod
    def _by_a_reader(cls, reports_by: ReportsBy, others: ValidationInfo) -> ReportsBy:
        if "roles" in others.data and Role.READER not in others.data["roles"]:
            raise complaint("is for nodes that read", reports_by, "Give the node the role reader.")
        return reports_by

    @abstractmethod
    def node(self) -> Node:
        """The node that stands here."""


class DimseEntry(Entry):
    """A node that speaks DICOM over TCP."""

    kind: Literal["dimse"] = "dimse"
    ae_title: _AeTitle
    host: _Text
    port: Annotated[int, BeforeValidator(_port)]
    tls: Annotated[_Tls | None, BeforeValidator(_tls)] = None
    commitment: Annotated[_ServiceAddress | None, BeforeValidator(_commitment)] = _ServiceAddress()
    store: Annotated[_ServiceAddress, BeforeValidator(_service_address)] = _ServiceAddress()
    query: Annotated[_ServiceAddress, BeforeValidator(_service_address)] = _ServiceAddress()
    calling_ae_titles: _AeTitles = ()
    certificates: Annotated[
        tuple[Annotated[str, BeforeValidator(_certificate)], ...], BeforeValidator(_listed)
    ] = ()
    commitment_results_from: _AeTitles = ()

    def node(self) -> DimseNode:
        """The node that stands here."""
        return DimseNode(
            name=self.name,
            roles=self.roles,
            site=self.site,
            addresses=self.addresses,
            accounts=self.accounts,
            reports_by=self.reports_by,
            confirms_by=self.confirms_by,
            ae_title=self.ae_title,
            host=self.host,
            port=self.port,
            tls=None if self.tls is None else TlsSettings(self.tls.certificate, self.tls.key, self.tls.ca),
            commitment=self.commitment is not None,
            store_address=self.store.of(self),
            query_address=self.query.of(self),
            commitment_address=None if self.commitment is None else self.commitment.of(self),
            calling_ae_titles=self.calling_ae_titles,
            certificates=self.certificates,
            commitment_results_from=self.commitment_results_from,
        )


def _verified(value: Any, info: ValidationInfo) -> Any:
    return value if isinstance(value, bool) else _file(value, info)


class DicomWebEntry(Entry):
    """A node that speaks DICOMweb."""

    kind: Literal["dicomweb"]
    url: Annotated[_Text, AfterValidator(_web_address)]
    token_file: _File = None
    password_file: _File = None
    username: _Text | None = Field(default=None, validate_default=True)
    verify: Annotated[bool | Path, BeforeValidator(_verified)] = True

    @field_validator("username", mode="after")
    @classmethod
    def _with_its_password(cls, username: str | None, others: ValidationInfo) -> str | None:
        if "password_file" in others.data and (username is None) != (others.data["password_file"] is None):
            raise complaint("username and password_file belong together", "", "Give both or neither.")
        return username

    def node(self) -> DicomWebNode:
        """The node that stands here."""
        return DicomWebNode(
            name=self.name,
            roles=self.roles,
            site=self.site,
            addresses=self.addresses,
            accounts=self.accounts,
            reports_by=self.reports_by,
            confirms_by=self.confirms_by,
            url=self.url,
            token_file=self.token_file,
            username=self.username,
            password_file=self.password_file,
            verify=self.verify,
        )


KINDS: Final[Mapping[str, type[Entry]]] = {"dimse": DimseEntry, "dicomweb": DicomWebEntry}
"""The model of an entry by what it says as `kind`; the first when it says nothing."""


class SiteEntry(_Input):
    """What may be said of a site."""

    returns_to: _Text = ""

    def site(self, name: str) -> Site:
        """The site that stands here under this name."""
        return Site(name, self.returns_to)
