"""The settings of the two ports: how DICOM and HTTP are spoken, and how much of it is taken at once."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from gateway.settings_table import Table
from gateway.settings_table import parts as _parts


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
