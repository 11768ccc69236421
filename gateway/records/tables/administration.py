"""The tables that are not about a study: accounts, keys, what was refused, the audit trail, ticks and notices."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from gateway.records.tables.columns import Numbered, one_of

ROLES = ("reader", "lead", "coordinator", "admin")
"""What an account may be: reads; reads and manages the queue; sends for a site; runs the gateway."""
STAGES = ("open", "code", "set-up")
"""How far a sign-in is: done; its second factor is asked for; its second factor has to be set up first."""


OUTCOMES = ("done", "refused", "failed")
"""How what an audit event tells of ended."""


class RetiredKey(SQLModel, table=True):
    """A vault key whose file was removed: no identity may be sealed with it any more."""

    __tablename__ = "retired_key"

    key_id: str = Field(primary_key=True)
    retired_at: datetime


class KeyCheck(SQLModel, table=True):
    """What the records know the key in a file by: other keys are refused."""

    __tablename__ = "key_check"

    file: str = Field(primary_key=True, description="vault.key or pseudonym.key")
    value: str = Field(
        description="check value of the key, hexadecimal; nothing of the key can be told from it"
    )
    noted_at: datetime


class LetterboxKey(SQLModel, table=True):
    """The public key that letters to the worker are sealed to; the worker publishes it when it starts."""

    __tablename__ = "letterbox_key"

    name: str = Field(primary_key=True)
    public_key: str = Field(description="X25519, hexadecimal")
    published_at: datetime


class Account(Numbered, table=True):
    """A person or program that may sign in. One without a site sees nothing, unless `every_site` says all."""

    __tablename__ = "account"
    __table_args__ = (
        one_of("role", ROLES, "role"),
        CheckConstraint("NOT every_site OR (site = '' AND role <> 'coordinator')", name="scope"),
    )

    login: str = Field(unique=True)
    display_name: str
    role: str
    site: str = Field(default="", description="whose cases it sees; empty: none, but with every_site")
    every_site: bool = Field(default=False, description="sees every site, said in so many words")
    password_hash: str = Field(description="argon2id")
    disabled: bool = Field(default=False)
    last_sign_in_at: datetime | None = Field(default=None)
    reset_hash: str = Field(default="", description="SHA-256 of the open one-time link; empty: none")
    reset_until: datetime | None = Field(default=None)
    second_factor: str = Field(default="", description="secret of the codes, sealed by the password")
    factor_step: int = Field(default=0, description="time step of the last code taken: none is taken twice")
    recovery_codes: list[str] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="SHA-256 of those not yet used",
    )


class WebSession(SQLModel, table=True):
    """A signed-in browser or program, or half a sign-in; the cookie's value is kept only as a hash."""

    __tablename__ = "web_session"
    __table_args__ = (one_of("stage", STAGES, "stage"),)

    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    csrf: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    stage: str = Field(default="open", description="open, or what is still asked for: code, set-up")
    address: str = Field(default="", description="where it was opened")
    device: str = Field(default="", description="what opened it, in a few words of its own")
    factor: str = Field(
        default="", description="secret of the codes while it is asked for, sealed by the token"
    )
    proposal: str = Field(default="", description="the same of a set-up, sealed by the password")


class KnownPlace(Numbered, table=True):
    """An address or a browser that an account signed in from: guesses made elsewhere do not slow it down."""

    __tablename__ = "known_place"
    __table_args__ = (UniqueConstraint("account_id", "place"),)

    account_id: int = Field(foreign_key="account.id")
    place: str = Field(description="SHA-256 of the network or of the browser's cookie")
    last_at: datetime


class Refusal(Numbered, table=True):
    """A caller or an object that was turned away, for the screen; equal ones are counted."""

    __tablename__ = "refusal"
    __table_args__ = (UniqueConstraint("node", "calling_ae_title", "address", "why"),)

    node: str = Field(default="", description="whose it is: a node, an account, or empty for a stranger")
    calling_ae_title: str
    address: str
    why: str
    fix: str = Field(default="")
    times: int = Field(default=1)
    first_at: datetime
    last_at: datetime


class ShownCertificate(SQLModel, table=True):
    """The certificate that a node showed last, when it called or was called: to tell before it ends."""

    __tablename__ = "shown_certificate"
    __table_args__ = (one_of("use", ("calling", "called"), "use"),)

    node: str = Field(primary_key=True)
    use: str = Field(
        primary_key=True, description="calling: it showed it as a caller; called: it answered with it"
    )
    subject: str
    fingerprint: str = Field(description="SHA-256, hexadecimal")
    expires_at: datetime
    seen_at: datetime


class AuditEvent(Numbered, table=True):
    """Who did what; sealed by the worker in order, each together with the row before it."""

    __tablename__ = "audit_event"
    __table_args__ = (one_of("outcome", OUTCOMES, "outcome"),)

    at: datetime = Field(index=True)
    who: str = Field(index=True)
    address: str = Field(default="", description="empty: the gateway itself, or before addresses were kept")
    action: str = Field(description="name of a row of gateway.records.audit.events")
    subject: str = Field(index=True)
    case_id: int | None = Field(default=None, index=True)
    outcome: str = Field(default="done")
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    previous: str | None = Field(default=None, description="of rows from before there was a key")
    digest: str | None = Field(default=None, unique=True, description="the same")
    place: int | None = Field(
        default=None, unique=True, description="in the sealed chain, without a gap; empty until it is sealed"
    )
    key_id: str = Field(default="", description="name of the key that sealed it")
    seal: str = Field(default="", description="HMAC-SHA-256 of the row and of the seal before it")


class Tick(SQLModel, table=True):
    """A periodic job's time slot, taken by the replica that inserted it."""

    __tablename__ = "tick"

    name: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)


class Notice(Numbered, table=True):
    """Something that somebody who is not looking at a page must hear of: numbers and reasons, never an identity."""

    __tablename__ = "notice"

    event: str = Field(unique=True, description="what it is about; a second notice of it is not made")
    site: str = Field(default="", description="empty: the whole gateway")
    text: str
    page: str = Field(description="path of the page that shows it")
    at: datetime


class Channel(SQLModel, table=True):
    """How far one way of telling (mail, webhook) has come; its row is its lease."""

    __tablename__ = "channel"

    name: str = Field(primary_key=True)
    told: int = Field(default=0, description="number of the last notice that was told")
    attempts: int = Field(default=0)
    look_again_at: datetime
    told_at: datetime | None = Field(default=None)
    failing_since: datetime | None = Field(default=None)
    problem: str = Field(default="")
    fix: str = Field(default="")
