"""Telling people who are not looking at a page: by mail and by webhook, with numbers and links, never an identity."""

from __future__ import annotations

import random
import smtplib
import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.message import EmailMessage

import requests

from gateway import logs
from gateway.pipeline import retry
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.administration import Notice
from gateway.settings import NotifySettings, Settings
from gateway.wrong_configuration import WrongConfiguration

log = logs.get(__name__)

LEASE = timedelta(minutes=5)
"""Longer than any one message takes: a replica that died in between is replaced after this."""


class NotTold(Exception):
    """A channel did not take a message."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


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
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.mail_from, settings.mail_to
    first = notices[0].text
    mail["Subject"] = f"PML gateway: {first}" if len(notices) == 1 else f"PML gateway: {len(notices)} notices"
    lines = [f"{notice.text}\n{_link(notice, settings)}\n" for notice in notices]
    mail.set_content(
        "\n".join([*lines, "This message names no patient; the pages do, to those who may see them."])
    )
    return mail


def _mail(notices: Sequence[Notice], settings: NotifySettings) -> None:
    """By SMTP (RFC 5321), with STARTTLS unless it is switched off."""
    try:
        with smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=settings.timeout) as server:
            if settings.mail_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.mail_user:
                server.login(settings.mail_user, settings.mail_password)
            server.send_message(message(notices, settings))
    except (OSError, smtplib.SMTPException) as error:
        code = getattr(error, "smtp_code", "")
        raise NotTold(
            f"The mail server {settings.mail_host}:{settings.mail_port} did not take the message "
            f"({type(error).__name__}{f' {code}' if code else ''}).",
            "Check the [notify] mail settings and that server; nothing is lost, it is tried again.",
        ) from error


def _post(notices: Sequence[Notice], settings: NotifySettings) -> None:
    """By POST of JSON: `{"notices": [{"id", "event", "site", "text", "link", "at"}]}`; any 2xx is success."""
    body = {
        "notices": [
            {
                "id": notice.id,
                "event": notice.event,
                "site": notice.site,
                "text": notice.text,
                "link": _link(notice, settings),
                "at": notice.at.isoformat(),
            }
            for notice in notices
        ]
    }
    headers = {"Authorization": f"Bearer {settings.webhook_token}"} if settings.webhook_token else {}
    fix = "Check [notify] webhook_url and webhook_token, and the service behind it; nothing is lost, it is tried again."
    try:
        answer = requests.post(settings.webhook_url, json=body, headers=headers, timeout=settings.timeout)
    except requests.RequestException as error:
        raise NotTold(f"The webhook cannot be reached ({type(error).__name__}).", fix) from error
    if not answer.ok:
        raise NotTold(f"The webhook answered HTTP {answer.status_code}.", fix)


def _link(notice: Notice, settings: NotifySettings) -> str:
    return settings.link.rstrip("/") + notice.page
