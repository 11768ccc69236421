"""Neighbouring elements are put together in order, with everything that was done to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.encoding.elements import NotTaken
from dicom_nodes.encoding.headers import PIXEL_DATA
from gateway.privacy.deidentify.instance import FINISHED
from gateway.privacy.fast.memo import CODED, SHIFTING, CleanedElement
from gateway.privacy.fast.runs import NAMED, cleaned_run

APART = NAMED | FINISHED | {PIXEL_DATA}
TAGS = st.sampled_from(sorted(APART)) | st.integers(0x00080000, 0x7FFF0000).filter(
    lambda tag: tag not in CODED
)


def element(tag: int) -> CleanedElement:
    """An element that can be told from all others."""
    return CleanedElement(tag.to_bytes(4, "big"), (f"{tag}: kept",))


@given(tags=st.lists(TAGS, unique=True, max_size=30))
def test_all_is_written_once_in_order_but_what_is_finished_later(tags: list[int]) -> None:
    """Whatever the order they came in; what was done is counted for every one."""
    run = cleaned_run((tag, element(tag)) for tag in tags)
    written = b"".join(chunk for _, chunk in run.chunks)
    assert written == b"".join(tag.to_bytes(4, "big") for tag in sorted(set(tags) - FINISHED))
    assert sorted(run.counts) == sorted(f"{tag}: kept" for tag in tags)


@given(tags=st.lists(TAGS, unique=True, max_size=30))
def test_nothing_that_is_written_apart_falls_inside_a_chunk(tags: list[int]) -> None:
    """Each chunk goes by its first tag, and a named element is alone in its own."""
    for tag, chunk in cleaned_run((tag, element(tag)) for tag in tags).chunks:
        inside = [int.from_bytes(chunk[at : at + 4], "big") for at in range(0, len(chunk), 4)]
        assert inside[0] == tag
        assert not any(tag < apart <= inside[-1] for apart in APART)
        assert tag not in NAMED or inside == [tag]


def test_a_removed_element_leaves_its_count_and_its_digits() -> None:
    """A UID or a date in it must be asked about again in the next object."""
    run = cleaned_run([(0x00081030, CleanedElement(None, ("removed",), (("1.2", "2.25.3"),), ("20240229",)))])
    assert run == ((), ("removed",), (("1.2", "2.25.3"),), ("20240229",))


def test_one_shifting_text_makes_the_run_shifting() -> None:
    """It is looked at every time, and `Memo` knows it by identity."""
    texts = [
        (0x00081030, CleanedElement(b"a", digits=("12345678",))),
        (0x00081090, CleanedElement(b"b", digits=SHIFTING)),
    ]
    assert cleaned_run(texts).digits is SHIFTING


@pytest.mark.parametrize("tag", sorted(CODED))
def test_a_coded_entry_at_the_top_level_is_not_taken(tag: int) -> None:
    """Its attributes depend on one another; but one that was removed is no matter."""
    with pytest.raises(NotTaken):
        cleaned_run([(tag, element(tag))])
    assert cleaned_run([(tag, CleanedElement(None, ("removed",)))]).chunks == ()
