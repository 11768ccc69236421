"""What codes mean in the Standard's words: the only CodeMeaning that may leave, and that is no leak."""

from __future__ import annotations

import pytest

from gateway.privacy.profile.table_e1_1 import METHOD_CODES
from gateway.privacy.words.code_meanings import is_standard_meaning, standard_meaning
from gateway.privacy.words.dates_and_dummies import REMOVED


@pytest.mark.parametrize(
    ("scheme", "value", "meaning"),
    [
        ("SCT", "12738006", "Brain"),
        ("SRT", "T-A0100", "Brain"),
        ("SNM3", "T-A0100", "Brain"),
        ("99SDM", "T-A0100", "Brain"),
        ("DCM", "113100", "Basic Application Confidentiality Profile"),
        ("SRT", "T-FFFFF", None),
        ("SCT", "", None),
        ("99LOCAL", "12738006", None),
    ],
)
def test_a_code_has_the_meaning_of_ps3_16_or_none(scheme: str, value: str, meaning: str | None) -> None:
    """Old SNOMED-RT style codes have that of the SNOMED CT code which PS3.16 names now."""
    assert standard_meaning(scheme, value) == meaning


@pytest.mark.parametrize("code", METHOD_CODES.values())
def test_the_codes_of_the_method_are_of_the_standard(code: tuple[str, str]) -> None:
    """CID 7050: what every copy says of its de-identification must not be taken for a leak."""
    assert standard_meaning("DCM", code[0]) == code[1]
    assert is_standard_meaning(code[1])


@pytest.mark.parametrize("text", ["brain", "Brain ", "", "Doe", REMOVED])
def test_a_text_is_a_standard_meaning_word_for_word_only(text: str) -> None:
    """Another spelling is somebody's own; what stands for a removed meaning is judged where it may stand."""
    assert not is_standard_meaning(text)


def test_a_meaning_fits_its_element() -> None:
    """LO: 64 characters (PS3.5 6.2)."""
    from gateway.privacy.words.code_meanings import _all_meanings

    assert max(map(len, _all_meanings())) == 64
