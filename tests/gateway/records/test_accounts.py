"""Who may sign in: passwords that fit, and whose session a cookie is."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from gateway.records import ledger
from gateway.records.accounts import HASHER, decoy, fits, session_of, token_hash, viewer_of
from gateway.records.database import Database
from gateway.records.tables.administration import Account, WebSession
from support.records import PASSWORD, reader

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hashed", "password", "wanted"),
    [
        (HASHER.hash(PASSWORD), PASSWORD, True),
        (HASHER.hash(PASSWORD), PASSWORD + " ", False),
        ("not a hash", PASSWORD, False),
        ("", "", False),
    ],
    ids=["right", "one blank more", "a damaged row", "an empty row"],
)
def test_a_password_fits_or_does_not(hashed: str, password: str, wanted: bool) -> None:
    """What cannot be a hash fits nothing, and is no error: the sign-in says the same for all."""
    assert fits(hashed, password) is wanted


def test_a_password_is_hashed_as_slowly_as_the_rfc_wants() -> None:
    """Argon2id with 64 MB and three passes (RFC 9106, section 4), in a process that no test has made quicker."""
    program = "from gateway.records.accounts import HASHER; print(HASHER.hash('correct horse'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_the_decoy_fits_no_password_and_is_made_once() -> None:
    """A second hash for each unknown login would take longer than a known one, and so tell."""
    assert not fits(decoy(), "")
    assert not fits(decoy(), PASSWORD)
    assert decoy() is decoy()


def test_a_token_is_kept_as_its_hash(sqlite: Database) -> None:
    """Who reads the table cannot sign in with what stands there."""
    reader(sqlite)
    token, _ = ledger.sign_in(sqlite, "ana", PASSWORD, HOUR)
    with sqlite.read() as session:
        row = session.get(WebSession, token_hash(token))
    assert row is not None
    assert token not in row.token_hash
    assert session_of(sqlite, row.token_hash) is None


def test_a_session_is_the_accounts_own(database: Database) -> None:
    """With what decides what it may see; another token belongs to nobody."""
    number = reader(database, "carla", "coordinator", "north")
    token, viewer = ledger.sign_in(database, "carla", PASSWORD, HOUR)
    seen = session_of(database, token)
    assert seen == viewer
    assert (viewer.account_id, viewer.role, viewer.site, viewer.display_name) == (
        number,
        "coordinator",
        "north",
        "Carla",
    )
    assert viewer.csrf not in ("", token)
    assert session_of(database, token + "x") is None


def test_a_disabled_account_has_no_session_any_more(database: Database) -> None:
    """At the next request, not at the next sign-in."""
    number = reader(database)
    token, _ = ledger.sign_in(database, "ana", PASSWORD, HOUR)
    with database.write("test") as session:
        session.get_one(Account, number).disabled = True
    assert session_of(database, token) is None


def test_an_account_without_a_display_name_has_its_login(sqlite: Database) -> None:
    """So that no page shows an empty name."""
    number = ledger.add_user(sqlite, "ben", "", "reader", "north", PASSWORD)
    with sqlite.read() as session:
        viewer = viewer_of(session.get_one(Account, number), "c")
    assert (viewer.display_name, viewer.csrf) == ("ben", "c")
