"""A key is known by its check value, of which nothing of the key can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import KeyMissing
from gateway.privacy.derivation import Purpose, key_of
from gateway.records.identities import keys
from gateway.records.identities.key_checks import check_value, checks_of
from gateway.records.identities.keys import CURRENT, FILES, PSEUDONYMS


def test_a_check_value_is_of_one_key_in_one_file() -> None:
    """Another key, and the same key in another file, have another one; it is no key of any purpose."""
    key = bytes(range(32))
    values = {check_value(file, one) for file in FILES for one in (key, key[::-1])}
    assert len(values) == 4
    value = check_value(PSEUDONYMS, key)
    assert value == check_value(PSEUDONYMS, key)
    assert value not in key.hex()
    assert not [purpose for purpose in Purpose if key_of(key, purpose).hex().startswith(value)]


def test_keys_that_are_not_those_on_record_are_named(tmp_path: Path) -> None:
    """Each file by itself; what is not on record is no contradiction."""
    ours, others = tmp_path / "ours", tmp_path / "others"
    for folder in (ours, others):
        keys.make_keys(folder)
    on_record = checks_of(ours).present
    assert checks_of(ours).unfit(on_record) == ()
    assert set(checks_of(others).unfit(on_record)) == set(FILES)
    assert checks_of(others).unfit({}) == ()
    (others / PSEUDONYMS).write_text((ours / PSEUDONYMS).read_text())
    assert checks_of(others).unfit(on_record) == (CURRENT,)


def test_a_vault_key_that_is_new_beside_the_one_on_record_fits(tmp_path: Path) -> None:
    """A rotation, here or in a secret store, is on its way; without the earlier key it is another vault."""
    keys.make_keys(tmp_path)
    on_record = checks_of(tmp_path).present
    first = keys.KeyRing(tmp_path).current
    keys.make_current(tmp_path, keys.add_key(tmp_path))
    assert checks_of(tmp_path).unfit(on_record) == ()
    keys.remove(tmp_path, first)
    assert checks_of(tmp_path).unfit(on_record) == (CURRENT,)


@pytest.mark.parametrize("lost", FILES)
def test_a_key_that_is_not_there_is_missing_and_not_made(tmp_path: Path, lost: str) -> None:
    """The error names the file and the fix."""
    keys.make_keys(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(KeyMissing, match=lost):
        checks_of(tmp_path)
    assert not (tmp_path / lost).exists()
