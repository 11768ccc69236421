"""Every setting of the gateway: typed, with unit, default and reason; `settings_file` reads them.

Times are in seconds unless the name says otherwise.
"""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from gateway.settings_table import Table
from gateway.settings_table import parts as _parts
from gateway.sign_in_settings import OidcSettings, SecurityTxtSettings

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
"""How severe a record of the log is."""


def usable_cores() -> int:
    """Processor cores this process may use, where the system tells: what 0 means for a number of processes."""
    mine = getattr(os, "sched_getaffinity", None)
    return len(mine(0)) if mine is not None else os.cpu_count() or 1


class DicomSettings(Table):
    """How the gateway speaks DICOM."""

    ae_title: str = Field(
        "GATEWAY",
        min_length=1,
        max_length=16,
        description="our Application Entity title; PACS are configured with it",
    )
    also_called: str = Field(
        "", description="further AE titles answered to, separated by commas; rules may go by the title called"
    )
    more_sop_classes: str = Field(
        "",
        description="storage SOP classes taken besides the Standard's and the MR makers', separated by commas: UIDs",
    )
    more_transfer_syntaxes: str = Field(
        "",
        description="transfer syntaxes taken besides the known ones, separated by commas: UIDs or keywords",
    )
    host: str = Field("127.0.0.1", description="address the receiver listens on; 0.0.0.0 for every interface")
    port: int = Field(
        11112, ge=0, le=65535, description="DICOM port; 11112 is the registered one that needs no privileges"
    )
    max_pdu: int = Field(
        131072,
        ge=4096,
        description="largest PDU offered, bytes; DCMTK stops at 131072 and more gains nothing",
    )
    max_object_mb: int = Field(
        4096,
        ge=64,
        description="MB of one object; the largest multi-frame MR images have 500, and an object without an end would "
        "fill the disk",
    )
    max_associations: int = Field(
        64,
        ge=1,
        description="associations at once, evenly over the processes; one more is refused as a temporary congestion",
    )
    max_associations_per_address: int = Field(
        48,
        ge=1,
        description="of these, from one address: three quarters, so that one system that leaves associations open "
        "keeps no other out",
    )
    max_unknown: int = Field(
        16,
        ge=1,
        description="connections at once from addresses of no node, for each process; the oldest gives way to the "
        "next: a rejection takes milliseconds",
    )
    processes: int = Field(
        0, ge=0, description="processes that receive on the port; 0: one for each core, but at most four"
    )
    durability: Literal["instance", "row"] = Field(
        "instance",
        description="what is on disk before an object is answered: instance, its file; row, its database row too",
    )
    timeout: float = Field(30.0, gt=0, description="seconds for one network operation with another system")
    tls_certificate: Path | None = Field(
        None, description="PEM certificate of the receiver; with tls_key switches TLS on"
    )
    tls_key: Path | None = Field(None, description="PEM private key of the receiver")
    tls_ca: Path | None = Field(None, description="PEM authorities whose client certificates are accepted")

    @field_validator("more_sop_classes", "more_transfer_syntaxes")
    @classmethod
    def _uids(cls, value: str) -> str:
        if value.strip():  # pydicom is loaded only where it is needed
            from dicom_nodes.upper_layer.contexts import uids_of

            uids_of(value)
        return value


class WebSettings(Table):
    """How people and DICOMweb peers reach the gateway."""

    host: str = Field("127.0.0.1", description="address the web pages listen on")
    port: int = Field(8080, ge=0, le=65535, description="HTTP port")
    secure_cookies: bool = Field(
        False, description="true behind HTTPS: browsers then never send the session over plain HTTP"
    )
    proxies: tuple[str, ...] = Field(
        ("127.0.0.1", "::1"),
        description="addresses or networks of proxies in front: of these, X-Forwarded-For says who asks; in the "
        "environment separated by commas",
    )
    _separated = field_validator("proxies", "second_factor_roles", mode="before")(_parts)

    @field_validator("second_factor_roles")
    @classmethod
    def _roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = ("reader", "lead", "coordinator", "admin")
        if unknown := sorted({*value} - {*known}):
            raise ValueError(f"{', '.join(unknown)} is no role; known are {', '.join(known)}")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long(cls, value: str) -> str:
        if value and len(value) < 32:
            raise ValueError("it is too short; make one with: openssl rand -hex 32")
        return value

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # uvicorn takes "*", names and 10.0.0.5/8 in silence: it then trusts everybody or nobody.
        for each in value:
            ip_network(each)
        return value

    session_hours: float = Field(12.0, gt=0, description="hours until a sign-in ends: one working day")
    idle_minutes: float = Field(
        60.0,
        gt=0,
        description="minutes that a session may be left alone; pages that refresh themselves do not count as use",
    )
    second_factor_roles: tuple[str, ...] = Field(
        (),
        description="roles that sign in with a second factor (a code of an authenticator) as well as the password: "
        '["admin", "lead"], in the environment separated by commas; who has none yet sets it up on the way in',
    )
    second_factor_to_sign: bool = Field(
        False, description="true asks for a code beside the password at each signature of a report"
    )
    metrics_token: str = Field(
        "",
        repr=False,
        description="what a monitoring system sends to /metrics as bearer token, 32 characters or more; give it as a "
        "file; empty: /metrics answers nobody",
    )
    reset_hours: float = Field(
        24.0, gt=0, description="hours that the one-time link for a new password works: until the next shift"
    )
    claim_minutes: float = Field(
        45.0, gt=0, description="minutes a claim holds a case; each saved draft renews it"
    )
    max_upload_mb: int = Field(2048, ge=1, description="largest upload or STOW-RS request, MB")


class LimitSettings(Table):
    """What the web pages do for others at once, and what each of it may take: more is told to come again."""

    connections: int = Field(
        256,
        ge=1,
        description="HTTP connections at once; who has no request under way gives way to whoever comes",
    )
    connections_per_address: int = Field(
        64,
        ge=1,
        description="of these, from one address that is none of [web] proxies: a browser opens six, and a clinic may "
        "have one address",
    )
    request_seconds: float = Field(
        20.0, gt=0, description="seconds until a request and its headers have come"
    )
    progress_seconds: float = Field(
        30.0,
        gt=0,
        description="seconds in which 4 kB of a body come, or of an answer are taken, or it is cut",
    )
    uploads: int = Field(
        16, ge=1, description="uploads and STOW-RS requests at once; each may hold a thread of 40"
    )
    uploads_per_account: int = Field(6, ge=1, description="of these, of one account")
    uploads_mb: int = Field(
        8192, ge=1, description="MB that all uploads under way hold on the disk before their objects are kept"
    )
    uploads_mb_per_account: int = Field(4096, ge=1, description="of these, MB of one account")
    unpack_processes: int = Field(
        2, ge=1, description="archives unpacked at once, each in a process that may die"
    )
    unpack_mb: int = Field(
        512,
        ge=64,
        description="MB of address space for unpacking one; its list of 100,000 files takes a fifth",
    )
    unpack_seconds: int = Field(
        600, ge=1, description="seconds of a core for unpacking one; the largest upload takes two minutes"
    )
    decode_processes: int = Field(
        2,
        ge=1,
        description="files read and pictures drawn at once, each in a process that may die; more would take the cores "
        "from those who receive",
    )
    decode_mb: int = Field(
        2560,
        ge=256,
        description="MB of address space for decoding at most: all frames of the largest object that is compared; one "
        "picture has 768 and twice its file",
    )
    decode_seconds: int = Field(
        30, ge=1, description="seconds for one picture; a frame of the largest MR image takes a tenth of one"
    )


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
    serve: ServeSettings = ServeSettings()
    files: FileSettings = FileSettings()
    surveillance: SurveillanceSettings = SurveillanceSettings()
    notify: NotifySettings = NotifySettings()
    oidc: OidcSettings = OidcSettings()
    security_txt: SecurityTxtSettings = SecurityTxtSettings()
    audit: AuditSettings = AuditSettings()
    log: LogSettings = LogSettings()
