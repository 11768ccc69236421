"""One message out of here: a mail by SMTP, or JSON by POST. The only sender; what fails is told as one error."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

import requests

from gateway.settings import NotifySettings


class NotTold(Exception):
    """A channel did not take a message."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


def link(page: str, settings: NotifySettings) -> str:
    """The address by which people reach a page."""
    return settings.link.rstrip("/") + page


def mail(settings: NotifySettings, to: str, subject: str, lines: Sequence[tuple[str, str]]) -> EmailMessage:
    """A mail of texts, each with the page that shows more."""
    told = EmailMessage()
    told["From"], told["To"] = settings.mail_from, to
    told["Subject"] = f"PML gateway: {subject}"
    texts = [f"{text}\n{link(page, settings)}\n" for text, page in lines]
    told.set_content(
        "\n".join([*texts, "This message names no patient; the pages do, to those who may see them."])
    )
    return told


def send_mail(message: EmailMessage, settings: NotifySettings) -> None:
    """By SMTP (RFC 5321), with STARTTLS unless it is switched off. Raises NotTold."""
    try:
        with smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=settings.timeout) as server:
            if settings.mail_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.mail_user:
                server.login(settings.mail_user, settings.mail_password)
            server.send_message(message)
    except (
        OSError,
        ValueError,
        smtplib.SMTPException,
    ) as error:  # an address that no mail can have is a ValueError
        code = getattr(error, "smtp_code", "")
        raise NotTold(
            f"The mail server {settings.mail_host}:{settings.mail_port} did not take the message "
            f"({type(error).__name__}{f' {code}' if code else ''}).",
            "Check the [notify] mail settings and that server; nothing is lost, it is tried again.",
        ) from error


def post(url: str, token: str, body: Mapping[str, Any], timeout: float, fix: str) -> None:
    """By POST of JSON; any 2xx is success. Raises NotTold with `fix`.

    A redirection is none: a page that asks for a sign-in would answer 200 and tell nobody. No answer is read.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with requests.post(
            url, json=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except (
        requests.RequestException,
        ValueError,
    ) as error:  # a token that no header can have is a ValueError
        raise NotTold(f"The webhook cannot be reached ({type(error).__name__}).", fix) from error
    if not 200 <= status < 300:
        raise NotTold(f"The webhook answered HTTP {status}.", fix)
