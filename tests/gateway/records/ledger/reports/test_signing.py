"""What is signed has a digest of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.records.ledger.reports.signing import digest_of

CONTENT = st.dictionaries(
    st.text(max_size=8), st.text(max_size=8) | st.integers() | st.lists(st.text(max_size=4))
)


@given(CONTENT)
def test_the_digest_is_of_what_is_said_and_not_of_its_order(content: dict[str, object]) -> None:
    """A database may give keys in another order."""
    assert digest_of(content) == digest_of(dict(reversed(content.items())))


@given(CONTENT, st.text(min_size=1, max_size=5))
def test_other_words_have_another_digest(content: dict[str, object], words: str) -> None:
    """Also where only the note of a document differs."""
    assert digest_of({"content": content, "note": ""}) != digest_of({"content": content, "note": words})
