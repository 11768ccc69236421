"""Who a person of an issuer is here: by the tables alone."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sign_in_settings import OidcSettings
from gateway.web.issuer.claims import Unmapped, person_of, values

SETTINGS = OidcSettings(
    issuer="https://issuer.example",
    client_id="gateway",
    role_claim="realm_access.roles",
    roles=("it=admin", "CN=Readers,OU=PML,DC=clinic=reader", "desk=coordinator"),
    sites=("north=north", "south=south", "all=*"),
)


def person(roles: Any, groups: Any, **claims: Any) -> Any:
    """The person of these claims."""
    return person_of({"sub": "7", "realm_access": {"roles": roles}, "groups": groups} | claims, SETTINGS)


def test_role_and_site_are_those_of_the_rows() -> None:
    """A claim within a claim, a value with commas and equals signs, one text instead of a list."""
    made = person(
        ["x", "CN=Readers,OU=PML,DC=clinic"], "north", name="Dr.  Ana\u202e", preferred_username="a na<"
    )
    assert (made.issuer, made.subject) == ("https://issuer.example", "7")
    assert (made.role, made.site, made.display_name, made.login) == ("reader", "north", "Dr. Ana", "ana")


def test_the_first_row_of_the_roles_decides() -> None:
    """The order of the table is a decision; the order of the claim is none."""
    assert person(["desk", "it"], ["all"]).role == "admin"


@pytest.mark.parametrize(
    ("roles", "groups"),
    [
        ([], ["north"]),
        (["reader"], ["north"]),
        (["IT"], ["north"]),
        (["it"], []),
        (["it"], ["North"]),
        (["it"], ["north", "south"]),
        (["it"], ["all", "south"]),
        (["desk"], ["all"]),
        ([["it"]], ["north"]),
        ({"it": True}, ["north"]),
        (None, None),
        (7, ["north"]),
    ],
)
def test_what_no_row_names_is_refused(roles: Any, groups: Any) -> None:
    """Neither a default nor the nearest, and no site is every site unless a row says so."""
    with pytest.raises(Unmapped) as refused:
        person(roles, groups)
    assert "7" not in str(refused.value)


def test_every_site_is_written_down() -> None:
    """By the star of a row."""
    assert person(["it"], ["all"]).site == ""


def test_a_claim_with_points_in_its_name_is_itself() -> None:
    """Some issuers call a claim like an address."""
    assert values(
        {"https://clinic.example/roles": ["a"], "x": {"y": "b"}}, "https://clinic.example/roles"
    ) == {"a"}
    assert values({"x": {"y": "b"}}, "x.y") == {"b"}
    assert values({"x": "b"}, "x.y") == frozenset()


def test_a_person_without_a_name_has_a_word_for_it() -> None:
    """Pages show something; what cannot be printed is left out, and nothing is longer than a name."""
    assert person(["it"], ["all"]).display_name == "Person of the issuer"
    assert len(person(["it"], ["all"], name="x" * 5000).display_name) == 100
    assert person(["it"], ["all"], name=["x"], preferred_username=7).login == ""
