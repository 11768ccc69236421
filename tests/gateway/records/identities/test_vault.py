"""The vault: what is sealed with which key, and that no rotation, however interrupted, loses an identity."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gateway
from gateway.errors import KeyMissing, NotThere
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.vault import Patient, Vault
from gateway.records.tables.studies import Identity
from support.records import audit_events, keep_identities, sealed

PATIENT = Patient("4711", "HOSP", "Muster^Maria", "19800101")


class TestSealing:
    """One identity."""

    def test_an_identity_is_sealed_and_opened_with_an_audit_event(
        self, database: Database, vault: Vault
    ) -> None:
        """The row holds no plain text; each opening is in the trail before the identity is returned."""
        one = vault.seal("hospital", PATIENT, "PML-AAAAAAAA", "hash", 2)
        assert b"Muster" not in one.sealed
        keep_identities(database, one)
        assert ledger.open_identity(database, vault, 1, "ana", "report") == PATIENT
        [event] = audit_events(database, "identity read")
        assert (event.who, event.subject, event.detail) == ("ana", "identity 1", {"why": "report"})

    def test_another_key_cannot_open_it(self, database: Database, vault: Vault, tmp_path: Path) -> None:
        """The error names the key that is needed, and how its file must be called."""
        keep_identities(database, sealed(vault))
        keys.make_key(tmp_path / "other" / "vault.key")
        other = Vault.from_folder(tmp_path / "other")
        with pytest.raises(KeyMissing, match=vault.ring.current) as refused:
            ledger.open_identity(database, other, 1, "ana", "report")
        assert keys.own_name(vault.ring.current) in refused.value.fix

    def test_a_row_swapped_with_another_is_not_opened(self, database: Database, vault: Vault) -> None:
        """The seal is bound to the pseudonym: bytes of another patient are found out, not returned."""
        keep_identities(database, sealed(vault, 1), sealed(vault, 2))
        with database.write("test") as session:
            session.get_one(Identity, 1).sealed = session.get_one(Identity, 2).sealed
        with pytest.raises(KeyMissing, match="changed"):
            ledger.open_identity(database, vault, 1, "ana", "report")

    def test_an_identity_that_is_not_there_is_said_so(self, database: Database, vault: Vault) -> None:
        """A forgotten patient's number opens nothing and leaves no event."""
        with pytest.raises(NotThere):
            ledger.open_identity(database, vault, 1, "ana", "report")
        assert audit_events(database, "identity read") == []


def test_nothing_but_the_vault_deciphers() -> None:
    """The vault imports a cipher, used by `unseal` and `reseal` only; the calendar's letterbox is the other module."""
    root = Path(gateway.__file__).parent
    importing = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in getattr(node, "names", [])] if isinstance(node, ast.Import) else []
            )
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if any(name.startswith("cryptography") for name in [*names, module]):
                importing.append(path.relative_to(root).as_posix())
    # A key, or a check value, from a key: they decipher nothing.
    derive = {"privacy/derivation.py", "records/identities/key_checks.py"}
    assert set(importing) == derive | {
        "records/factors/sealed_secrets.py",  # by a person's password: nothing of a patient
        "records/identities/sealed_letters.py",
        "records/identities/vault.py",
    }
    for module in derive:
        assert "ciphers" not in (root / module).read_text(encoding="utf-8")
    tree = ast.parse((root / "records" / "identities" / "vault.py").read_text(encoding="utf-8"))
    callers = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "_decrypt"
    }
    # What `opens` and `leads` find out is a yes or no about the keys.
    assert callers == {"unseal", "reseal", "opens", "leads"}


def test_only_the_proof_of_the_keys_looks_without_a_line_in_the_audit_trail() -> None:
    """It asks before a role starts whether the keys are those of the records, and is told yes or no."""
    root = Path(gateway.__file__).parent
    asking = {
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("opens", "leads")
    }
    assert asking == {"records/key_proof.py"}


def test_only_the_ledger_unseals() -> None:
    """Nobody else even names it: an identity cannot be read without the line in the audit trail before it."""
    root = Path(gateway.__file__).parent
    named = {
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == "unseal")
        or (isinstance(node, ast.Constant) and node.value == "unseal")
    }
    assert named == {"records/ledger/identities.py"}
    tree = ast.parse((root / "records" / "ledger" / "identities.py").read_text(encoding="utf-8"))
    [function] = [
        function
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and "unseal" in ast.unparse(function)
    ]
    assert function.name == "open_identity"
    assert "audit_trail.append" in ast.unparse(function).split("unseal")[0]
