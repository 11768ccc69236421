"""What was done to the pixels of a derived image, from descriptions, codes and sources."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from routing_rules.series.attributes import Elements
from routing_rules.series.derivation import NOT_DERIVED, Derivation, read_derivation
from routing_rules.series.recognition import PROVEN, SeriesKind, classify_series
from support.objects.mr_headers import KNOWN, Known, header


def coded(value: str, meaning: str) -> Dataset:
    """One item of DerivationCodeSequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("Lossy JPEG compression", Derivation.COMPRESSED),
        ("J2K 10:1", Derivation.COMPRESSED),
        ("Adaptive coil combination", Derivation.FILTERED),
        ("gradwarp", Derivation.FILTERED),
        ("Multiplanar Reformat", Derivation.COMPUTED),
        ("thin MIP", Derivation.COMPUTED),
        ("ADC map of b=0,1000", Derivation.COMPUTED),
        ("MIP, lossy", Derivation.COMPUTED),
        ("Synthetic FLAIR", Derivation.COMPUTED),
        ("Lossy compression with mean square error 0.1", Derivation.COMPRESSED),
        ("Compressed with JPEG, mean quality", Derivation.COMPRESSED),
        ("compressed with computed quantization", Derivation.COMPRESSED),
        ("JPEG lossy compression: mean 8.2:1", Derivation.COMPRESSED),
        ("Verlustbehaftete Komprimierung", Derivation.COMPRESSED),
        ("surface coil intensity correction", Derivation.FILTERED),
        ("masked by coil sensitivity map", Derivation.FILTERED),
        ("averaged over coils", Derivation.FILTERED),
        ("N4 bias field correction computed", Derivation.FILTERED),
        ("distortion correction using fieldmap map", Derivation.FILTERED),
        ("complex average NEX", Derivation.FILTERED),
        ("motion corrected by registration", Derivation.FILTERED),
        ("registered to prior", Derivation.COMPUTED),
        ("MIP of bias field corrected images", Derivation.COMPUTED),
        ("distortion corrected map", Derivation.COMPUTED),
        ("JPEG of average", Derivation.COMPUTED),
        ("Subtraktion", Derivation.COMPUTED),
        ("Differenzbild", Derivation.COMPUTED),
        ("synthétique", Derivation.COMPUTED),
        ("Mittelwert", Derivation.COMPUTED),
        ("moyenne", Derivation.COMPUTED),
        ("lesion overlay", Derivation.COMPUTED),
        ("fused", Derivation.COMPUTED),
        ("zscore", Derivation.COMPUTED),
        ("atlas-warped", Derivation.COMPUTED),
        ("super-resolution", Derivation.COMPUTED),
        ("AI generated from T1", Derivation.COMPUTED),
        ("done by Kowalczewska", Derivation.NONE),
        ("equipment", Derivation.NONE),
    ],
)
def test_of_a_description_only_its_meaning_is_kept(words: str, how: Derivation) -> None:
    """What is computed may be compressed and filtered as well: computing goes first."""
    found = read_derivation(Elements.of(header(DerivationDescription=words)))
    assert (found.how, words in repr(found)) == (how, False)


@pytest.mark.parametrize(
    ("value", "meaning", "how"),
    [
        ("113040", "Lossy Compression", Derivation.COMPRESSED),
        ("113087", "Smoothing", Derivation.FILTERED),
        ("113072", "Multiplanar reformatting", Derivation.COMPUTED),
        ("999999", "Something", Derivation.NONE),
    ],
)
def test_codes_of_the_standard_tell(value: str, meaning: str, how: Derivation) -> None:
    """CID 7203, by code or by meaning."""
    assert read_derivation(Elements.of(header(DerivationCodeSequence=[coded(value, meaning)]))).how is how


def test_compression_and_sources_are_read_beside() -> None:
    """LossyImageCompression and the number of source images."""
    found = read_derivation(
        Elements.of(header(LossyImageCompression="01", SourceImageSequence=[Dataset(), Dataset()]))
    )
    assert (found.lossy, found.sources) == (True, 2)
    assert read_derivation(Elements.of(header(LossyImageCompression="00"))) == NOT_DERIVED


def test_words_that_nobody_understands_are_told_apart_from_silence() -> None:
    """A lossy image with such words may be anything; an empty description says nothing."""
    for words, unclear in (("Qzwrtpk", True), ("", False), (" ", False), ("Lossy JPEG", False)):
        ds = header(DerivationDescription=words, LossyImageCompression="01")
        assert read_derivation(Elements.of(ds)).unclear is unclear


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_a_series_whose_face_was_masked_is_what_it_was(known: Known) -> None:
    """DERIVED, with the code of a mask: the reading site's own gateway receives such copies."""
    headers = known.headers()
    before = classify_series(headers)
    for ds in headers:
        if "PerFrameFunctionalGroupsSequence" not in ds:  # those stay as they were
            ds.ImageType = ["DERIVED", *list(ds.get("ImageType") or ["", "PRIMARY"])[1:]]
            mask = coded("113047", "Pixel by pixel mask")
            ds.DerivationCodeSequence = [*(ds.get("DerivationCodeSequence") or ()), mask]
    after = classify_series(headers)
    nothing = {SeriesKind.OTHER, SeriesKind.DERIVED}
    assert after.kind == before.kind or {after.kind, before.kind} == nothing, after.evidence
    assert (after.confidence >= PROVEN) == (before.confidence >= PROVEN)
