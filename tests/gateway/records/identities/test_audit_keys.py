"""The trail's key: made once, renewed beside the one before, never read by those who serve."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from gateway.errors import Conflict, KeyMissing
from gateway.records.identities import audit_keys, keys
from gateway.service.keyless import KEY_FILES


def test_a_key_is_made_once(tmp_path: Path) -> None:
    """Another would leave rows that nobody can prove."""
    with pytest.raises(KeyMissing) as missing:
        audit_keys.audit_keys(tmp_path)
    assert "gateway audit init-key" in missing.value.fix
    made = audit_keys.make(tmp_path)
    with pytest.raises(Conflict):
        audit_keys.make(tmp_path)
    assert audit_keys.audit_keys(tmp_path).current == made


def test_a_renewed_key_keeps_the_one_before(tmp_path: Path) -> None:
    """Under its own name, mode 0600."""
    audit_keys.make(tmp_path)
    before, new = audit_keys.rotate(tmp_path)
    ring = audit_keys.audit_keys(tmp_path)
    assert (ring.current, set(ring.keys)) == (new, {before, new})
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")} == {0o600}


def test_web_and_receiver_do_not_read_it(tmp_path: Path) -> None:
    """Its name is one that they cannot open, and none of the vault's."""
    assert fnmatch(audit_keys.CURRENT, KEY_FILES)
    audit_keys.make(tmp_path)
    assert list(tmp_path.glob(keys.ANY)) == []
