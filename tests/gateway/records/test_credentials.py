"""What a token is, and how it is kept."""

from __future__ import annotations

from datetime import timedelta

from gateway.records import credentials, ledger
from gateway.records.database import Database


def test_tokens_are_long_random_and_known_by_their_beginning() -> None:
    """256 bits, so SHA-256 keeps them well enough; a search for lost secrets knows the prefix."""
    made = {credentials.new_token() for _ in range(50)}
    assert len(made) == 50
    assert all(credentials.TOKEN.fullmatch(token) for token in made)


def test_a_token_is_kept_only_as_a_hash(database: Database) -> None:
    """Nothing in the row leads back to the token; the token leads to the row."""
    token = ledger.add_client(database, "scanner", ["stow"], site="north")
    with database.read() as session:
        [row] = credentials.clients(session)
        assert token not in str(row)
        assert credentials.client_of(session, token) == row
        assert credentials.client_of(session, credentials.new_token()) is None
        assert credentials.client_of(session, token + "x") is None
        assert credentials.client_of(session, credentials.secret_hash(token)) is None


def test_a_token_is_in_force_until_it_expires_or_is_revoked(database: Database) -> None:
    """A year by default; the state says which."""
    ledger.add_client(database, "scanner", ["stow"], site="north")
    with database.read() as session:
        [row] = credentials.clients(session)
    assert row.expires_at - row.added_at == timedelta(days=365)
    assert row.state(row.added_at) == "in force"
    assert row.state(row.expires_at) == "expired"
    ledger.revoke_client(database, "scanner")
    with database.read() as session:
        [row] = credentials.clients(session)
    assert row.state(row.added_at) == "revoked"
