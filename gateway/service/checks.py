"""`gateway check`: every problem of configuration, rules, nodes, database, disk and keys at once, each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import NO_SITE, ConfirmsBy, DimseNode, Role
from gateway.assembly.gateway import kept_nodes, kept_rules, unreachable
from gateway.assembly.last_good import Kept
from gateway.errors import GatewayError
from gateway.faces.missing import LibrariesMissing, refuse_if_missing
from gateway.guidelines import declared
from gateway.privacy.errors import PrivacyError
from gateway.profiles import read_folder
from gateway.recipients import Nobody, ToNode, ToUploader, recipient
from gateway.records import accounts, calendar, credentials
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.service import exposure, keys_check
from gateway.service.contacts_check import contacts
from gateway.service.declared_sites import named_sites, nodes_sites, unknown_sites
from gateway.service.layouts_check import layouts
from gateway.service.problem import Problem
from gateway.service.proof import proof
from gateway.settings import Settings
from routing_rules.errors import RuleFileError
from routing_rules.overlaps import Relation, findings
from routing_rules.rule_files import load_rules
from routing_rules.versions import in_force

_Seen = TypeVar("_Seen")


def check(settings: Settings) -> list[Problem]:
    """Every problem found; an empty list means the gateway can be started."""
    parts: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
        keys_check.keys_there,
        _database,
        _disk,
        exposure.private,
        _nodes_and_rules,
        exposure.certificates,
        _ways_back,
        _profiles,
        _guidelines,
        layouts,
        _contacts,
        _named_sites,
        exposure.security,
        _issuer,
        proof,
    )
    return [problem for part in parts for problem in part(settings)]


@contextmanager
def _kept(settings: Settings) -> Iterator[Database | None]:
    """The database, which looking does not make. Raises SQLAlchemyError."""
    with closing(Database(settings.storage.database)) as database:
        file = Path(settings.storage.database.removeprefix("sqlite:///"))
        yield None if database.is_sqlite and not file.exists() else database


def _issuer(settings: Settings) -> Iterator[Problem]:
    """With an issuer alone, the account for emergencies has to be there before the emergency."""
    oidc = settings.oidc
    if not oidc.break_glass:
        return
    try:
        with _kept(settings) as database:
            if database is None or not schema.is_current(database):
                return  # made at the first start, or told already
            fit = credentials.is_for_emergencies(database, oidc.break_glass)
    except SQLAlchemyError:
        return  # told already
    if not fit:
        yield Problem(
            "oidc",
            f"[oidc] break_glass names {oidc.break_glass}, which is no enabled local administrator of every site.",
            f"Make it one: gateway users add {oidc.break_glass} --role admin --every-site",
            severe=oidc.only,
        )


def _database(settings: Settings) -> Iterator[Problem]:
    try:
        with _kept(settings) as database:
            if database is None:
                return  # made at the first start
            if schema.is_current(database):
                yield from keys_check.keys_needed(settings, database)
                yield from _accounts(database)
                return
            yield Problem(
                "database",
                "The schema is not this version's.",
                "Run: gateway migrate",
                severe=not database.is_sqlite,
            )
    except SQLAlchemyError as error:
        told = unreachable(error)
        yield Problem("database", told.problem, told.fix)


def _accounts(database: Database) -> Iterator[Problem]:
    """Accounts that see nothing, because nobody said what they may see."""
    with database.read() as session:
        logins = accounts.without_site(session)
    for login in logins:
        yield Problem(
            "accounts",
            f"The account {login} belongs to no site: it cannot sign in.",
            f"Give it one: gateway users set {login} --site SITE",
            severe=False,
        )


def _disk(settings: Settings) -> Iterator[Problem]:
    try:
        blobs = LocalBlobs(settings.storage.objects)
        blobs.put("check/probe", b"probe")
        blobs.delete("check/probe")
    except OSError as error:
        yield Problem(
            "disk",
            f"{settings.storage.objects} cannot be written ({error.strerror}).",
            "Correct [storage] objects or its permissions.",
        )
        return
    if blobs.free_mb() < settings.storage.min_free_mb:
        yield Problem(
            "disk",
            f"Only {blobs.free_mb():.0f} MB are free, less than [storage] min_free_mb.",
            "Free space: objects are refused now.",
        )


def _nodes_and_rules(settings: Settings) -> Iterator[Problem]:
    directory = NodeDirectory(())
    if not settings.files.nodes.exists():
        yield Problem(
            "nodes",
            f"There is no {settings.files.nodes}: every caller is refused.",
            "Make one with: gateway init DIR",
        )
    else:
        try:
            directory = NodeDirectory.from_file(settings.files.nodes)
        except NodeFileError as error:
            for fault in error.problems:
                yield Problem("nodes", fault.told, fault.fix)
            yield from _in_force("nodes", kept_nodes(settings))
    for node in directory:
        if node.confirms_by is ConfirmsBy.STORE:
            yield Problem(
                "nodes",
                f"Where {node.name} neither commits nor answers queries, its Success is taken for safe.",
                "Fine where that is all it can do; else take out confirms_by: store.",
                severe=False,
            )
        if (
            Role.SENDER in node.roles
            and isinstance(node, DimseNode)
            and node.tls is None
            and not settings.dicom.tls_certificate
        ):
            yield Problem(
                "nodes",
                f"{node.name} sends without TLS.",
                "Fine inside one trusted network; else configure TLS.",
                severe=False,
            )
    folder = in_force(settings.files.rules)
    if not folder.exists():
        yield Problem(
            "rules",
            f"There is no {settings.files.rules}: no study will match.",
            "Make one with: gateway init DIR",
        )
        return
    try:
        rules = load_rules(folder)
    except RuleFileError as error:
        for fault in error.problems:
            yield Problem("rules", fault.told, fault.fix)
        yield from _in_force("rules", kept_rules(settings))
        return
    names = {node.name for node in directory}
    for rule in rules.rules:
        for destination in rule.targets:
            if destination and destination not in names:
                yield Problem(
                    "rules",
                    f"Rule {rule.id} sends to {destination}, which is no node.",
                    "Add the node, or correct the rule.",
                )
        for name in rule.replies_from:
            if name not in names or Role.READER not in directory.get(name).roles:
                yield Problem(
                    "rules",
                    f"Rule {rule.id} takes replies from {name}, which is no node with the role reader.",
                    "Add the node or its role, or correct the rule: until then what it sends is held.",
                )
        several = [target or "the gateway's own queue" for target in rule.targets]
        for name in rule.replies_from:
            if len(several) > 1 and name not in rule.targets:
                yield Problem(
                    "rules",
                    f"Rule {rule.id} takes replies from {name} and sends to {', '.join(several)}: which of these "
                    f"cases an object of {name} answers is unknown, and it is held.",
                    "Write a rule for each destination, with the nodes that answer for that one in replies_from.",
                )
    for finding in findings(rules.rules):
        if finding.relation is not Relation.OVERLAP:
            yield Problem(
                "rules", f"Rule {finding.rule_id} {finding.problem}", finding.fix, finding.relation.is_mistake
            )


def _in_force(what: str, kept: Kept[Any] | None) -> Iterator[Problem]:
    """What serves goes on with while a file is wrong."""
    if kept is not None:
        yield Problem(
            what,
            f"Until that is mended the last good {what} are in force, of {kept.at:%Y-%m-%d %H:%M} UTC.",
            "Mend the file: it counts as soon as it is saved.",
            severe=False,
        )


def _ways_back(settings: Settings) -> Iterator[Problem]:
    """Sites whose reports would go to nobody, and those whose reports go to no archive."""
    try:
        directory = NodeDirectory.from_file(settings.files.nodes)
    except NodeFileError:
        return  # told by _nodes_and_rules
    senders = [(node.site, node.name) for node in directory if Role.SENDER in node.roles]
    for site, sender in sorted(senders):
        to = recipient(directory, site, sender)
        if isinstance(to, Nobody):
            yield Problem("sites", f"What {sender} sends has no way back. {to.problem}", to.fix)
        elif site == NO_SITE:
            yield from _without_site(directory, sender)
        elif isinstance(to, ToNode) and Role.ARCHIVE not in to.node.roles:
            yield Problem(
                "sites",
                f"Site {site} has no archive: the report of what {sender} sends first goes to {sender}.",
                f"Fine where {sender} keeps reports; else give the site's archive that role, or write returns_to "
                f"under sites, {site}.",
                severe=False,
            )
    for site in _in_records(settings, accounts.uploading_sites) or ():
        to = recipient(directory, site, "")
        if isinstance(to, ToUploader):
            yield Problem(
                "sites",
                f"The report of what is uploaded for site {site} waits on the upload's page: {to.why}.",
                "Fine where people fetch it there; else give the site's archive that role, or write returns_to under "
                f"sites, {site}.",
                severe=False,
            )


def _without_site(directory: NodeDirectory, sender: str) -> Iterator[Problem]:
    """What a sender that says no site shares with others, and where its reports go."""
    alike = sorted(node.name for node in directory if node.site == NO_SITE and node.name != sender)
    others = [name for name in alike if {Role.SENDER, Role.ARCHIVE} & directory.get(name).roles]
    archive = Role.ARCHIVE in directory.get(sender).roles
    if others:
        yield Problem(
            "sites",
            f"{sender} says no site, nor does {', '.join(others)}: their patients are taken for those of one "
            f"hospital, and the reports of what {sender} sends go to {sender}, to no archive of another node.",
            f"Write site: and the hospital's name on {sender}, and on each node of that hospital.",
        )
    elif not archive:
        yield Problem(
            "sites",
            f"{sender} says no site and is no archive: the report of what it sends goes to {sender}.",
            f"Fine where {sender} keeps reports; else write site: on it and on the archive of that hospital.",
            severe=False,
        )


def _in_records(settings: Settings, look: Callable[[Session], _Seen]) -> _Seen | None:
    """What the records say; None while the database cannot tell."""
    try:
        with _kept(settings) as database:
            if database is None or not schema.is_current(database):
                return None
            with database.read() as session:
                return look(session)
    except SQLAlchemyError:
        return None  # told by _database


def _guidelines(settings: Settings) -> Iterator[Problem]:
    try:
        guidelines = declared(settings.surveillance)
    except GatewayError as error:
        yield Problem("surveillance", error.problem, error.fix)
        return
    for followed in dict.fromkeys((guidelines.default, *guidelines.by_site.values())):
        for silent in followed.silent_about():
            yield Problem(
                "surveillance",
                f"The guideline “{followed.title}” {silent}.",
                "Add such a rule to the file, as NTZ-SWITCH in use; fine where somebody else sees to it.",
                severe=False,
            )


def _profiles(settings: Settings) -> Iterator[Problem]:
    """Every profile file, and every name that the settings and the rules choose a profile by."""
    profiles = read_folder(settings.files.profiles)
    for wrong in profiles.problems():
        for found in wrong.problems:
            yield Problem("profiles", found.told, found.fix)
    chosen = {"[files] profile": settings.files.profile}
    try:
        folder = in_force(settings.files.rules)
        rules = load_rules(folder).rules if folder.exists() else ()
    except RuleFileError:
        rules = ()  # told by _nodes_and_rules
    yield from _faces(settings, any(rule.faces == "deface" for rule in rules))
    chosen |= {f"rule {rule.id}": rule.profile for rule in rules if rule.profile}
    for where, name in chosen.items():
        if name in profiles.found:
            continue  # good, or told above
        try:
            profiles.get(name)
        except PrivacyError as error:
            yield Problem("profiles", f"{where} names the profile {name!r}: {error.problem}", error.fix)


def _faces(settings: Settings, by_rule: bool) -> Iterator[Problem]:
    """Whether what takes faces out is installed where it is asked for."""
    if by_rule or settings.files.deface_sites:
        try:
            refuse_if_missing()
        except LibrariesMissing as error:
            yield Problem("profiles", error.problem, error.fix)


def _contacts(settings: Settings) -> Iterator[Problem]:
    known = nodes_sites(settings) | (_in_records(settings, calendar.sites) or frozenset())
    yield from contacts(settings, known, _in_records(settings, accounts.answering))


def _named_sites(settings: Settings) -> Iterator[Problem]:
    if named_sites(settings):
        known = nodes_sites(settings) | (_in_records(settings, calendar.sites) or frozenset())
        for where, problem in unknown_sites(settings, known):
            yield Problem(where, problem, "Write it as nodes.yaml does, letter for letter, or take it out.")
