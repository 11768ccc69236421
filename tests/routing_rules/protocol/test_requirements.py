"""What is asked of a study is data: each value with a source, and a mistake in it is refused with its line."""

from __future__ import annotations

from importlib.resources import files

import pytest

from routing_rules.errors import RuleFileError
from routing_rules.protocol.requirements import protocol_from_text, standard_protocol

TEXT = files("routing_rules.protocol").joinpath("protocol.yaml").read_text(encoding="utf-8")


def test_every_source_is_used_and_every_use_is_listed() -> None:
    """No threshold without a source; no source that backs nothing."""
    protocol = standard_protocol()
    used = {protocol.brain.source, protocol.field_strength_t.source, protocol.least_imaged.source}
    used |= {protocol.simplified.source} | {key for one in protocol.requirements for key in one.sources()}
    assert used == set(protocol.sources)


def test_the_thresholds_are_those_of_the_sources() -> None:
    """MAGNIMS-CMSC-NAIMS 2021 and the education page, as the audit quotes them; an adult brain is ours."""
    protocol = standard_protocol()
    flair, t2, dwi, contrast = protocol.requirements
    assert (protocol.field_strength_t.value, protocol.field_strength_t.source) == (1.5, "magnims_2021")
    for anatomical in (flair, t2, contrast):
        assert anatomical.largest_pixel_mm is not None
        assert (anatomical.thickest_mm.value, anatomical.widest_gap.value) == (3, 0)
        assert anatomical.largest_pixel_mm.value == 1
    assert (dwi.thickest_mm.value, dwi.widest_gap.value, dwi.largest_pixel_mm) == (5, 0.3, None)
    assert dwi.b_values is not None
    assert [b for b in (None, 0, 50, 799, 800, 1000, 1200, 1201) if dwi.b_values.holds(b)] == [
        800,
        1000,
        1200,
    ]
    assert protocol.brain.source == "ours"
    assert all(a < b for a, b in zip(protocol.brain.least_mm.axes, protocol.brain.usual_mm.axes, strict=True))


def test_what_is_asked_follows_referral_and_site() -> None:
    """Contrast only in a suspicion; the simplified protocol only in surveillance."""
    protocol = standard_protocol()

    def essential(**how: bool) -> list[str]:
        return [one.name for one in protocol.asked(**how) if one.essential]

    assert essential(suspected=False, simplified=False) == ["flair", "t2", "dwi"]
    assert essential(suspected=False, simplified=True) == ["flair", "dwi"]
    assert essential(suspected=True, simplified=True) == ["flair", "t2", "dwi"]
    assert [one.name for one in protocol.asked(suspected=True, simplified=False)][-1] == "t1_contrast"
    assert len(protocol.asked(suspected=False, simplified=False)) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: magnims_2021}\n#", "source: nowhere}\n#", "a source that is not listed: nowhere"),
        ("not_essential: [t2]", "not_essential: [t3]", "not asked for: t3"),
        ("  ours: ", "  ours:\n    - ", "sources"),
        ("of: cmsc", "of: nobody", "not in sources.json: nobody"),
        ("edition:", "editions:", "there is nothing of this name"),
        ("{value: 0.5,", "{value: half,", "least_imaged"),
        ("requirements:", "requirements", "protocol.yaml:28: is not YAML"),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """As in every other file: what is wrong, where, and how to put it right."""
    assert old in TEXT
    with pytest.raises(RuleFileError) as refused:
        protocol_from_text(TEXT.replace(old, new, 1), "protocol.yaml")
    assert said in str(refused.value)
