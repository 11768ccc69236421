"""Telling people who are not looking at a page: by mail and by webhook, with numbers and links, never an identity."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.message import EmailMessage

from gateway import logs
from gateway.pipeline import retry
from gateway.pipeline.jobs import sending
from gateway.pipeline.jobs.sending import NotTold
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.administration import Notice
from gateway.settings import NotifySettings, Settings
from gateway.wrong_configuration import WrongConfiguration

log = logs.get(__name__)

LEASE = timedelta(minutes=5)
"""Longer than any one message takes: a replica that died in between is replaced after this."""


def tell_due(database: Database, settings: Settings) -> None:
    """Tell every configured channel what it has not been told yet. A channel that fails holds up no other."""
    for channel, send in channels(settings.notify).items():
        batch = ledger.take_notices(database, channel, LEASE)
        if batch is None:
            continue
        try:
            send(batch.notices, settings.notify)
        except NotTold as error:
            log.warning("a notice could not be told", channel=channel, problem=error.problem)
            look_again = retry.delay(batch.attempts, settings.engine, random.random())
            ledger.notices_failed(database, channel, error.problem, error.fix, look_again)
        else:
            ledger.notices_told(database, channel, batch)


def note_wrong(database: Database, wrong: Sequence[WrongConfiguration]) -> None:
    """Make notices of files that cannot be used: their first fault, and that what was good before is in force."""
    if wrong:
        faults = [
            (one.key, f"{one.told} {one.faults[0].problem} {one.faults[0].fix}".strip()) for one in wrong
        ]
        ledger.note_wrong_configuration(database, faults)


def channels(settings: NotifySettings) -> dict[str, Callable[[Sequence[Notice], NotifySettings], None]]:
    """The channels that are configured, by name."""
    configured = {"mail": (settings.mail_host, _mail), "webhook": (settings.webhook_url, _post)}
    return {name: send for name, (address, send) in configured.items() if address}


def message(notices: Sequence[Notice], settings: NotifySettings) -> EmailMessage:
    """The mail: one line for each notice, with its link."""
    first = notices[0].text
    subject = first if len(notices) == 1 else f"{len(notices)} notices"
    lines = [(notice.text, notice.page) for notice in notices]
    return sending.mail(settings, settings.mail_to, subject, lines)


def _mail(notices: Sequence[Notice], settings: NotifySettings) -> None:
    sending.send_mail(message(notices, settings), settings)


def _post(notices: Sequence[Notice], settings: NotifySettings) -> None:
    """By POST of JSON: `{"notices": [{"id", "event", "site", "text", "link", "at"}]}`; any 2xx is success."""
    body = {
        "notices": [
            {
                "id": notice.id,
                "event": notice.event,
                "site": notice.site,
                "text": notice.text,
                "link": sending.link(notice.page, settings),
                "at": notice.at.isoformat(),
            }
            for notice in notices
        ]
    }
    sending.post(
        settings.webhook_url,
        settings.webhook_token,
        body,
        settings.timeout,
        "Check [notify] webhook_url and webhook_token, and the service behind it; nothing is lost, it is tried again.",
    )
