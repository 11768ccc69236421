"""The gateway before rows named a scheme: everything under scheme 1, identities sealed without their date shift."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from gateway.pipeline.steps import facts
from gateway.pipeline.steps.persons import Persons
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import Scheme
from gateway.records.identities.vault import Patient, SealedIdentity, Vault
from gateway.records.tables.cases import Case

_seal = Vault.seal


@contextmanager
def under_the_first_scheme() -> Iterator[None]:
    """What is received and prepared meanwhile stands in the records as the earlier release left it."""

    def first(_mapper: Any, _connection: Any, case: Case) -> None:
        case.scheme = Scheme.FIRST

    event.listen(Case, "before_insert", first)
    try:
        with ExitStack() as earlier:
            for asked in (PseudonymKey.of, facts.hashes, Persons.hashes):
                earlier.enter_context(patch.object(asked, "__defaults__", (Scheme.FIRST,)))
            earlier.enter_context(patch.object(Vault, "seal", without_shift))
            yield
    finally:
        event.remove(Case, "before_insert", first)


def without_shift(vault: Vault, site: str, patient: Patient, *named: Any) -> SealedIdentity:
    """An identity as it was sealed before its shift was in it."""
    return _seal(vault, site, replace(patient, date_shift_days=None), *named)
