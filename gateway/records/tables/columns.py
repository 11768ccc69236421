"""What tables have in common: names of constraints, states checked by the database, row numbers, a place in the
engine's queue."""

from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.orm import Mapped
from sqlmodel import Field, SQLModel

from gateway.errors import GatewayError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
METADATA: MetaData = SQLModel.metadata


def one_of(column: str, values: tuple[str, ...], name: str) -> CheckConstraint:
    """A constraint that a text column has one of these values."""
    quoted = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=name)


class Numbered(SQLModel):
    """A row whose number the database gives when it is saved; `id` is None only until then."""

    id: int | None = Field(default=None, primary_key=True)

    @property
    def saved_id(self) -> int:
        """The number of a saved row; raises GatewayError for one that was never flushed."""
        if self.id is None:
            raise GatewayError(
                f"This {type(self).__name__} has no number yet: it was not saved.",
                "Flush the session before its number is used.",
            )
        return self.id

    @classmethod
    def ids(cls) -> Mapped[int]:
        """The column of the numbers, to select: whatever a query finds was saved."""
        return cast("Mapped[int]", cls.id)


class Due(Numbered):
    """The columns that make a row its own place in the engine's queue."""

    look_again_at: datetime = Field(index=True, description="not before this moment")
    attempts: int = Field(default=0, description="tries in the present state")
    failing_since: datetime | None = Field(
        default=None, description="first transient failure in the present state"
    )
    waiting_for: str = Field(default="", description="why the last try said not yet")
    lease_owner: str = Field(default="", description="worker that runs the step")
    lease_until: datetime | None = Field(default=None, description="when another worker may take over")
    fence: int = Field(
        default=0, description="grows with each claim; an outcome with an older one is refused"
    )
    unfinished: int = Field(
        default=0, description="claims since the last result, counted before the work begins"
    )
    problem: str = Field(default="", description="why a person is needed; empty when not parked")
    fix: str = Field(default="", description="what that person can do")
