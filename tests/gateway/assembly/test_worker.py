"""The worker as it is put together: it starts working, or says which key it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.assembly.gateway import open_gateway
from gateway.assembly.worker import worker
from gateway.errors import GatewayError
from gateway.records.identities import sealed_letters
from gateway.records.identities.keys import make_keys
from gateway.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Everything in one folder, no key yet."""
    return Settings.model_validate(
        {
            "storage": {
                "database": f"sqlite:///{tmp_path}/gateway.sqlite",
                "objects": tmp_path / "objects",
                "keys": tmp_path / "keys",
            },
            "files": {"nodes": tmp_path / "nodes.yaml", "rules": tmp_path / "rules"},
        }
    )


@pytest.mark.parametrize("lost", ["vault.key", "pseudonym.key"])
def test_a_worker_without_a_key_does_not_start(settings: Settings, lost: str) -> None:
    """It says which one, and makes none: what was sealed with the old one could not be opened."""
    make_keys(settings.storage.keys)
    (settings.storage.keys / lost).unlink()
    gateway = open_gateway(settings)
    with pytest.raises(GatewayError, match=lost) as raised:
        worker(gateway)
    gateway.database.close()
    assert raised.value.fix
    assert not (settings.storage.keys / lost).exists()


def test_a_worker_publishes_its_letterbox_and_stops(settings: Settings) -> None:
    """The web role seals patients' numbers with that key; asked to stop, engine and scheduler are at rest."""
    make_keys(settings.storage.keys)
    gateway = open_gateway(settings)
    engine, scheduler = worker(gateway)
    with gateway.database.read() as session:
        assert len(sealed_letters.public_key(session)) == 32
    scheduler.shutdown(wait=True)
    engine.stop(10)
    gateway.database.close()
    assert not scheduler.running
