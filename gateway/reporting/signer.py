"""Who signed, what wrote the report, and which report it follows: the parties named in an SR document."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

#: What every form of a report that nobody signed says of itself.
NOT_SIGNED = "Preliminary: not signed by a reader"

#: Titles in front of a plain name; they go into the prefix component of a PN (PS3.5 6.2.1).
_TITLES = frozenset({"dr", "prof", "pd", "med", "priv.-doz", "dipl.-med", "mr", "mrs", "ms"})
_PERSON_NAME_LENGTH = 64


@dataclass(frozen=True)
class Signer:
    """The reader who signed: a name (plain, or already in PN form with `^`), an organisation, an account."""

    name: str
    organization: str
    login: str

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("organization", self.organization)):
            if not value.strip() or any(character in value for character in "\\\r\n\t\x00"):
                raise ValueError(f"The signer's {what} {value!r} is empty or has a backslash or line break.")
        if len(self.organization) > _PERSON_NAME_LENGTH:  # VR LO of Verifying Organization (0040,A027)
            raise ValueError(f"The signer's organization {self.organization!r} is longer than 64 characters.")

    @property
    def person_name(self) -> str:
        """The name as VR PN: `Dr. Anna Roth` becomes `Roth^Anna^^Dr.`; a name with `^` is kept."""
        if "^" in self.name:
            return self.name
        words = self.name.replace("=", " ").split()
        titles: list[str] = []
        while len(words) > 1 and words[0].rstrip(".").lower() in _TITLES:
            titles.append(words.pop(0))
        *given, family = words
        name = (
            f"{family}^{' '.join(given)}^^{' '.join(titles)}".rstrip("^") if given or titles else f"{family}^"
        )
        return name[:_PERSON_NAME_LENGTH]


@dataclass(frozen=True)
class Signature:
    """A reader's signature: who answers for the report since when (aware, best in the sender's zone)."""

    signer: Signer
    at: datetime

    def __post_init__(self) -> None:
        _must_be_aware(self.at)

    def seen_from(self, zone: tzinfo) -> Signature:
        """The same signature with its time in `zone`."""
        return replace(self, at=self.at.astimezone(zone))


@dataclass(frozen=True)
class Unsigned:
    """No signature: nobody answers for the report, it is preliminary; `at` (aware) is when it was written."""

    at: datetime

    def __post_init__(self) -> None:
        _must_be_aware(self.at)

    def seen_from(self, zone: tzinfo) -> Unsigned:
        """The same with its time in `zone`."""
        return replace(self, at=self.at.astimezone(zone))


def _must_be_aware(at: datetime) -> None:
    """A naive time would be read in whatever zone the reader of the report lives."""
    if at.tzinfo is None:
        raise ValueError(f"The time {at!r} has no zone; give an aware datetime.")


@dataclass(frozen=True)
class DeviceIdentity:
    """The gateway as the equipment that wrote the document (PS3.3 C.7.5.1); `uid` is its Device UID."""

    manufacturer: str
    model: str
    software_version: str
    uid: str
    serial_number: str = "0"
    station_name: str = ""


class Purpose(StrEnum):
    """What a new report does to the one before it (CID 7009)."""

    ADDENDED = "addended"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Predecessor:
    """The report this one follows; a signed report is never overwritten. `note` is the addendum in words."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    purpose: Purpose
    note: str = ""
    withdraws: bool = False
    """No report stands any more: of the findings nothing is repeated."""
