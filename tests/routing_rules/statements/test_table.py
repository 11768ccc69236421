"""Clinical statements: each rests on its source and says no more than that."""

from __future__ import annotations

import re

import pytest

from routing_rules.statements.table import (
    OURS,
    Statement,
    cited,
    overstated,
    sources,
    statements,
    text_of,
    topics,
)

NO_STUDIES = {OURS, "education", "overview", "reading-service"}
"""Sources that name no sample themselves."""


def said(text: str, says: str, sample: str = "") -> Statement:
    """A statement of ours beside the words of a source."""
    return Statement(id="a-b", text=text, source="education", section="section One", says=says, sample=sample)


@pytest.mark.parametrize("statement", statements().values(), ids=list(statements()))
def test_no_statement_is_stronger_than_its_source(statement: Statement) -> None:
    """Every kind of hedge is kept, and no strong word and no number is added."""
    assert overstated(statement) == ()


def test_numbers_of_a_study_have_their_sample() -> None:
    """Who was examined stands beside an odds ratio, a share and a p-value."""
    for each in statements().values():
        if each.source not in NO_STUDIES and re.search(r"\d", each.text) and each.id != "mrs-sample":
            assert re.search(r"\d+ (patients|controls)", each.sample), each.id


@pytest.mark.parametrize(
    ("text", "says", "wrong"),
    [
        (
            "PML has no sharp border.",
            "PML lesions usually have no sharp border",
            "the hedge “how often” is lost",
        ),
        (
            "A ring marks activity.",
            "There is evidence that a ring marks activity",
            "the hedge “evidence” is lost",
        ),
        ("It appears highly specific.", "It appears to be specific", "“highly” is not in the source"),
        (
            "An MRI after 3 to 6 months.",
            "an MRI every 3 months",
            "6 is neither in the quotation nor in the sample",
        ),
    ],
)
def test_a_statement_stronger_than_its_source_is_noticed(text: str, says: str, wrong: str) -> None:
    """A lost hedge, a strong word or a number that the source does not have is named."""
    assert overstated(said(text, says)) == (wrong,)


def test_another_word_for_the_same_hedge_will_do() -> None:
    """Frequently and often, may and can, appears and looks are of one kind; a number may come from the sample."""
    assert overstated(said("Often 20 may enhance.", "they frequently can enhance", "20 patients")) == ()


@pytest.mark.parametrize("missing", ["section", "says"])
def test_a_statement_of_a_source_has_section_and_quotation(missing: str) -> None:
    """Without them nobody could review it."""
    row = {"id": "a", "text": "PML may occur.", "source": "education", "section": "One", "says": "may occur"}
    with pytest.raises(ValueError, match="section of the source"):
        Statement.model_validate(row | {missing: ""})


def test_what_is_ours_quotes_nobody() -> None:
    """A quotation under our own name would look like a source."""
    with pytest.raises(ValueError, match="quotes nobody"):
        Statement(id="a", text="An ADC map helps.", source=OURS, says="an ADC map helps")


def test_several_statements_are_one_text_and_cite_each_source_once() -> None:
    """A help text joins them; sections of one source stand together."""
    ids = ("sign-border", "lean-pml", "pcr-negative")
    assert text_of(*ids).startswith("PML lesions are usually ill-defined")
    assert cited(*ids) == (
        "Education module, section MRI Characteristics, section Differentiation from MS Lesions; "
        "Wijburg 2018, key points and conclusion"
    )
    with pytest.raises(KeyError):
        text_of("no-such-statement")


def test_a_text_stands_once() -> None:
    """But for cells of the table that the source itself repeats."""
    texts = [each.text for topic in topics() for each in topic.statements if not each.id.startswith("cell-")]
    assert len(texts) == len(set(texts))


def test_every_source_says_how_much_of_it_was_read() -> None:
    """An abstract is not an article, and a reviewer must know which it was."""
    assert all(each.read and each.reference for each in sources().values())


def test_the_three_signs_of_the_source_stay_together() -> None:
    """Border, diffusion and missing enhancement are joined by "and": none of them is said to decide alone."""
    (together,) = (each for each in statements().values() if "lean towards PML" in each.text)
    assert all(
        word in together.text for word in ("FLAIR", "DWI", "lack of the contrast enhancement", " and ")
    )
