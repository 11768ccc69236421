"""Constant words: vendors' names, models and versions are no identification where they stand."""

from __future__ import annotations

import pytest

from gateway.privacy.words.constants import IMPLEMENTATION_VERSION_NAME, clean_vendor_text, vendor_words


@pytest.mark.parametrize(
    "text",
    [
        "SIEMENS",
        "Siemens HealthCare GmbH",
        "Philips Medical Systems, Inc.",
        "GE MEDICAL SYSTEMS",
        "TOSHIBA_MEC",
        "MAGNETOM Prisma Fit",
        "Prisma_fit",
        "Eclipse 1.5T",
        "MRT50H1",
        "DISCOVERY MR750w",
        "uMR 780",
        "syngo MR E11",
        "syngo MR XA30A",
        ["N4_VE11C", "_20160120"][0],
        "DV26.0_R03_1831.b",
        "MR Software release:DV24.0_R01_1344.a",
        "5.4.1.1",
        "27",
        "MR29.1_EA_2039.g",
        "Ingenia Elition X",
        "V4.50",
        "V3.51*P25",
        "syngo MR 2004V 4VB11D",
    ],
)
def test_what_makers_write_stays_word_for_word(text: str) -> None:
    """Names, models and versions of all vendors that the tests have files of."""
    assert clean_vendor_text(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Zwirnlein GmbH", "GmbH"),
        ("Prisma_Hinterwalden", "Prisma"),
        ("UKEPPENDORF-MR3", ""),
        ("MRC40123", ""),
        ("4711923", ""),
        ("syngo MR E11 Zwirnlein", "syngo MR"),
        ("syngo MR E11\n1971-04-13", "syngo MR"),
        ("Käthe", ""),
        ("AB1234", ""),
        ("Kow1963", ""),
        ("0171 234 5678", ""),
        ("0171 234 567", ""),
        ("17.04.1963", ""),
        ("syngo 17 04 63", "syngo"),
    ],
)
def test_of_anything_else_only_the_makers_words_stay(text: str, left: str) -> None:
    """A version beside an unknown word goes with it: it may be the number of a station."""
    assert clean_vendor_text(text) == left


def test_vendor_words_are_casefolded_words() -> None:
    """The search compares casefolded words; one with a capital or a space could never match."""
    assert "siemens" in vendor_words()
    assert all(
        word == word.casefold() and word == word.strip() and " " not in word for word in vendor_words()
    )


def test_the_implementation_version_name_fits_its_vr() -> None:
    """Implementation Version Name is an SH of at most 16 characters (PS3.10 7.1)."""
    assert IMPLEMENTATION_VERSION_NAME.isascii()
    assert 0 < len(IMPLEMENTATION_VERSION_NAME) <= 16
