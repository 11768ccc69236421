"""What is wrong with whom the gateway tells, as `gateway check` says it: a critical result must reach somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.contacts import Contacts, ContactsError, site_contacts
from gateway.service.problem import Problem
from gateway.settings import Settings

WHERE = "contacts"


def contacts(
    settings: Settings, sites: Collection[str], may_acknowledge: Collection[tuple[str, str]] | None
) -> Iterator[Problem]:
    """Faults of the file that [files] contacts names; then each site that nobody would be told for.

    `may_acknowledge` are login and site of the accounts that may; None while the records cannot tell.
    """
    try:
        told = site_contacts(settings.files.contacts)
    except ContactsError as error:
        for fault in error.problems:
            yield Problem(WHERE, fault.told, fault.fix)
        return
    for site in sorted(sites):
        if not told.chain(site):
            yield Problem(
                WHERE,
                f"Site {site} has no contacts for critical results: nobody there is told of one, only the lead.",
                "Write its chain in the file of [files] contacts; the manual's page on critical results shows how.",
                severe=False,
            )
        if may_acknowledge is not None:
            yield from _accounts(told, site, may_acknowledge)
    for site in sorted(set(told.sites) - set(sites)):
        yield Problem(
            WHERE,
            f"[files] contacts names the site {site!r}, and no node, account or patient is of it: nobody is told.",
            "Write it as nodes.yaml does, letter for letter, or take it out.",
        )
    if told.mails and not settings.notify.mail_host:
        yield Problem(
            WHERE, "Contacts are told by mail, and no mail server is set.", "Write [notify] mail_host."
        )


def _accounts(told: Contacts, site: str, may_acknowledge: Collection[tuple[str, str]]) -> Iterator[Problem]:
    for login in sorted(told.accounts(site)):
        if (login, site) not in may_acknowledge:
            yield Problem(
                WHERE,
                f"A contact of site {site} names the account {login}, which may not acknowledge there.",
                f"Add it: gateway users add {login} --role coordinator --site {site}; or correct the name.",
            )
    if told.chain(site) and not any(where == site for _, where in may_acknowledge):
        yield Problem(
            WHERE,
            f"Site {site} has contacts and no account that may acknowledge a critical result.",
            "Add one with: gateway users add NAME --role coordinator --site SITE",
        )
