"""What each role may do, as the table says."""

from __future__ import annotations

import pytest

from gateway.records.accounts import Viewer
from gateway.records.tables.administration import ROLES
from gateway.web.foundation.rights import ROLE_RIGHTS, Right, has


def viewer(role: str, site: str = "") -> Viewer:
    """Somebody of a role."""
    return Viewer(1, "somebody", "Somebody", role, site)


def test_every_role_has_a_row_and_no_other() -> None:
    """An account can have no role that the table does not know."""
    assert set(ROLE_RIGHTS) == set(ROLES)


@pytest.mark.parametrize("right", Right)
def test_nobody_and_an_unknown_role_have_no_right(right: Right) -> None:
    """Whoever is not signed in, and whatever a damaged record says."""
    assert not has(None, right)
    assert not has(viewer("root"), right)


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right.LOOK, {"reader", "lead", "coordinator", "admin"}),
        (Right.REPORT, {"reader", "lead", "admin"}),
        (Right.MANAGE, {"lead", "admin"}),
        (Right.SEND, {"coordinator", "admin"}),
        (Right.STUDIES, {"lead", "coordinator", "admin"}),
        (Right.CALENDAR, {"lead", "coordinator", "admin"}),
        (Right.ENROL, {"coordinator", "admin"}),
        (Right.RUN, {"admin"}),
        (Right.AUDIT, {"admin"}),
    ],
)
def test_who_has_a_right(right: Right, roles: set[str]) -> None:
    """Who sends does not report, who reports does not enrol, and only an administrator runs the gateway."""
    assert {role for role in ROLES if has(viewer(role), right)} == roles


def test_whoever_reads_shifted_dates_sees_no_real_ones() -> None:
    """Readers and leads see pseudonyms with shifted dates at work; the calendar's real dates would undo the shift."""
    for role in ("reader", "lead"):
        assert not has(viewer(role), Right.ENROL)
        assert not has(viewer(role), Right.SEND)
