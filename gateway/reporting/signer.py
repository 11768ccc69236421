"""Who signed, what wrote the report, and which report it follows: the parties named in an SR document."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
class DeviceIdentity:
    """The gateway as the equipment that wrote the document (PS3.3 C.7.5.1); `uid` is its Device UID."""

    manufacturer: str
    model: str
    software_version: str
    serial_number: str = "0"
    station_name: str = ""
    uid: str = ""


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
