"""An OpenID provider on this machine (Canaille), in a process of its own: real protocol, real tokens, real sockets.

Told on standard input, as JSON, who is there and which program may ask; says its address on standard output. Who is
signed in at the provider is the cookie `person` of whoever asks, since when the cookie `since`: only its login page,
which needs a browser, is left out.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the provider's own rule; it listens on 127.0.0.1 alone

from canaille import create_app
from canaille.app import models
from canaille.app.session import UserSession
from canaille.backends import Backend
from canaille.backends.memory.backend import MemoryBackend, listify
from flask import g, request
from joserfc.jwk import JWKRegistry


def every_filter(self: MemoryBackend, model: Any, *args: Any, **wanted: Any) -> list[Any]:
    """Its store in memory answers a question of two filters with what fits either; another's code would be taken."""
    return [
        each
        for each in either(self, model, *args, **wanted)
        if all(
            set(model.serialize(listify(value))) & set(listify(each._state.get(name, [])))
            for name, value in wanted.items()
        )
    ]


either, MemoryBackend.do_query = MemoryBackend.do_query, every_filter


class Quiet(WSGIRequestHandler):
    """Prints nothing of what is asked."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def main() -> None:
    """Serve until standard input ends or the process is stopped."""
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], handler_class=Quiet)
    address = f"127.0.0.1:{server.server_port}"
    key = JWKRegistry.generate_key("RSA", 2048)
    key.ensure_kid()
    app = create_app(
        config={
            "TESTING": True,
            "ENV_FILE": None,
            "SECRET_KEY": "of a provider for tests",
            "WTF_CSRF_ENABLED": False,
            "PREFERRED_URL_SCHEME": "http",
            "SERVER_NAME": address,
            "CANAILLE": {
                "DATABASE": "memory",
                "JAVASCRIPT": False,
                "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}},
                "LOGGING": {"version": 1, "disable_existing_loggers": False},
            },
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [key.as_dict(private=True)],
                "TRUSTED_DOMAINS": ["gateway.example"],
            },
        },
    )
    with app.app_context():
        backend = Backend.instance
        people = {}
        for login, person in told["people"].items():
            people[login] = models.User(
                user_name=login, formatted_name=person["name"], display_name=person["shown"], family_name="-"
            )
            backend.save(people[login])
        for group in sorted({group for person in told["people"].values() for group in person["groups"]}):
            inside = [people[login] for login, person in told["people"].items() if group in person["groups"]]
            backend.save(models.Group(display_name=group, members=inside))
        for number, client in enumerate(told["clients"]):
            made = models.Client(
                client_id=client["id"],
                client_name=client["id"],
                client_secret=client["secret"],
                client_id_issued_at=datetime.datetime.now(datetime.UTC),
                client_uri=client["uri"],
                redirect_uris=[client["back"]],
                post_logout_redirect_uris=[client["out"]],
                grant_types=["authorization_code"],
                response_types=["code"],
                id_token_signed_response_alg="RS256",
                scope=["openid", "profile", "groups"],
                token_endpoint_auth_method="client_secret_basic",
                contacts=[f"client-{number}@example.test"],
            )
            backend.save(made)
            made.audience = [made]
            backend.save(made)

    @app.before_request
    def signed_in() -> None:
        user = backend.get(models.User, user_name=request.cookies.get("person", ""))
        if user is not None:
            since = datetime.datetime.fromtimestamp(float(request.cookies["since"]), datetime.UTC)
            g.session = UserSession(user=user, last_login_datetime=since)

    server.set_app(app)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
