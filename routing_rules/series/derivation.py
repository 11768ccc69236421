"""What was done to the pixels of a DERIVED image: are they still the acquisition, or computed from other images?

ImageType value 1 alone does not say: an archive that compresses lossily must write DERIVED (PS3.3 C.7.6.1.1.2), as
does a scanner that combines coils, filters or corrects distortion, and as does whoever computes a map. Values 3 and 4
of ImageType, DerivationDescription and DerivationCodeSequence, LossyImageCompression and the number of source images
tell them apart. Of a description only the word of `_WORDS` that it has is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from routing_rules.series.attributes import Elements, items, tag_of, text, texts


class Derivation(StrEnum):
    """What is known of it."""

    NONE = ""
    """Nothing says that anything was done."""
    COMPRESSED = "compressed lossily"
    """The pixels of the acquisition, with losses."""
    FILTERED = "filtered, corrected or combined of coils"
    """The pixels of the acquisition, improved in place."""
    COMPUTED = "computed from other images"
    """A map, a projection, a reformatted or synthetic view, a difference, a mean."""


# Removed before the words are looked for: settings of a compression or a correction name means, maps and masks too.
_SETTING = (
    r"with|using|by|at|mit|avec|an?|the|mean|average|root|squared?|errors?|quality|ratio|(?:comput|calculat)ed|"
    r"quanti[sz]ation"
)
_COMPRESSION = r"loss(?:y|less)|compress\w*|jpe?g\w*|j2k|wavelet\w*|irreversib\w*|komprim\w*|verlust\w*"
_MEANS = r"\W+(?:using|with|by|from)\W+(?:an?\W+|the\W+)?"
_PHRASES = (
    (
        Derivation.COMPRESSED,
        re.compile(
            rf"\b(?:{_COMPRESSION})\b(?:\W+(?:{_COMPRESSION}|{_SETTING}|\d[\d.:]*)\b)*", re.IGNORECASE
        ),
    ),
    (
        Derivation.FILTERED,
        re.compile(
            r"\b(?:averag|combin|mask|regist)\w*\W+(?:(?:over|of|by|across|from)\W+)?(?:the\W+)?coils?\b"
            r"(?:\W+sensitivit\w+)?(?:\W+maps?\b)?|coil\W+sensitivit\w+\W+maps?\b|"
            rf"(?:bias|distortion|intensity|uniformity|motion)\W+(?:field\W+)?(?:correct|estimat|normali[sz])\w*"
            rf"(?:{_MEANS}(?:registration|(?:(?:field\W?map|bias|b0|field)\W+)?(?:field)?maps?)\b)?|"
            rf"normali[sz]\w*{_MEANS}bias\W+(?:field\W+)?maps?\b|mask\w*\W+background(?:\W+noise)?|"
            r"(?:(?:complex|image|signal)\W+)?averag\w*\W+(?:of\W+)?(?:nex|nsa|excitations?)\b",
            re.IGNORECASE,
        ),
    ),
)
# The first that fits counts: what is computed may be compressed and filtered as well.
_WORDS = (
    (
        Derivation.COMPUTED,
        re.compile(
            r"reformat|\bmpr\b|\bcpr\b|planar|proje[ck]t|\bm(?:in|n|ax|av)?ip\b|(?:max|min)imum intensity|"
            r"subtra|substra|differen|synth|\bmaps?\b|\bmapping|parametric|calcul|berechn|comput\w* (?:b\W?\d|from)|"
            r"\badc\b|anisotropy|apparent|regist|resampl|reslic|\bfus(?:ed|ion)|overlay|average|mittelwert|moyenn|"
            r"\bmean (?:of|image)|pixel by pixel|volume render|surface (?:render|recon)|curved|(?<!grad)warp|"
            r"z\W?scores?\b|super\W?resol|thick slab|generated from|stitch|segment|mask",
            re.IGNORECASE,
        ),
    ),
    (
        Derivation.COMPRESSED,
        re.compile(r"loss|compress|komprim|jpe?g|wavelet|\bj2k\b|irreversib|verlust", re.IGNORECASE),
    ),
    (
        Derivation.FILTERED,
        re.compile(
            r"filter|normali[sz]|distortion|gradwarp|uniformity|intensity correct|bias|coil|sum of squares|"
            r"smooth|sharp|edge|unsharp|denois|\bclear\b|\bpure\b|\bscic\b|motion correct|zero.?fill",
            re.IGNORECASE,
        ),
    ),
)
# DCM codes of CID 7203 whose pixels are those of the acquisition: lossy compression; pixel by pixel mask (a face taken
# out, a skull); edge enhancement, smoothing, Gaussian blur, unsharp mask.
_CODES = {
    "113040": Derivation.COMPRESSED,
    "113047": Derivation.FILTERED,
    **dict.fromkeys(("113086", "113087", "113088", "113089"), Derivation.FILTERED),
}
_DESCRIPTION, _CODE_SEQUENCE = tag_of("DerivationDescription"), tag_of("DerivationCodeSequence")
_CODE, _MEANING = tag_of("CodeValue"), tag_of("CodeMeaning")
_LOSSY, _SOURCES = tag_of("LossyImageCompression"), tag_of("SourceImageSequence")
_TAGS = (_DESCRIPTION, _CODE_SEQUENCE, _LOSSY, _SOURCES)


@dataclass(frozen=True, slots=True)
class Derived:
    """How an image says that it was made; `sources` is how many images it names as its sources.

    `unclear`: words or a code say what was done, and nobody understands them.
    """

    how: Derivation = Derivation.NONE
    lossy: bool = False
    sources: int = 0
    unclear: bool = False


NOT_DERIVED = Derived()


def read_derivation(*headers: Elements) -> Derived:
    """What an object, or an object and the functional groups of its frames, say of the derivation of the pixels."""
    if not any(tag in header.raw for header in headers for tag in _TAGS):
        return NOT_DERIVED  # most images: asked for each one that arrives
    said: list[Derivation] = []
    for header in headers:
        said += [_meaning(value) for value in texts(header, _DESCRIPTION) if value.strip()]
        for item in items(header, _CODE_SEQUENCE):
            said.append(_CODES.get(text(item, _CODE)) or _meaning(text(item, _MEANING)))
    how = next((each for each, _ in _WORDS if each in said), Derivation.NONE)
    lossy = any(text(header, _LOSSY) == "01" for header in headers)
    sources = max((len(items(header, _SOURCES)) for header in headers), default=0)
    return Derived(how, lossy, sources, bool(said) and how is Derivation.NONE)


def _meaning(words: str) -> Derivation:
    said = []
    for each, pattern in _PHRASES:
        words, removed = pattern.subn(" ", words)
        said += [each] * bool(removed)
    said += [each for each, pattern in _WORDS if pattern.search(words)]
    return next((each for each, _ in _WORDS if each in said), Derivation.NONE)
