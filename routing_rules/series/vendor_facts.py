"""The vendor facts recognition relies on, as data: loaded from YAML, extendable by a site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import read_yaml
from routing_rules.errors import RuleFileError

MEANINGS = frozenset(
    (
        "spin_echo",
        "gradient_echo",
        "epi",
        "inversion",
        "diffusion",
        "swi",
        "magnetization_prepared",
        "perfusion",
        "angiography",
        "spectroscopy",
        "balanced",
        "fmri",
        "field_map",
        "localizer",
        "spoiled",
        "mapping",
    )
)
ROLES = frozenset(
    (
        "adc",
        "trace",
        "diffusion",
        "swi",
        "phase",
        "localizer",
        "perfusion",
        "spectroscopy",
        "angiography",
        "reformat",
        "map",
        "real",
    )
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PrivateElement(_Strict):
    """A private attribute found by its creator's name and low byte, never by an absolute tag."""

    vendor: str = ""
    creator: str
    group: int
    element: int
    vr: str = "LO"
    modulo: float | None = None
    source: str = ""

    def tags(self, blocks: Mapping[tuple[int, str], int]) -> tuple[int, ...]:
        """The tag in a header with these private blocks (`attributes.private_blocks`); () when it is not there."""
        block = blocks.get((self.group, self.creator.upper()))
        return () if block is None else ((self.group << 16) | block | self.element,)


class BValueElement(PrivateElement):
    """A private attribute that holds the b-value."""

    last_prescribed: bool = False
    """The scanner keeps the value on later series that are no diffusion: it counts only beside other evidence."""


class DiffusionFlag(PrivateElement):
    """A private number that is not zero on images of a diffusion series."""

    unweighted: float | None = None
    """The value of images without weighting (b = 0) in such a series."""


class PrivateValue(PrivateElement):
    """A private attribute whose values tell what an image shows, as ImageType does for other vendors."""

    values: dict[str, str]
    from_b: float | None = None
    """s/mm²: the value counts only on images with at least this b-value."""

    @field_validator("values")
    @classmethod
    def _known(cls, values: dict[str, str]) -> dict[str, str]:
        _refuse_unknown(values.values(), ROLES)
        return values


class CommentedBValue(_Strict):
    """A b-value that a vendor writes into ImageComments; group 1 of the pattern is the number."""

    manufacturer: str
    pattern: str
    source: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return _compiled_pattern(pattern)


class SequenceName(_Strict):
    """What a name of a pulse sequence tells."""

    pattern: str
    means: tuple[str, ...]
    vendor: str = ""
    source: str = ""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return _compiled_pattern(pattern)

    @field_validator("means")
    @classmethod
    def _known(cls, means: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_unknown(means, MEANINGS)
        return means


class _File(_Strict):
    b_values: tuple[BValueElement, ...] = ()
    diffusion_flags: tuple[DiffusionFlag, ...] = ()
    epi_factors: tuple[PrivateElement, ...] = ()
    sequence_name_elements: tuple[PrivateElement, ...] = ()
    mosaic_counts: tuple[PrivateElement, ...] = ()
    private_values: tuple[PrivateValue, ...] = ()
    commented_b_values: tuple[CommentedBValue, ...] = ()
    sequence_names: tuple[SequenceName, ...] = ()
    image_types: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("image_types")
    @classmethod
    def _roles(cls, image_types: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        _refuse_unknown(image_types, ROLES)
        return image_types


def _refuse_unknown(words: Iterable[str], known: frozenset[str]) -> None:
    unknown = sorted(set(words) - known)
    if unknown:
        raise ValueError(f"does not know {', '.join(unknown)}; use one of {', '.join(sorted(known))}")


def _compiled_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return pattern


@dataclass(frozen=True)
class VendorFacts:
    """Tables of private attributes, names of pulse sequences and values of ImageType."""

    b_values: tuple[BValueElement, ...]
    diffusion_flags: tuple[DiffusionFlag, ...]
    epi_factors: tuple[PrivateElement, ...]
    sequence_name_elements: tuple[PrivateElement, ...]
    mosaic_counts: tuple[PrivateElement, ...]
    private_values: tuple[PrivateValue, ...]
    commented_b_values: tuple[tuple[str, re.Pattern[str]], ...]
    image_types: dict[str, str]
    sequence_names: tuple[tuple[re.Pattern[str], frozenset[str]], ...]
    fingerprint: str = ""
    """SHA-256 of a site's own additions; "" for the standard facts."""

    def meanings(self, names: tuple[str, ...]) -> frozenset[str]:
        """Everything the names of a pulse sequence tell, by every pattern that fits."""
        return frozenset().union(
            *(means for pattern, means in self.sequence_names if any(pattern.search(name) for name in names))
        )

    def roles(self, image_type: tuple[str, ...]) -> frozenset[str]:
        """Everything the values of ImageType tell (PS3.3 C.8.3.1.1.1, C.8.13.3.1.1)."""
        return frozenset(self.image_types[value] for value in image_type if value in self.image_types)

    def extended_by(self, text: str, source: str) -> VendorFacts:
        """These facts and those of a site's own YAML, the site's first. Raises RuleFileError."""
        own = vendor_facts_from_text(text, source)
        return VendorFacts(
            b_values=own.b_values + self.b_values,
            diffusion_flags=own.diffusion_flags + self.diffusion_flags,
            epi_factors=own.epi_factors + self.epi_factors,
            sequence_name_elements=own.sequence_name_elements + self.sequence_name_elements,
            mosaic_counts=own.mosaic_counts + self.mosaic_counts,
            private_values=own.private_values + self.private_values,
            commented_b_values=own.commented_b_values + self.commented_b_values,
            image_types={**self.image_types, **own.image_types},
            sequence_names=own.sequence_names + self.sequence_names,
            fingerprint=sha256(text.encode()).hexdigest(),
        )


def vendor_facts_from_text(text: str, source: str) -> VendorFacts:
    """Vendor facts of one YAML text. Raises RuleFileError with every problem in it."""
    read = read_yaml(text, source)
    if read.problems:
        raise RuleFileError(read.problems)
    try:
        parsed = _File.model_validate({} if read.data is None else read.data)
    except ValidationError as error:
        raise RuleFileError(tuple(problems_of(error, read, source, _File))) from error
    return VendorFacts(
        b_values=parsed.b_values,
        diffusion_flags=parsed.diffusion_flags,
        epi_factors=parsed.epi_factors,
        sequence_name_elements=parsed.sequence_name_elements,
        mosaic_counts=parsed.mosaic_counts,
        private_values=parsed.private_values,
        commented_b_values=tuple(
            (one.manufacturer.upper(), re.compile(one.pattern)) for one in parsed.commented_b_values
        ),
        image_types={value.upper(): role for role, values in parsed.image_types.items() for value in values},
        sequence_names=tuple(
            (re.compile(one.pattern, re.IGNORECASE), frozenset(one.means)) for one in parsed.sequence_names
        ),
    )


@cache
def standard_vendor_facts() -> VendorFacts:
    """The vendor facts that come with this library."""
    text = files("routing_rules.series").joinpath("vendor_facts.yaml").read_text(encoding="utf-8")
    return vendor_facts_from_text(text, "vendor_facts.yaml")
