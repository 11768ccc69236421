"""Ways in besides a password: persons of an issuer, their proof at a signature, and tokens of programs."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

import gateway.records.tables.administration  # noqa: F401  the accounts that rows here belong to
from gateway.records.tables.columns import Numbered


class IssuedPerson(Numbered, table=True):
    """A person whom an issuer signs in, and the account they have here; nothing else links the two."""

    __tablename__ = "issued_person"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    issuer: str
    subject: str = Field(description="as the issuer numbers the person, who is never found by name or mail")
    account_id: int = Field(foreign_key="account.id", unique=True)
    first_at: datetime
    last_at: datetime


class SignerProof(SQLModel, table=True):
    """That a signer was asked at their issuer once more, for one case in one session; used up by the signature."""

    __tablename__ = "signer_proof"

    session: str = Field(primary_key=True, description="hash of the session's secret")
    account_id: int = Field(foreign_key="account.id")
    case_id: int
    seed: str = Field(unique=True, description="hash of what the answer must bring back")
    asked_at: datetime
    proven_at: datetime | None = Field(default=None)


class Client(Numbered, table=True):
    """A program that sends with a token; the token is kept only as a hash."""

    __tablename__ = "client"

    name: str = Field(unique=True)
    token_hash: str = Field(unique=True)
    scopes: str = Field(description="separated by spaces")
    node: str = Field(default="", description="node of nodes.yaml that it acts for; empty: its site's upload")
    site: str = Field(default="", description="site that it uploads for, where it acts for no node")
    added_by: str
    added_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = Field(default=None)
    last_used_at: datetime | None = Field(default=None)
    last_address: str = Field(default="")
