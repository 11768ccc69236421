"""Every setting of the gateway: typed, with unit, default and reason; `settings_file` reads them.

Times are in seconds unless the name says otherwise.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from gateway.connection_settings import DicomSettings, LimitSettings, WebSettings
from gateway.settings_table import Table
from gateway.settings_table import parts as _parts
from gateway.sign_in_settings import OidcSettings, SecurityTxtSettings

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
"""How severe a record of the log is."""


def usable_cores() -> int:
    """Processor cores this process may use, where the system tells: what 0 means for a number of processes."""
    mine = getattr(os, "sched_getaffinity", None)
    return len(mine(0)) if mine is not None else os.cpu_count() or 1


class StorageSettings(Table):
    """Where the gateway keeps what it knows."""

    database: str = Field(
        "sqlite:///gateway-data/gateway.sqlite", description="SQLAlchemy URL; SQLite or postgresql+psycopg"
    )
    objects: Path = Field(
        Path("gateway-data/objects"), description="folder of the DICOM objects; a local file system, not NFS"
    )
    keys: Path = Field(
        Path("gateway-data/keys"), description="folder of vault.key and pseudonym.key, mode 0600"
    )
    last_good: Path | None = Field(
        None,
        description="folder that keeps the last good nodes and rules; without it, last-good beside the objects",
    )
    min_free_mb: int = Field(
        512, ge=0, description="MB that must stay free; below it every store is answered A700"
    )


class StudySettings(Table):
    """When a study counts as complete."""

    quiet_period: float = Field(
        300.0,
        gt=0,
        description="seconds without a new instance until the study is complete; "
        "scanners send series minutes apart",
    )
    settle: float = Field(
        60.0,
        gt=0,
        description="seconds without a new instance until the site's archive is asked; when all that it counts and the "
        "required series are here the study is complete: a minute is longer than the pauses within one transfer",
    )
    hard_cap: float = Field(
        14400.0, gt=0, description="seconds after the first instance when completion no longer waits"
    )
    corrections: Literal["ask", "take"] = Field(
        "ask",
        description="what happens when the site's archive sends a whole study again in which only patient and study "
        "attributes differ, before the signature: ask, a lead decides; take, the newer set stands by itself",
    )
    no_patient_ids: tuple[str, ...] = Field(
        (),
        description="texts in PatientID that number nobody at your sites, besides blank, zero, UNKNOWN and their like: "
        '["NN", "no chart"], in the environment separated by commas; letter case and punctuation do not count; such a '
        "study is its own person",
    )

    _separated = field_validator("no_patient_ids", mode="before")(_parts)


class ProtocolSettings(Table):
    """What is asked of the series of a study, where guidance leaves it to the site."""

    simplified_sites: tuple[str, ...] = Field(
        (),
        description="sites, as nodes.yaml names them, that declare FLAIR and DWI as their protocol of surveillance: "
        "a study of theirs without T2 is then readable with limits, and a report on it is judged by that protocol and "
        "says so; in the environment separated by commas; of a suspicion the full protocol is always asked",
    )

    _separated = field_validator("simplified_sites", mode="before")(_parts)


class EngineSettings(Table):
    """How steps are claimed and tried again."""

    poll: float = Field(1.0, gt=0, description="seconds between looks for due work")
    lease: float = Field(
        60.0, gt=0, description="seconds a worker may be silent before another takes its case over"
    )
    retry_first: float = Field(
        5.0, gt=0, description="seconds until the first retry of a transient problem; doubles each time"
    )
    retry_longest: float = Field(
        900.0,
        gt=0,
        description="seconds the back-off grows to: a PACS down overnight is found within 15 minutes",
    )
    give_up: float = Field(
        259200.0,
        gt=0,
        description="seconds of transient failure until a person is asked: three days, a long weekend",
    )
    processes: int = Field(
        0,
        ge=0,
        description="processes that share the preparing of a large study; 0: one for each core, 1: the worker alone",
    )
    commitment_wait: float = Field(
        2.0, ge=0, description="seconds to wait for a storage commitment answer on the same association"
    )
    commitment_retry: float = Field(60.0, gt=0, description="seconds between looks for a commitment answer")
    commitment_deadline: float = Field(
        86400.0, gt=0, description="seconds until a missing commitment is parked for a person"
    )


class PictureSettings(Table):
    """What the worker makes of a case's copies so that browsers can look at them."""

    largest_mb: int = Field(
        512,
        ge=1,
        description="MB of one volume as a browser holds it; a larger series is shown frame by frame: a 3D series of "
        "the head has 84, and browsers end pages of 2 GB",
    )
    keep_free_mb: int = Field(
        2048,
        ge=0,
        description="MB besides [storage] min_free_mb that must stay free for a volume to be made: what is received "
        "comes first",
    )


class ServeSettings(Table):
    """How the processes are supervised."""

    restart_delay: float = Field(
        1.0, ge=0, description="seconds before a dead role is started again; doubles up to 30"
    )
    drain: float = Field(30.0, gt=0, description="seconds SIGTERM lets associations and steps finish")


class FileSettings(Table):
    """The reviewed configuration beside the settings."""

    nodes: Path = Field(Path("nodes.yaml"), description="the other systems: who may send, who reads")
    rules: Path = Field(Path("rules"), description="folder of routing rules")
    profile: str = Field(
        "pml-read", description="name of the de-identification profile for rules that name none"
    )
    profiles: Path = Field(
        Path("profiles"), description="folder of the site's own de-identification profiles"
    )
    layouts: Path | None = Field(
        None,
        description="YAML file of the site's own layouts of the viewer, read at the start; the manual's page on "
        "reading pictures shows its form",
    )
    contacts: Path | None = Field(
        None,
        description="YAML file of whom to tell: each site's chain for critical results, the readers, targets; read at "
        "the start; the manual's page on critical results shows its form",
    )
    deface_sites: tuple[str, ...] = Field(
        (),
        description="sites whose studies leave without faces whatever their rule says, as a list; in the environment "
        "separated by commas; needs the extra deface",
    )

    _separated = field_validator("deface_sites", mode="before")(_parts)


class SurveillanceSettings(Table):
    """Which guideline of surveillance MRI the sites follow."""

    guideline: str = Field(
        "strictest",
        description="guideline of every site that `sites` does not name: strictest, the earliest of all rules, for "
        "who declares none; magnims-2015; ema-2016; own",
    )
    sites: tuple[str, ...] = Field(
        (),
        description='sites with another one: ["north=ema-2016", "south=own"], in the environment separated by commas',
    )
    own: Path | None = Field(None, description="JSON file of the guideline `own`; the manual shows its form")

    _separated = field_validator("sites", mode="before")(_parts)

    @field_validator("guideline")
    @classmethod
    def _is_known(cls, value: str) -> str:
        # The table is read only where it is needed.
        from routing_rules.surveillance.guidelines import OWN, names

        if value not in (*names(), OWN):
            raise ValueError(f"there is no guideline {value!r}; known are {', '.join((*names(), OWN))}")
        return value

    @field_validator("sites")
    @classmethod
    def _name_known_guidelines(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            site, equals, name = part.partition("=")
            if not equals or not site.strip():
                raise ValueError(f"{part!r} is no site and guideline; write as north=ema-2016")
            cls._is_known(name.strip())
        sites = [part.partition("=")[0].strip() for part in value]
        if len({*sites}) < len(sites):
            raise ValueError("a site stands there twice; keep one")
        return value

    @property
    def by_site(self) -> dict[str, str]:
        """Site -> name of its guideline, for those that `sites` names."""
        pairs = (part.partition("=") for part in self.sites)
        return {site.strip(): name.strip() for site, _, name in pairs}


class NotifySettings(Table):
    """Who is told of what needs a person, without looking at a page. No message names a patient."""

    mail_host: str = Field("", description="SMTP server; empty: no mail")
    mail_port: int = Field(587, ge=1, le=65535, description="its port")
    mail_starttls: bool = Field(True, description="false only for a server on this machine")
    mail_user: str = Field("", description="account at the mail server; empty: none needed")
    mail_password: str = Field("", repr=False, description="its password; give it as a file")
    mail_from: str = Field("", description="sender address")
    mail_to: str = Field("", description="receiving addresses, separated by commas")
    webhook_url: str = Field("", description="address that gets each notice as JSON by POST; empty: none")
    webhook_token: str = Field("", repr=False, description="bearer token for it; give it as a file")
    link: str = Field(
        "http://127.0.0.1:8080", description="how people reach the web pages, for the links in messages"
    )
    timeout: float = Field(20.0, gt=0, description="seconds for one message")


class RaisedLibrary(NamedTuple):
    """A logger of a library that may speak, from which level on, and why."""

    logger: str
    level: LogLevel
    why: str

    @classmethod
    def of(cls, text: str) -> RaisedLibrary:
        """From `logger=LEVEL reason`; raises ValueError."""
        logger, equals, rest = text.partition("=")
        level, _, why = rest.strip().partition(" ")
        levels = [known for known in get_args(LogLevel) if known == level]
        if not equals or not logger.strip() or not levels or not why.strip():
            raise ValueError(
                f"{text!r} is no logger, level and reason; write as: sqlalchemy.pool=INFO pools run dry at night"
            )
        return cls(logger.strip(), levels[0], why.strip())


class AuditSettings(Table):
    """How the audit trail proves itself."""

    anchors: Path | None = Field(
        None,
        description="file that the heads of the chain are written to, away from the database if possible; without it, "
        "audit-anchors.jsonl beside the objects",
    )
    anchor_every: float = Field(
        600.0,
        gt=0,
        description="seconds between anchors: of what is older, no end can be cut off without being missed",
    )
    syslog: str = Field(
        "",
        description="audit repository that gets each sealed row as a DICOM audit message: tls://host:6514, or "
        "udp://host:514 for a server on this machine; empty: none",
    )
    syslog_ca: Path | None = Field(
        None, description="PEM authorities of the repository's certificate; without it, the system's"
    )
    syslog_certificate: Path | None = Field(
        None, description="PEM certificate that we show it, with syslog_key"
    )
    syslog_key: Path | None = Field(None, description="PEM private key to it")
    source: str = Field(
        "pml-gateway", min_length=1, description="AuditSourceID of our messages: name of this gateway"
    )
    away: float = Field(
        3600.0, gt=0, description="seconds the repository may take nothing until people are told by a notice"
    )
    append_only: bool = Field(
        False,
        description="true: the file of anchors is set so that nobody can but append (chattr +a), where the gateway's "
        "account may do that; only root can take it back, to move or delete the file",
    )

    @field_validator("syslog")
    @classmethod
    def _is_a_server(cls, value: str) -> str:
        if value:
            syslog_server(value)
        return value


def syslog_server(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of `tls://host:6514` or `udp://host:514`; ValueError for anything else."""
    ports = {"tls": 6514, "udp": 514}  # RFC 5425 4.1, RFC 5426 3.3
    parts = urlsplit(address)
    if parts.scheme not in ports or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"{address!r} is no syslog server; write as tls://host:6514")
    return parts.scheme, parts.hostname, parts.port or ports[parts.scheme]


class LogSettings(Table):
    """What the process prints."""

    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: text on a terminal, JSON otherwise"
    )
    level: LogLevel = Field("INFO", description="least severe record printed")
    libraries: tuple[str, ...] = Field(
        (),
        description="loggers besides the gateway's own that speak, each with its level and the reason: "
        '["sqlalchemy.pool=INFO pools run dry at night"], in the environment separated by commas; what libraries print '
        "may name patients",
    )

    _separated = field_validator("libraries", mode="before")(_parts)

    @field_validator("libraries")
    @classmethod
    def _have_reasons(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            RaisedLibrary.of(each)
        return value

    @property
    def raised(self) -> tuple[RaisedLibrary, ...]:
        """The loggers of `libraries`."""
        return tuple(map(RaisedLibrary.of, self.libraries))


class Settings(Table):
    """The whole configuration; one attribute for each table of gateway.toml."""

    dicom: DicomSettings = DicomSettings()
    web: WebSettings = WebSettings()
    limits: LimitSettings = LimitSettings()
    storage: StorageSettings = StorageSettings()
    study: StudySettings = StudySettings()
    protocol: ProtocolSettings = ProtocolSettings()
    engine: EngineSettings = EngineSettings()
    pictures: PictureSettings = PictureSettings()
    serve: ServeSettings = ServeSettings()
    files: FileSettings = FileSettings()
    surveillance: SurveillanceSettings = SurveillanceSettings()
    notify: NotifySettings = NotifySettings()
    oidc: OidcSettings = OidcSettings()
    security_txt: SecurityTxtSettings = SecurityTxtSettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()
