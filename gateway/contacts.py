"""Whom the gateway tells: each site's chain for critical results, the readers, and how fast a case is to be read.

One YAML file, [files] contacts, read at the start and checked by `gateway check`. A file that is wrong is never half
obeyed: every problem is told with its line, value and fix. Addresses stand only here: the records keep the names of
the contacts, and a corrected address counts for what could not be told before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from dicom_nodes.config_files.file_problem import FileProblem, by_line, complaint, did_you_mean, unreadable
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import read_yaml
from gateway.errors import SettingsError
from gateway.records.ledger.telling.chain import MAIL, WEBHOOK, ChainStep, Way
from routing_rules.facts import Referral

MAIL_ADDRESS: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
LONGEST_WAIT_MINUTES: Final = 7 * 24 * 60
MOST_STEPS: Final = 10
MOST_CONTACTS: Final = 20
LONGEST_TARGET_HOURS: Final = 90 * 24


class ContactsError(SettingsError):
    """The file of contacts cannot be used; `problems` lists every fault of it."""

    def __init__(self, problems: list[FileProblem], fix: str) -> None:
        self.problems = by_line(problems)
        super().__init__(" ".join(problem.told for problem in self.problems), fix)


@dataclass(frozen=True)
class Contact:
    """Somebody, or some program, that is told; without mail and webhook nothing reaches it."""

    name: str
    mail: str = ""
    webhook: str = ""
    token: str = field(default="", repr=False)
    """Bearer token of the webhook; empty: none."""
    account: str = ""
    """Login of the account by which this contact acknowledges; empty: none of its own."""

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways this contact is told by."""
        there = ((MAIL, self.mail), (WEBHOOK, self.webhook))
        return tuple(Way(self.name, channel) for channel, address in there if address)


@dataclass(frozen=True)
class Step:
    """Contacts told at once, and how long is waited for an answer before the next step."""

    wait: timedelta
    contacts: tuple[Contact, ...]


@dataclass(frozen=True)
class SiteContacts:
    """What one site wrote: its chain, in order, and its targets by referral."""

    chain: tuple[Step, ...] = ()
    targets: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True)
class Contacts:
    """Everybody that is told."""

    readers: tuple[Contact, ...] = ()
    sites: Mapping[str, SiteContacts] = field(default_factory=dict)

    def chain(self, site: str) -> tuple[ChainStep, ...]:
        """The chain of a site as the records walk along it; empty: it has none."""
        steps = self.sites.get(site, SiteContacts()).chain
        return tuple(
            ChainStep(step.wait, tuple(way for contact in step.contacts for way in contact.ways))
            for step in steps
        )

    def named(self, site: str, name: str) -> Contact | None:
        """A contact of a site's chain; of the readers, where `site` is empty."""
        own = self.sites.get(site, SiteContacts()).chain
        among = [contact for step in own for contact in step.contacts] if site else list(self.readers)
        return next((contact for contact in among if contact.name == name), None)

    def accounts(self, site: str) -> frozenset[str]:
        """The logins that a site's chain names: `gateway check` looks whether they may acknowledge."""
        own = self.sites.get(site, SiteContacts()).chain
        return frozenset(contact.account for step in own for contact in step.contacts if contact.account)

    def target(self, site: str, referral: str) -> timedelta | None:
        """How long after its arrival a case is to be read at the latest; None: nobody said."""
        return self.sites.get(site, SiteContacts()).targets.get(referral)

    @property
    def mails(self) -> bool:
        """Whether anybody is told by mail."""
        every = [step for site in self.sites.values() for step in site.chain]
        return any(each.mail for each in (*self.readers, *(c for step in every for c in step.contacts)))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactInput(_Strict):
    """A contact as the file has it."""

    name: str = Field(min_length=1, max_length=60)
    mail: str = Field("", max_length=254)
    webhook: str = Field("", max_length=500)
    token_file: str = ""
    account: str = Field("", max_length=100)

    @field_validator("mail")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not (MAIL_ADDRESS.fullmatch(value) and value.isascii()):
            raise complaint("is no mail address", value, "Write one address, as ward@north.example.")
        return value

    @field_validator("webhook")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if value:
            try:
                parts = urlsplit(value)
                good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
            except ValueError:
                good = False
            if not good:
                raise complaint(
                    "is no address of a webhook", value, "Write it as https://alarm.north.example/calls."
                )
        return value

    @model_validator(mode="after")
    def _can_be_told(self) -> ContactInput:
        if not self.mail and not self.webhook:
            raise complaint("a contact has neither mail nor webhook", self.name, "Write mail: or webhook:.")
        if self.token_file and not self.webhook:
            raise complaint("a token without a webhook", self.name, "Write webhook:, or take the token out.")
        return self


def _some_contacts(value: tuple[ContactInput, ...]) -> tuple[ContactInput, ...]:
    if not value:
        raise complaint("is empty", "[]", "Write at least one contact.")
    return _not_too_many(value, MOST_CONTACTS)


def _some_steps(value: tuple[StepInput, ...]) -> tuple[StepInput, ...]:
    return _not_too_many(value, MOST_STEPS)


def _not_too_many(value: tuple, most: int) -> tuple:  # type: ignore[type-arg]
    if len(value) > most:
        raise complaint("is too long", f"{len(value)} entries", f"Keep {most}.")
    return value


class StepInput(_Strict):
    """A step of a chain as the file has it."""

    minutes: float
    contacts: Annotated[tuple[ContactInput, ...], AfterValidator(_some_contacts)]

    @field_validator("minutes")
    @classmethod
    def _is_a_wait(cls, value: float) -> float:
        if not 0 < value <= LONGEST_WAIT_MINUTES:
            raise complaint(
                "is no time to wait", value, f"Write minutes, above 0 and up to {LONGEST_WAIT_MINUTES}."
            )
        return value


class SiteInput(_Strict):
    """A site as the file has it."""

    critical: Annotated[tuple[StepInput, ...], AfterValidator(_some_steps)] = ()
    target_hours: dict[str, float] = Field(default_factory=dict)

    @field_validator("target_hours")
    @classmethod
    def _are_targets(cls, value: dict[str, float]) -> dict[str, float]:
        for referral, hours in value.items():
            if referral not in list(Referral):
                fix = did_you_mean(referral, tuple(map(str, Referral)))
                raise complaint("is no referral", referral, fix)
            if not 0 < hours <= LONGEST_TARGET_HOURS:
                raise complaint(
                    "is no target", hours, f"Write hours, above 0 and up to {LONGEST_TARGET_HOURS}."
                )
        return value

    @model_validator(mode="after")
    def _are_one_contact_each(self) -> SiteInput:
        _refuse_two([contact for step in self.critical for contact in step.contacts])
        return self


class ContactsInput(_Strict):
    """The file."""

    readers: Annotated[
        tuple[ContactInput, ...], AfterValidator(lambda value: _not_too_many(value, MOST_CONTACTS))
    ] = ()
    sites: dict[str, SiteInput] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _are_one_contact_each(self) -> ContactsInput:
        _refuse_two(list(self.readers))
        return self


def _refuse_two(contacts: list[ContactInput]) -> None:
    """A contact may stand in several steps; then it is the same everywhere."""
    known: dict[str, ContactInput] = {}
    for contact in contacts:
        if known.setdefault(contact.name, contact) != contact:
            raise complaint("two contacts have the same name", contact.name, "Give each a name of its own.")


def site_contacts(file: Path | None) -> Contacts:
    """Everybody the file names; nobody without a file. Raises ContactsError."""
    if file is None:
        return Contacts()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContactsError(
            [unreadable(file, error)], f"Correct {file}, its permissions, or [files] contacts."
        ) from None
    read = read_yaml(text, file.name)
    problems = list(read.problems)
    if not problems:
        try:
            return _Tokens(file.parent).contacts(ContactsInput.model_validate(read.data or {}))
        except ValidationError as error:
            problems += problems_of(error, read, file.name, ContactsInput)
        except OSError as error:
            said = f"names a token_file that cannot be read ({error.strerror})"
            problems.append(FileProblem(file.name, None, said, str(error.filename), "Correct the path."))
    raise ContactsError(
        problems, f"Correct {file.name}; the manual's page on critical results shows its form."
    )


@dataclass(frozen=True)
class _Tokens:
    """Tokens lie in files of their own, beside this folder or anywhere."""

    folder: Path

    def contacts(self, written: ContactsInput) -> Contacts:
        sites = {
            name: SiteContacts(
                tuple(
                    Step(timedelta(minutes=step.minutes), self._all(step.contacts)) for step in site.critical
                ),
                {referral: timedelta(hours=hours) for referral, hours in site.target_hours.items()},
            )
            for name, site in written.sites.items()
        }
        return Contacts(self._all(written.readers), sites)

    def _all(self, written: Collection[ContactInput]) -> tuple[Contact, ...]:
        return tuple(
            Contact(
                each.name,
                each.mail,
                each.webhook,
                (self.folder / each.token_file).read_text(encoding="utf-8").strip()
                if each.token_file
                else "",
                each.account,
            )
            for each in written
        )
