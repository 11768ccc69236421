"""Whom a finder of a weakness tells: /.well-known/security.txt (RFC 9116), as the settings say it."""

from __future__ import annotations

from datetime import UTC

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from gateway.errors import NotThere
from gateway.sign_in_settings import SecurityTxtSettings
from gateway.web.foundation.context import Context

router = APIRouter(tags=["health"])


@router.get("/.well-known/security.txt", response_class=PlainTextResponse)
def security_txt(context: Context) -> Response:
    """Whom to tell of a weakness (RFC 9116); 404 where the settings name nobody."""
    settings = context.settings.security_txt
    if not settings.contact:
        raise NotThere("Nobody is named here.", "Tell whoever runs this gateway.")
    canonical = f"{context.settings.notify.link.rstrip('/')}/.well-known/security.txt"
    return PlainTextResponse(text_of(settings, canonical))


def text_of(settings: SecurityTxtSettings, canonical: str) -> str:
    """The page; `canonical` is where it stands, said only where that is HTTPS (RFC 9116 2.5.2)."""
    moment = settings.expires_at
    assert moment is not None
    fields = [("Contact", address) for address in settings.contact]
    fields += [
        ("Expires", f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"),
        ("Preferred-Languages", settings.languages),
        ("Policy", settings.policy),
        ("Canonical", canonical if canonical.startswith("https://") else ""),
    ]
    return "".join(f"{name}: {value}\n" for name, value in fields if value)
