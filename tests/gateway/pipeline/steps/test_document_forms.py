"""Which form of a report is offered next, by the class of an answer."""

from __future__ import annotations

import pytest

from dicom_nodes.outcomes import A_FEW, Broken, InstanceOutcome, of_status, without_answer
from gateway.pipeline.steps.document_forms import RICHEST_FIRST, Next, Offer, files_of, fixes, told

UID = "2.25.1"


@pytest.mark.parametrize(
    ("answer", "tries", "following"),
    [
        (of_status(UID, 0x0000), 1, Next.DONE),
        (of_status(UID, 0xB000), 1, Next.DONE),
        (of_status(UID, 0x0111), 1, Next.DONE),
        (of_status(UID, 0xA900), 1, Next.NEXT_FORM),
        (of_status(UID, 0xC000), 1, Next.NEXT_FORM),
        (of_status(UID, 0x0122), 1, Next.NEXT_FORM),
        (of_status(UID, 0x0124), 1, Next.ASK_A_PERSON),
        (of_status(UID, 0xA700), 99, Next.WAIT),
        (of_status(UID, 0x0110), A_FEW - 1, Next.WAIT),
        (of_status(UID, 0x0110), A_FEW, Next.NEXT_FORM),
        (without_answer(UID, Broken.NO_CONTEXT, "no context"), 1, Next.NEXT_FORM),
        (without_answer(UID, Broken.SILENT, "silence"), 1, Next.WAIT),
        (without_answer(UID, Broken.SILENT, "silence"), A_FEW, Next.NEXT_FORM),
        (without_answer(UID, Broken.ABORTED, "abort"), A_FEW, Next.NEXT_FORM),
        (without_answer(UID, Broken.UNREACHABLE, "nobody"), 99, Next.WAIT),
    ],
)
def test_the_class_of_an_answer_decides(answer: InstanceOutcome, tries: int, following: Next) -> None:
    """Refused: the next form; trouble that may be the form's: a few tries first; the node's no: a person."""
    assert Offer("enhanced", (answer,), tries).next is following


def test_half_a_report_is_none() -> None:
    """Of several pages the worst answer counts: one that is refused refuses the form."""
    pages = (of_status("2.25.1", 0), of_status("2.25.2", 0xA900), of_status("2.25.3", 0xA700))
    assert Offer("capture", pages).next is Next.NEXT_FORM
    assert Offer("capture", (pages[0], pages[2])).next is Next.WAIT


def test_what_was_tried_and_answered_is_told_for_each_form() -> None:
    """The name of the form, the answer, how often; and every fix once."""
    offers = [
        Offer("enhanced", (of_status(UID, 0x0122),)),
        Offer("basic", (of_status(UID, 0x0122),)),
        Offer("pdf", (of_status(UID, 0x0110),), A_FEW),
    ]
    assert told(offers) == (
        "Enhanced SR: the peer does not support this SOP class (status 0122); Basic Text SR: the peer does not "
        "support this SOP class (status 0122); Encapsulated PDF: processing failure at the peer (status 0110), 4 times"
    )
    assert fixes(offers).count("Allow this SOP class there") == 1


def test_a_case_that_was_composed_before_has_no_new_form() -> None:
    """A form may have several objects, or none at all in an older case."""
    composed = {"pdf": {"n": "1"}, "capture": {"n": "2"}, "capture 2": {"n": "3"}}
    assert [len(files_of(composed, form)) for form in RICHEST_FIRST] == [0, 0, 0, 1, 2]
