"""What supports a kind makes it surer; what contradicts it costs, is told, and may take the kind away."""

from __future__ import annotations

import re
from typing import Any

import pytest

from routing_rules.series.kind_evidence import EVIDENCE, NOT_CLAIMED, SUREST
from routing_rules.series.recognition import PROVEN, SeriesFacts, SeriesKind, classify_series
from routing_rules.series.table import ROWS
from support.objects.mr_evidence_traps import EVIDENCE_TRAPS
from support.objects.mr_headers import series

T2 = {"ScanningSequence": "SE", "RepetitionTime": 5000, "EchoTime": 100}
FLAIR = {"ScanningSequence": ["SE", "IR"], "RepetitionTime": 9000, "EchoTime": 100, "InversionTime": 2500}


def found(**attributes: Any) -> SeriesFacts:
    """The recognition of a series with these attributes."""
    return classify_series(series(1, 3, **attributes))


def test_every_kind_has_its_table() -> None:
    """All kinds, and every row of the table of recognition proves one of them."""
    assert set(EVIDENCE) == set(SeriesKind)
    proofs = [
        row for kind, each in EVIDENCE.items() if kind is not SeriesKind.T1_CONTRAST for row in each.proofs
    ]
    assert sorted(map(id, proofs)) == sorted(map(id, ROWS))


def test_support_makes_a_kind_surer_up_to_a_limit() -> None:
    """A T2 of which AcquisitionContrast says T2 as well."""
    plain, supported = found(**T2), found(**T2, AcquisitionContrast="T2", EchoTrainLength=15)
    assert plain.confidence < supported.confidence <= SUREST
    assert "supported by AcquisitionContrast T2" in supported.evidence


@pytest.mark.parametrize(
    ("attributes", "against", "kind"),
    [
        ({**FLAIR, "AcquisitionContrast": "T1"}, "AcquisitionContrast names another contrast", "flair"),
        (
            {**FLAIR, "DiffusionBValue": 1000.0},
            "a b-value of 50 s/mm² or more, as only diffusion has",
            "flair",
        ),
        ({**T2, "DiffusionBValue": 1000.0}, "a b-value of 50 s/mm² or more: a T2 has none", "other"),
        (
            {**T2, "ImageType": ["DERIVED", "PRIMARY", "M"]},
            "ImageType says DERIVED, and nothing says what was done",
            "t2",
        ),
    ],
)
def test_a_contradiction_costs_and_is_told(attributes: dict[str, Any], against: str, kind: str) -> None:
    """With its evidence; less than half of the confidence left is no claim."""
    agreed = found(**{key: value for key, value in attributes.items() if key in FLAIR})
    doubted = found(**attributes)
    assert doubted.kind == kind
    assert doubted.confidence < agreed.confidence
    assert against in doubted.caveats
    assert any(against in line for line in doubted.evidence)
    assert (doubted.confidence < NOT_CLAIMED) is (kind == "other")


def test_support_does_not_hide_a_contradiction() -> None:
    """A supported kind that is contradicted is as unsure as an unsupported one."""
    against = {"ImageType": ["DERIVED", "PRIMARY", "M"]}
    assert found(**T2, **against, EchoTrainLength=15).confidence == found(**T2, **against).confidence


def test_a_remark_costs_nothing() -> None:
    """That an image was compressed lossily is told, and changes nothing of what it is."""
    compressed = found(**FLAIR, ImageType=["DERIVED", "PRIMARY", "M_IR"], LossyImageCompression="01")
    assert compressed.kind is SeriesKind.FLAIR
    assert compressed.confidence >= PROVEN
    assert compressed.caveats == ("compressed lossily: fine detail may be lost",)


def test_what_people_are_told_holds_no_value_of_an_object() -> None:
    """Sentences stand in the table as they are shown: pages print them."""
    for each in EVIDENCE.values():
        for contradiction in each.contradictions:
            assert re.fullmatch(r"[A-Za-z0-9 ,:='²/-]+", contradiction.says), contradiction.says
            assert 0 <= contradiction.costs <= 0.5


def test_a_left_over_b_value_is_named_in_the_evidence() -> None:
    """So that nobody wonders what became of it."""
    trap = next(each for each in EVIDENCE_TRAPS if each.name == "GE FLAIR after a DWI")
    told = classify_series(trap.known.headers(images=2))
    assert "a b-value of 1000 s/mm² left over from another series does not count" in told.evidence
    assert (told.caveats, told.b_values) == ((), ())


def test_a_series_of_b0_alone_says_so() -> None:
    """It is `other`, and the reader sees why the diffusion is missing."""
    alone = found(
        ScanningSequence="EP", RepetitionTime=8000, EchoTime=90, SequenceName="ep_b0", DiffusionBValue=0.0
    )
    assert (alone.kind, alone.caveats) == (
        SeriesKind.OTHER,
        ("a diffusion sequence with b = 0 alone: the weighted images are not in it",),
    )
