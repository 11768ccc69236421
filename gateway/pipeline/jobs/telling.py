"""Telling contacts: critical results along each site's chain, urgent cases and near targets to the readers.

No message says more than that there is something: no name, no pseudonym, no date of a study, no level. Its link shows
the rest, after the sign-in, to who may see it.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from gateway import logs
from gateway.contacts import Contact, Contacts
from gateway.pipeline import retry
from gateway.pipeline.jobs import sending
from gateway.pipeline.jobs.sending import NotTold
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.telling.chain import CRITICAL, MAIL, NEAR, REMINDER, URGENT, WEBHOOK
from gateway.records.ledger.telling.messages import DueMessage
from gateway.settings import Settings

log = logs.get(__name__)

LEASE: Final = timedelta(minutes=10)
"""Longer than the messages of one round take: a replica that died in between is replaced after this."""
TEXTS: Final = {
    CRITICAL: "A critical result waits for you. Please open it and acknowledge it.",
    REMINDER: "A critical result is still not acknowledged. Please open it and acknowledge it.",
    URGENT: "A new urgent case waits to be read.",
    NEAR: "A case that waits to be read nears its target time.",
}
"""What a message says: the same for every patient."""
SUBJECTS: Final = {
    CRITICAL: "a critical result",
    REMINDER: "a critical result, reminder",
    URGENT: "a new urgent case",
    NEAR: "a case nears its target time",
}
FIX: Final = (
    "Check the contact in the file of [files] contacts, and the service behind it; it is tried again."
)


def tell_contacts(database: Database, settings: Settings, contacts: Contacts) -> None:
    """Ring what is due and send what is unsent, one after the other."""
    ring(database, contacts)
    for channel in (MAIL, WEBHOOK):
        send(database, settings, contacts, channel)


def ring(database: Database, contacts: Contacts) -> None:
    """Make the messages that are due now; nothing is sent, so nothing holds up a step."""
    ledger.ring_chains(database, contacts.chain)
    readers = tuple(way for contact in contacts.readers for way in contact.ways)
    ledger.tell_readers(database, readers, contacts.target)


def send(database: Database, settings: Settings, contacts: Contacts, channel: str) -> None:
    """Send what one channel has to send; who cannot be told holds up the others no longer than the timeout."""
    for message in ledger.take_messages(database, channel, LEASE):
        contact = contacts.named(message.site, message.contact)
        if contact is None or not getattr(contact, message.channel):
            ledger.drop_message(database, message.id, "The contact is no longer told this way.")
            continue
        try:
            _send(message, contact, settings)
        except NotTold as error:
            log.warning("a contact could not be told", message=message.id, problem=error.problem)
            look_again = retry.delay(message.attempts, settings.engine, random.random())
            ledger.message_failed(database, message.id, error.problem, look_again)
        else:
            ledger.message_sent(database, message.id)


def _send(message: DueMessage, contact: Contact, settings: Settings) -> None:
    text, notify = TEXTS[message.kind], settings.notify
    if message.channel == MAIL:
        if not notify.mail_host:
            raise NotTold("No mail server is set.", "Write [notify] mail_host.")
        told = sending.mail(notify, contact.mail, SUBJECTS[message.kind], [(text, message.page)])
        sending.send_mail(told, notify)
        return
    body = {
        "id": message.id,
        "kind": message.kind,
        "text": text,
        "link": sending.link(message.page, notify),
        "at": message.at.isoformat(),
    }
    sending.post(contact.webhook, contact.token, body, notify.timeout, FIX)
