"""Every route by every role and site: who gets in, who does not, and that another site's objects are not there at all.

A route that is not in `ROUTES` fails here until somebody says who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from gateway.records.tables.cases import Case
from gateway.web.application import ROUTERS
from gateway.web.foundation.rights import ROLE_RIGHTS, Right
from support.web_gateway import WebGateway, running
from support.web_objects import OBJECTS, objects_of_north

ANYONE, SIGNED_IN, PROGRAM = "anyone", "signed in", "a program with its own credentials"
HALF, OWN = "who gave the password and not yet the code", "signed in, with the password again"

ROUTES: Final[Mapping[str, tuple[str, ...]]] = {
    ANYONE: (
        "GET /healthz",
        "GET /readyz",
        "GET /.well-known/security.txt",
        "GET /reset",
        "POST /reset",
        "GET /sign-in",
        "GET /sign-in/issuer",
        "GET /sign-in/issuer/back",
        "GET /sign-in/issuer/out",
        "POST /sign-in",
        "POST /api/session",
    ),
    HALF: (
        "GET /sign-in/code",
        "POST /sign-in/code",
        "GET /sign-in/set-up",
        "POST /sign-in/set-up",
        "POST /sign-in/set-up/done",
    ),
    OWN: (
        "POST /account/password",
        "POST /account/sessions/end",
        "POST /account/second-factor",
        "POST /account/second-factor/confirm",
        "POST /account/second-factor/remove",
    ),
    SIGNED_IN: (
        "GET /account",
        "POST /sign-out",
        "GET /api/session",
        "GET /manual",
        "GET /manual/{name:path}",
        "GET /docs",
        "GET /openapi.json",
    ),
    PROGRAM: (
        "GET /metrics",
        "POST /dicom-web/studies",
        "POST /dicom-web/studies/{study_instance_uid}",
    ),
    "ACCOUNTS": (
        "GET /accounts",
        "POST /accounts",
        "GET /accounts/{account_id}",
        "POST /accounts/{account_id}/scope",
        "POST /accounts/{account_id}/disable",
        "POST /accounts/{account_id}/enable",
        "POST /accounts/{account_id}/reset",
        "POST /accounts/{account_id}/second-factor/remove",
        "POST /accounts/{account_id}/sessions/end",
    ),
    "AUDIT": ("GET /audit",),
    "ACKNOWLEDGE": (
        "POST /critical/{critical_id}/acknowledge",
        "POST /api/critical/{critical_id}/acknowledge",
    ),
    "CALENDAR": (
        "GET /surveillance",
        "GET /api/surveillance",
    ),
    "ENROL": (
        "POST /surveillance",
        "POST /surveillance/import",
        "POST /surveillance/{enrolment_id}",
        "POST /surveillance/{enrolment_id}/end",
        "POST /surveillance/{enrolment_id}/wish",
        "POST /api/surveillance",
        "POST /api/surveillance/import",
        "PUT /api/surveillance/{enrolment_id}",
        "POST /api/surveillance/{enrolment_id}/end",
        "POST /api/surveillance/{enrolment_id}/wish",
    ),
    "LOOK": (
        "GET /",
        "GET /queue/rows",
        "GET /api/queue",
        "GET /critical/{critical_id}",
        "GET /api/critical/{critical_id}",
        "GET /api/critical",
        "GET /cases/{case_id}/report",
        "GET /api/cases/{case_id}/report",
        "GET /cases/{case_id}/images/{series}/{number}.png",
        "GET /api/cases/{case_id}/images",
        "GET /cases/{case_id}/volumes/{stack}.nii",
        "GET /cases/{case_id}/change/{prior}.nii",
        "GET /cases/{case_id}/frames/{stack}/{number}.bin",
        "GET /cases/{case_id}/spectra/{number}/{signal}.svg",
        "GET /api/cases/{case_id}/spectra",
        "GET /api/cases/{case_id}/reading",
        "GET /api/cases/{case_id}/held",
        "GET /cases/{case_id}",
        "GET /api/cases/{case_id}",
    ),
    "MANAGE": (
        "GET /cases/{case_id}/held/{held_id}.png",
        "POST /cases/{case_id}/held/{held_id}",
        "POST /api/cases/{case_id}/held/{held_id}",
        "POST /cases/{case_id}/park",
        "POST /cases/{case_id}/retry",
        "POST /cases/{case_id}/correct",
        "POST /api/cases/{case_id}/correct",
        "POST /conflicts/{conflict_id}",
        "POST /critical/{critical_id}/telephone",
        "POST /api/critical/{critical_id}/telephone",
        "POST /conflicts/{conflict_id}/retry",
        "POST /api/conflicts/{conflict_id}/decide",
        "POST /replies/{reply_id}/retry",
        "POST /replies/{reply_id}/discard",
        "POST /replies/{reply_id}/report",
        "POST /api/replies/{reply_id}/retry",
        "POST /api/replies/{reply_id}/discard",
        "POST /api/replies/{reply_id}/report",
        "POST /studies/{study_id}/retry",
        "POST /studies/{study_id}/go-on",
        "POST /studies/{study_id}/route",
        "POST /api/studies/{study_id}/go-on",
        "POST /api/studies/{study_id}/route",
        "POST /studies/{study_id}/person",
        "POST /api/studies/{study_id}/person",
    ),
    "REPORT": (
        "GET /cases/{case_id}/documents/{kind}",
        "POST /cases/{case_id}/documents/{kind}",
        "POST /api/cases/{case_id}/documents",
        "POST /cases/{case_id}/report",
        "PUT /api/cases/{case_id}/report",
        "POST /api/cases/{case_id}/sign",
        "GET /cases/{case_id}/manifests/{manifest_id}.json",
        "GET /api/cases/{case_id}/manifests",
        "POST /queue/next",
        "POST /api/queue/next",
        "POST /cases/{case_id}/claim",
        "POST /cases/{case_id}/report/take-over",
        "POST /cases/{case_id}/pictures",
        "POST /api/cases/{case_id}/pictures",
        "POST /cases/{case_id}/release",
        "POST /api/cases/{case_id}/claim",
        "POST /api/cases/{case_id}/report/take-over",
        "POST /api/cases/{case_id}/release",
        "POST /cases/{case_id}/verdict",
        "POST /api/cases/{case_id}/verdict",
    ),
    "RUN": (
        "GET /nodes",
        "POST /nodes/{name}/echo",
        "POST /nodes/results/{result_id}/retry",
        "POST /nodes/results/{result_id}/drop",
        "GET /api/nodes/results",
        "POST /api/nodes/results/{result_id}/retry",
        "POST /api/nodes/results/{result_id}/drop",
        "POST /api/nodes/{name}/echo",
        "GET /clients",
        "POST /clients",
        "POST /clients/{name}/revoke",
    ),
    "SEND": (
        "GET /upload/{study_id}/reply-{reply_id}.dcm",
        "GET /upload",
        "POST /upload",
        "GET /upload/{study_id}",
        "GET /upload/{study_id}/report.{form}",
        "POST /api/uploads",
        "GET /studies/{study_id}/context",
        "GET /api/studies/{study_id}/context",
        "POST /studies/{study_id}/context",
        "PUT /api/studies/{study_id}/context",
    ),
    "STUDIES": (
        "GET /conflicts/{conflict_id}",
        "GET /api/conflicts/{conflict_id}",
        "GET /replies",
        "GET /api/replies",
        "GET /studies",
        "GET /api/studies",
        "GET /studies/{study_id}/person",
    ),
}
"""Who may use which route: a right, by its name, or one of the words above."""

ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "reader": ("reader", ""),
    "lead": ("lead", ""),
    "admin": ("admin", ""),
    "north": ("coordinator", "north"),
    "south-reader": ("reader", "south"),
    "south-lead": ("lead", "south"),
    "south-admin": ("admin", "south"),
    "south": ("coordinator", "south"),
}
"""Accounts: role and site."""

MAY: Final[Mapping[str, frozenset[str]]] = {
    "reader": frozenset({"LOOK", "REPORT"}),
    "lead": frozenset({"LOOK", "REPORT", "MANAGE", "STUDIES", "CALENDAR"}),
    "coordinator": frozenset({"LOOK", "SEND", "STUDIES", "CALENDAR", "ENROL", "IDENTITIES", "ACKNOWLEDGE"}),
    "admin": frozenset(Right.__members__),
}
"""What each role may, written a second time: a right that moves is seen here."""

BODY: Final[Mapping[str, Any]] = {
    "why": "because",
    "rule": "by-address",
    "choice": "first",
    "objects": "1",
    "decision": "left out",
    "readability": "readable",
    "generation": "1",
    "author": "1",
    "version": 0,
    "content": {},
    "password": "none of ours",
    "do": "save",
    "because": "moved away",
    "other": "1",
    "study": "1",
    "wish": "contrast 2026-01-01",
    "told": "Dr Ward",
    "told_at": "2026-03-01T08:00:00Z",
}
"""Something that every service can read, so that the object is looked for."""
OWN_BODY: Final[Mapping[str, Any]] = {
    "/api/studies/{study_id}/person": {"same_as": 1, "why": "because"},
    "/api/cases/{case_id}/documents": {
        "kind": "addendum",
        "note": "n",
        "after": 1,
        "password": "none of ours",
    },
    "/api/studies/": {"why": "because", "rule": "by-address"},
    "PUT /api/surveillance/": {"label": "7"},
    "PUT /api/studies/": {"question": "New lesion?"},
}
"""Where a service takes nothing else."""

MISSING: Final = 7999
WORDS: Final = {"form": "pdf", "kind": "addendum", "name": "x", "account_id": MISSING}
"""What addresses have that is no object of a case."""


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of every route there is."""
    for router in ROUTERS:
        for route in router.routes:
            for method in sorted(route.methods or ()):  # type: ignore[attr-defined]
                yield method, route.path  # type: ignore[attr-defined]


def right_of(method: str, path: str) -> str:
    """Who may use a route, as the table says."""
    [right] = [right for right, named in ROUTES.items() if f"{method} {path}" in named]
    return right


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """The application, with every account of `ROLES`."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    with running(folder, max_upload_mb=5) as gateway:
        for login, (role, site) in ROLES.items():
            gateway.add(login, role, site)
        yield gateway


@pytest.fixture(scope="module")
def objects(web: WebGateway) -> dict[str, int]:
    """One object of the site north for each kind that an address can name."""
    return objects_of_north(web)


def ask(client: httpx.Client, method: str, path: str, numbers: Mapping[str, int]) -> httpx.Response:
    """One request, with the numbers in the address and something readable in the body."""
    address = re.sub(
        r"\{(\w+)(?::\w+)?\}",
        lambda named: str(numbers.get(named[1], WORDS.get(named[1], 1))),
        path,
    )
    if method == "GET":
        return client.get(address)
    if address.startswith("/api"):
        own = next((body for start, body in OWN_BODY.items() if f"{method} {path}".find(start) >= 0), BODY)
        return client.request(method, address, json=dict(own))
    return client.request(method, address, data={key: str(value) for key, value in BODY.items()})


def test_every_route_is_classified() -> None:
    """And no route is, that there is not."""
    classified = [route for named in ROUTES.values() for route in named]
    assert len(classified) == len(set(classified))
    assert {f"{method} {path}" for method, path in routes()} == set(classified)
    assert set(ROUTES) - {ANYONE, SIGNED_IN, PROGRAM, HALF, OWN} <= set(Right.__members__)


def test_no_role_may_more_than_is_written_here() -> None:
    """A right given to a role by mistake is found twice."""
    assert {role: {right.name for right in rights} for role, rights in ROLE_RIGHTS.items()} == MAY


def test_nobody_gets_in_without_an_account(web: WebGateway) -> None:
    """Every page leads to the sign-in, every service says 401; what anyone may ask is written down."""
    numbers = dict.fromkeys(OBJECTS, MISSING)
    stranger = web.client()
    for method, path in routes():
        if right_of(method, path) == ANYONE:
            continue
        answer = ask(stranger, method, path, numbers)
        led_away = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
        assert answer.status_code == 401 or led_away, (method, path, answer.status_code)


@pytest.mark.parametrize("login", ROLES)
def test_a_role_gets_what_it_may_and_nothing_else(web: WebGateway, login: str) -> None:
    """403 exactly where the right is not the role's; for an object that is not there, so that nothing changes."""
    role, _site = ROLES[login]
    numbers = dict.fromkeys(OBJECTS, MISSING)
    client = web.client(login, own_session=True)
    for method, path in routes():
        right = right_of(method, path)
        if right in (ANYONE, PROGRAM, HALF, OWN) or path == "/sign-out":
            continue
        refused = ask(client, method, path, numbers).status_code == 403
        assert refused == (right != SIGNED_IN and right not in MAY[role]), (method, path, login)


def test_no_change_without_the_token_of_the_session(web: WebGateway) -> None:
    """Another site cannot make a browser do anything: each unsafe request is refused."""
    client = web.client("admin", own_session=True)
    del client.headers["X-CSRF-Token"]
    for method, path in routes():
        if method != "GET" and right_of(method, path) not in (ANYONE, PROGRAM, HALF):
            answer = ask(client, method, path, dict.fromkeys(OBJECTS, MISSING))
            assert answer.status_code == 403, (method, path, answer.status_code)


@pytest.mark.parametrize("login", ["south-reader", "south-lead", "south-admin", "south"])
def test_another_sites_object_is_answered_like_none(
    web: WebGateway, objects: dict[str, int], login: str
) -> None:
    """The same words and status as for a number that nothing has, for every route that names an object."""
    client = web.client(login)
    role, _site = ROLES[login]
    looked = 0
    for method, path in routes():
        right = right_of(method, path)
        named = [name for name in OBJECTS if f"{{{name}}}" in path]
        if not named or (right != SIGNED_IN and right not in MAY[role]):
            continue
        theirs = ask(client, method, path, objects)
        nobodys = ask(client, method, path, dict.fromkeys(OBJECTS, MISSING))
        assert theirs.status_code == nobodys.status_code == 404, (
            method,
            path,
            theirs.status_code,
            nobodys.status_code,
        )
        numbers = (*objects.values(), MISSING)
        assert _without(theirs.text, *numbers) == _without(nobodys.text, *numbers), (method, path)
        looked += 1
    assert looked >= 6


def test_their_own_site_has_them(web: WebGateway, objects: dict[str, int]) -> None:
    """The objects are there: what others are not told is no mistake of this test."""
    for login, path in (
        ("north", "/api/cases/{case_id}"),
        ("north", "/upload/{study_id}"),
        ("north", "/api/conflicts/{conflict_id}"),
        ("north", "/studies/{study_id}/person"),
        ("lead", "/api/cases/{case_id}/held"),
    ):
        assert ask(web.client(login), "GET", path, objects).status_code == 200, path


@pytest.mark.parametrize("login", ["south-reader", "south-lead", "south-admin", "south"])
def test_no_list_has_anything_of_another_site(web: WebGateway, objects: dict[str, int], login: str) -> None:
    """Queue, studies, replies, calendar: as pages and as JSON."""
    role, _site = ROLES[login]
    client = web.client(login)
    with web.database.read() as session:
        pseudonym = session.get_one(Case, objects["case_id"]).pseudonym
    for method, path in routes():
        if method == "GET" and "{" not in path and right_of(method, path) in (SIGNED_IN, *MAY[role]):
            answer = ask(client, method, path, objects)
            assert pseudonym not in answer.text, path
            assert "PML-N" not in answer.text, path


def _without(text: str, *numbers: int) -> str:
    """The answer without the number that was asked for, and without a session's token."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", text)
    for number in numbers:
        text = re.sub(rf"(?<!\d){number}(?!\d)", "N", text)
    return text
