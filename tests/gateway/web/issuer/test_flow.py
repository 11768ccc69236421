"""What comes of a seed."""

from __future__ import annotations

import re

from gateway.web.issuer.flow import derived, is_ours, new_seed


def test_what_comes_back_is_made_of_the_seed_and_leads_not_back_to_it() -> None:
    """One value for each purpose, fit for PKCE; a state tells neither nonce nor verifier."""
    seed = new_seed()
    made = {purpose: derived(seed, purpose) for purpose in ("state", "nonce", "verifier")}
    assert len({seed, *made.values()}) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", value) for value in made.values())
    assert derived(seed, "state") == made["state"]
    assert derived(new_seed(), "state") != made["state"]


def test_an_answer_is_ours_only_with_the_seed() -> None:
    """No seed, no state and another's state are not."""
    seed = new_seed()
    assert is_ours(seed, derived(seed, "state"))
    for wrong, state in ((seed, ""), ("", derived("", "state")), (seed, derived(seed, "nonce")), (seed, "ä")):
        assert not is_ours(wrong, state)
