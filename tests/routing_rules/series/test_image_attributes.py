"""What one image says about itself is read alike from classic and enhanced objects, and never refused."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from routing_rules.series.image_attributes import ImageTraits, read_traits
from support.objects.mr_headers import enhanced, header, private
from support.objects.quiet_pydicom import pydicom_is_quiet

__all__ = ["pydicom_is_quiet"]


def traits(ds: Dataset) -> ImageTraits:
    """The only image of an object."""
    (image,) = read_traits(ds)
    return image


def test_an_empty_header_says_nothing() -> None:
    """One image of which every value is absent; none is zero or guessed."""
    assert read_traits(Dataset()) == (ImageTraits(),)


def test_an_enhanced_object_has_one_image_for_each_frame() -> None:
    """A frame wins over what the frames share, and that over the top level."""
    ds = enhanced(
        1,
        shared={"MRTimingAndRelatedParametersSequence": {"RepetitionTime": 5000, "FlipAngle": 90}},
        frames=[
            {"MREchoSequence": {"EffectiveEchoTime": 15}},
            {
                "MREchoSequence": {"EffectiveEchoTime": 90},
                "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 6000},
            },
        ],
        RepetitionTime=1,
        SeriesDescription="Dual echo",
    )
    images = read_traits(ds)
    assert [image.echo_time_ms for image in images] == [15, 90]
    assert [image.repetition_time_ms for image in images] == [5000, 6000]
    assert [image.flip_angle for image in images] == [90, 90]
    assert {image.description for image in images} == {"Dual echo"}


def test_what_is_compared_is_upper_case_and_what_is_shown_is_not() -> None:
    """Codes are upper case, descriptions and UIDs as written."""
    image = traits(
        header(ImageType=["original", "primary"], SeriesDescription="t2 Sag", BodyPartExamined="head")
    )
    assert (image.image_type, image.description, image.body_parts) == (
        ("ORIGINAL", "PRIMARY"),
        "t2 Sag",
        ("HEAD",),
    )


def test_the_first_keyword_that_has_a_value_counts() -> None:
    """An empty EffectiveEchoTime does not hide EchoTime, and a filled one wins."""
    ds = header(EchoTime=90)
    ds.add_new(0x00189082, "FD", None)
    assert traits(ds).echo_time_ms == 90
    ds.add_new(0x00189082, "FD", 100.0)
    assert traits(ds).echo_time_ms == 100


@pytest.mark.parametrize(
    ("attributes", "acquired_at"),
    [
        (
            {"AcquisitionDateTime": "20240229101530.25+0100", "SeriesDate": "1", "SeriesTime": "2"},
            "20240229101530",
        ),
        (
            {"AcquisitionDate": "20240229", "AcquisitionTime": "101530.5", "SeriesTime": "09"},
            "20240229101530",
        ),
        ({"AcquisitionDate": "20240229", "SeriesDate": "20240301", "SeriesTime": "0915"}, "202403010915"),
        ({}, ""),
    ],
)
def test_the_moment_is_the_most_exact_known(attributes: dict[str, str], acquired_at: str) -> None:
    """The acquisition before the series; a date without time does not count."""
    ds = Dataset()
    for keyword, value in attributes.items():
        tag = Tag(keyword)
        ds[tag] = RawDataElement(
            tag,
            "DT" if "DateTime" in keyword else "DA" if "Date" in keyword else "TM",
            len(value),
            value.encode(),
            0,
            False,
            True,
        )
    assert traits(ds).acquired_at == acquired_at


@given(b_value=st.integers(0, 3000), at=st.integers(0x10, 0xF0))
def test_a_private_b_value_is_found_by_its_creator(b_value: int, at: int) -> None:
    """In whatever block the creator reserved; under another creator the same element says nothing."""
    ds = header()
    for creator, expected in (("SIEMENS MR HEADER", b_value), ("SOMEBODY ELSE", None)):
        ds = header()
        ds.add_new(0x00190000 | at, "LO", creator)
        ds.add_new(0x00190000 | at << 8 | 0x0C, "IS", b_value)
        assert traits(ds).b_value == expected


def test_ge_adds_a_billion_to_its_b_values() -> None:
    """It is taken off again; the standard attribute wins over the private one."""
    ds = private(
        header(ScanningSequence=["EP", "SE"]), 0x0043, "GEMS_PARM_01", 0x39, "IS", [1000001000, 0, 0, 0]
    )
    assert traits(ds).b_value == 1000
    ds.DiffusionBValue = 700.0
    assert traits(ds).b_value == 700


def test_a_mosaic_holds_many_slices() -> None:
    """Only where ImageType says that it is one: the count alone proves nothing."""
    for image_type, count in (
        (["ORIGINAL", "PRIMARY", "M", "MOSAIC"], 36),
        (["ORIGINAL", "PRIMARY", "M"], 1),
    ):
        ds = private(header(ImageType=image_type), 0x0019, "SIEMENS MR HEADER", 0x0A, "US", 36)
        assert traits(ds).slices_per_image == count


def test_an_agent_left_empty_is_told_from_an_absent_one() -> None:
    """Type 2 attributes may be present and say nothing."""
    assert traits(header()).agent is None
    assert traits(header(ContrastBolusAgent="")).agent == ""
    assert traits(header(ContrastBolusVolume=7.5, ContrastBolusTotalDose=0)).agent_amounts == (7.5, 0)
    assert traits(header(ContrastBolusStartTime="101500")).agent_started_at == "101500"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(
            [
                0x00080008,
                0x00180020,
                0x00180080,
                0x00180082,
                0x00189087,
                0x00200032,
                0x00200037,
                0x00182218,
                0x00409096,
                0x52009229,
                0x52009230,
                0x0008002A,
                0x00180012,
            ]
        ),
        st.tuples(st.sampled_from(["CS", "DS", "FD", "SQ", "UN", "IS", "LO"]), st.binary(max_size=24)),
    )
)
def test_no_header_is_refused(found: dict[int, tuple[str, bytes]]) -> None:
    """Whatever bytes stand in the attributes that are read, and in whatever VR."""
    ds = Dataset()
    for tag, (vr, value) in found.items():
        ds[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    assert read_traits(ds)


def test_a_sequence_in_another_vr_is_none() -> None:
    """Numbers in place of items, and not even a whole number of them: read as absent."""
    ds, tag = header(), Tag(0x00409096)
    ds[tag] = RawDataElement(tag, "FD", 9, bytes(9), 0, False, True)
    assert traits(ds).quantities == ()
