"""What is said when the libraries are not there."""

from __future__ import annotations

import pytest

from gateway.faces import missing
from gateway.faces.missing import LibrariesMissing, refuse_if_missing


def test_all_that_looks_for_a_brain_is_installed_here() -> None:
    """The extra is part of what the tests install."""
    refuse_if_missing()


def test_what_is_missing_is_named_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the extra, or decide that faces stay."""
    monkeypatch.setattr(missing, "find_spec", lambda name: None if name == "brainextractor" else name)
    with pytest.raises(LibrariesMissing) as error:
        refuse_if_missing()
    assert "(brainextractor)" in error.value.problem
    assert "pml-gateway[deface]" in error.value.fix
    assert "faces: keep" in error.value.fix
