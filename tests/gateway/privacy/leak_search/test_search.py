"""The leak search finds what is there in every character set, names place and not value, and cries no wolf."""

from __future__ import annotations

import warnings
from io import BytesIO

import pytest
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import Person, context, hostile_mr, reread

PROFILE = load_profile()


def clean_file(**changes: object) -> bytes:
    """A de-identified file, then `changes` made to it as an unfaithful tool would."""
    ds = deidentify(hostile_mr(depth=1), context(), PROFILE).dataset
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return encode(ds)


def values_of(**changes: object) -> frozenset:  # type: ignore[type-arg]
    """The identifying values of the hostile object with `changes`."""
    ds = hostile_mr(depth=1)
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return identifying_values([ds], context().date_shift_days)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("SeriesDescription", "for zwirnlein"),
        ("ImageComments", "ADELGUNDE"),
        ("Manufacturer", "QX4711923"),
        ("ProtocolName", "acc8851733x"),
        ("PatientBirthDate", "19710413"),
        ("ImageComments", "born 13.04.1971"),
        ("ImageComments", "born 1971-04-13"),
        ("ContentDate", "20240229"),
        ("SeriesDescription", "Dr Quastenberg"),
        ("SoftwareVersions", "SN5577331"),
        ("FrameOfReferenceUID", "1.3.12.2.1107.5.2.32.35131.20240229.4"),
        ("InstitutionName", "Klinikum  Hinterwalden".replace("  ", " ")),
    ],
)
def test_a_value_left_behind_is_found_and_only_its_place_is_told(keyword: str, value: str) -> None:
    """The leak names the attribute and the byte; the value is in no repr."""
    leaks = find_leaks(clean_file(**{keyword: value}), values_of())
    assert {leak.attribute for leak in leaks} == {keyword}
    assert value not in repr(leaks)
    assert "Zwirnlein" not in repr(values_of())


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "iso8859-2", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("place", ["pixels", "trailing", "preamble"])
def test_names_are_found_in_every_character_set_and_every_corner(charset: str, place: str) -> None:
    """In pixel data, after the last element and in the preamble as well as in elements."""
    word = "Müllerhäuser".encode(charset)
    data = bytearray(clean_file(PixelData=bytes(4096)))
    if place == "pixels":
        data[-1000 : -1000 + len(word)] = word
    elif place == "trailing":
        data += word
    else:
        data[20 : 20 + len(word)] = word
    assert find_leaks(bytes(data), values_of(PatientName="Müllerhäuser^Änne"))


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "shift_jis", "iso2022_jp", "euc_kr"])
def test_ideographic_and_phonetic_groups_are_searched(charset: str) -> None:
    """All component groups of a name count, in the character sets they are written in."""
    family = {"euc_kr": "김희중"}.get(charset, "山田太郎")
    data = clean_file() + family.encode(charset)
    assert find_leaks(data, values_of(PatientName=f"Abcdefg^H={family}^"))


def test_umlauts_are_searched_in_their_written_out_forms() -> None:
    """Müller is also Mueller and Muller."""
    for form in ("Muellerich", "mullerich", "MÜLLERICH"):
        assert find_leaks(
            clean_file(ImageComments="x " + form.encode("latin-1").decode("latin-1")),
            values_of(PatientName="Müllerich^A"),
        )


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_encoding_is_searched(syntax: str) -> None:
    """Implicit, big endian and deflated files give up what they hold, by attribute."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", "2.25.1"
    item = Dataset()
    item.ImageComments = "about Zwirnlein"
    ds.RequestAttributesSequence = [item]
    ds.file_meta = hostile_mr(depth=0).file_meta
    ds.file_meta.TransferSyntaxUID = syntax
    del ds.file_meta.SourceApplicationEntityTitle
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    leaks = find_leaks(out.getvalue(), values_of())
    assert [leak.attribute for leak in leaks] == ["RequestAttributesSequence/ImageComments"]


def test_garbage_is_searched_as_a_whole() -> None:
    """What cannot be parsed is not skipped."""
    assert find_leaks(b"no DICOM at all, Zwirnlein", values_of())
    assert find_leaks(clean_file()[:700] + b"\xff" * 9 + b"Zwirnlein", values_of())


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Ross^A", "cross section", False),
        ("Ross^A", "for Ross", True),
        ("Li^A", "flair", False),
        ("Li^A", "of Li today", True),
        ("Long^A", "plain", False),
    ],
)
def test_short_names_count_as_whole_words_only(name: str, text: str, found: bool) -> None:
    """A short name inside a longer word is chance, alone it is a leak; our own markers are never one."""
    assert bool(find_leaks(clean_file(ImageComments=text), values_of(PatientName=name))) is found


def test_numbers_are_compared_as_wholes() -> None:
    """A patient number is not found inside a longer number or behind a decimal point."""
    values = values_of(PatientID="123456", StudyID="77")
    assert find_leaks(clean_file(ImageComments="no 123456."), values)
    assert find_leaks(clean_file(ImageComments="no 000123456"), values)
    assert not find_leaks(clean_file(ImageComments="9123456"), values)
    assert not find_leaks(clean_file(SliceThickness="0.123456", StudyTime="123456"), values)


@pytest.mark.parametrize(
    ("keyword", "value", "leaks"),
    [
        ("WindowCenter", "4711.923", True),
        ("WindowCenter", "-4711923", True),
        ("WindowCenter", ["40", "4711923.0"], True),
        ("SAR", "19.630417", True),
        ("DiffusionBValue", 4711923.0, True),
        ("DiffusionBValue", 4711.923, True),
        ("DiffusionBValue", 4711.924, False),
        ("WindowCenter", "4711.9231", False),
        ("ImagePositionPatient", ["471.1923", "1", "2"], False),
    ],
)
def test_numbers_of_every_kind_are_read(keyword: str, value: object, leaks: bool) -> None:
    """An identifier with a sign, a point or in binary is found in its attribute, also in an item of a sequence."""
    values = values_of(PatientID="QX4711923", PatientBirthDate="19630417")
    assert [leak.attribute for leak in find_leaks(clean_file(**{keyword: value}), values)] == [
        keyword
    ] * leaks


def test_a_vendors_name_is_no_leak_where_vendors_stand() -> None:
    """A station called SIEMENS leaks in a comment, not as Manufacturer."""
    values = values_of(StationName="SIEMENS")
    assert not find_leaks(clean_file(Manufacturer="SIEMENS"), values)
    assert find_leaks(clean_file(ImageComments="SIEMENS"), values)


def test_a_shifted_date_that_equals_another_original_date_is_legal_in_dates_only() -> None:
    """The birthday may by chance be the study's new date; in a text it is still a leak."""
    ds = hostile_mr(depth=0)
    shifted = deidentify(ds, context(), PROFILE).dataset.StudyDate
    person = Person(birth_date=shifted)
    original = reread(hostile_mr(person, depth=0))
    values = identifying_values([original], context().date_shift_days)
    out = deidentify(original, context(), PROFILE).dataset
    assert find_leaks(encode(out), values) == []
    out.ImageComments = f"x{shifted}"
    assert find_leaks(encode(out), values)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Müllerich^Käthe", "Kaethe Muellerich"),
        ("Muellerich^Kaethe", "Käthe"),
        ("Kraft^Ute", "UteKraft"),
        ("Kraft^Ute", "ukraft"),
        ("Łukasiewicz^Świętosława", "Lukasiewicz"),
        ("Ångström^Jøkull", "Jokull"),
        ("Meyer-Landrut^X", "landrut"),
        ("O'Flaherty^X", "Flaherty"),
        ("Meißenbach^X", "MEISSENBACH"),
        ("Толстоногов^Иван", "Tolstonogov"),
        ("Smith^Jo=史密斯^乔", "史密斯乔"),
        ("Zwirn\x07lein^A", "Zwirnlein"),
    ],
)
def test_variants_of_a_name_are_found(name: str, written: str) -> None:
    """Turned round, joined, with initials, written out, without accents, in another script."""
    data = clean_file()[:-200] + written.encode() + bytes(200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert find_leaks(data, values_of(PatientName=name))


@pytest.mark.parametrize(
    "written",
    [
        "13.04.71",
        "04/13/1971",
        "13. April 1971",
        "Apr 13, 1971",
        "13APR1971",
        "13041971",
        "1971.04.13",
        "19710413",
        "13-Apr-71",
        "Apr_13_71",
        "1971 avril 13",
        "13 april '71",
    ],
)
def test_a_birthday_is_found_however_it_is_written(written: str) -> None:
    """Day or month first, two digits of the year, names of months in English and German."""
    leaks = find_leaks(clean_file(ImageComments=f"x {written} y"), values_of())
    assert [leak.attribute for leak in leaks] == ["ImageComments"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO 2022 IR 87", "Yamada^T=山田太郎^花子"),
        ("ISO 2022 IR 149", "Hong^G=洪吉洞^길동이"),
        ("ISO 2022 IR 58", "Wang^X=王小东^明明"),
    ],
)
def test_parts_of_a_longer_run_with_escape_sequences_are_found(charset: str, name: str) -> None:
    """In ISO 2022 a name in the middle of a text has no escape sequence of its own on one side."""
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientComments = ["", charset], name.partition("=")[2].replace("^", "")
    out = BytesIO()
    dcmwrite(out, ds, implicit_vr=False, little_endian=True, force_encoding=True)
    assert find_leaks(out.getvalue(), values_of(PatientName=name))


def test_a_character_set_that_lies_hides_nothing() -> None:
    """UTF-8 in an object that says Latin-1: the name is searched as it was meant, too."""
    ds = hostile_mr(depth=0)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = "Kühnrichter^Änne".encode().decode("latin-1")
    values = identifying_values([reread(ds)], None)
    for charset in ("utf-8", "latin-1", "utf-16-le"):
        assert find_leaks(clean_file() + "Kühnrichter".encode(charset), values)


@pytest.mark.parametrize(
    ("keyword", "value", "written"),
    [
        ("PatientID", "4711-92.3", "47119 and 4711923"),
        ("PatientTelephoneNumbers", "+49 30 1234567", "49301234567"),
        ("InstitutionName", "Klinikum Hinterwalden Mitte", "from Hinterwalden"),
        ("PatientAddress", "Birkenweg 12, 12345 Oberniederdorf", "oberniederdorf"),
        ("DeviceSerialNumber", "000035131", "35131"),
    ],
)
def test_numbers_and_places_are_found_in_other_punctuation(keyword: str, value: str, written: str) -> None:
    """A number without its hyphens, a place by its own word."""
    assert find_leaks(clean_file(ImageComments=written), values_of(**{keyword: value}))


COINCIDENCES = [
    ("PatientName", "Vida^Sola", {"ManufacturerModelName": "MAGNETOM Vida"}),
    ("PatientName", "Achiev^Ingen", {"ManufacturerModelName": "Achieva dStream"}),
    ("PatientName", "Siemens^Philip", {"Manufacturer": "SIEMENS"}),
    ("PatientName", "Spin^Echo", {"ScanningSequence": "SE", "EchoPulseSequence": "SPIN"}),
    (
        "PatientName",
        "Phase^Linear",
        {"ComplexImageComponent": "PHASE", "ImageType": ["ORIGINAL", "PRIMARY", "PHASE"]},
    ),
    (
        "PatientName",
        "Se^Gr",
        {"ScanningSequence": ["SE", "GR"], "ImageType": ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]},
    ),
    ("PatientName", "Monochrome^X", {"PhotometricInterpretation": "MONOCHROME2"}),
    ("StudyID", "1234", {"InstanceNumber": 1234, "SeriesNumber": 1234}),
    ("PatientID", "1000", {"DiffusionBValue": 1000.0, "ImagingFrequency": "1000"}),
    ("StationName", "MRC", {"SoftwareVersions": "syngo MR E11"}),
]


@pytest.mark.parametrize(("keyword", "value", "scanner"), COINCIDENCES)
def test_a_coincidence_spoils_no_image_and_parks_no_study(
    keyword: str, value: str, scanner: dict[str, object]
) -> None:
    """What the scanner says stays word for word although the patient is called the same, and the gate lets it pass."""
    ds = hostile_mr(depth=0)
    for name, told in {keyword: value, **scanner}.items():
        setattr(ds, name, told)
    out = deidentify(ds, context(), PROFILE).dataset
    for name in scanner:
        assert out[name].value == ds[name].value, name
    assert find_leaks(encode(out), identifying_values([ds], context().date_shift_days)) == []


@pytest.mark.parametrize(
    ("told", "keyword", "written", "left"),
    [
        ({"PatientID": "P07"}, "SoftwareVersions", "syngo MR P07", "P07"),
        ({"PatientID": "S12"}, "ManufacturerModelName", "S12", "S12"),
        ({"PatientID": "QX4711923"}, "SoftwareVersions", "QX4711 923", "923"),
        ({"PatientID": "QX4711923"}, "SoftwareVersions", "QX4711.923", "923"),
        ({"PatientID": "QX4711923"}, "ManufacturerModelName", "QX4711-923", "923"),
        ({"PatientBirthDate": "19630417"}, "SoftwareVersions", "syngo 17 04 1963", "1963"),
        ({"PatientBirthDate": "19630417"}, "SoftwareVersions", "17_04_1963", "1963"),
        ({"PatientBirthDate": "19630417"}, "SoftwareVersions", "17.04.1963", "1963"),
    ],
)
def test_an_identifier_written_as_a_version_is_cleaned_and_would_be_found(
    told: dict[str, str], keyword: str, written: str, left: str
) -> None:
    """It goes where it is cleaned, so that the study is not held, and where it stayed the search says so."""
    ds = hostile_mr(depth=0)
    for name, value in {**told, keyword: written}.items():
        setattr(ds, name, value)
    out = deidentify(ds, context(), PROFILE).dataset
    values = identifying_values([ds], context().date_shift_days)
    assert left not in str(out.get(keyword))
    assert find_leaks(encode(out), values) == []
    setattr(out, keyword, written)
    assert [leak.attribute for leak in find_leaks(encode(out), values)] == [keyword]


def test_a_standard_meaning_is_no_leak_but_the_same_word_in_a_text_is() -> None:
    """A patient called White has white matter."""
    ds = hostile_mr(depth=0)
    ds.PatientName = "White^Brainstem"
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "68523003", "SCT", "x"
    ds.AnatomicRegionSequence = [item]
    out = deidentify(ds, context(), PROFILE).dataset
    assert "white" in out.AnatomicRegionSequence[0].CodeMeaning.lower()
    values = identifying_values([ds], context().date_shift_days)
    assert find_leaks(encode(out), values) == []
    out.ImageComments = "for White"
    assert [leak.attribute for leak in find_leaks(encode(out), values)] == ["ImageComments"]


def test_a_model_that_is_called_like_the_patient_and_no_vendor_word_goes() -> None:
    """Nobody can tell an unknown word of a model from a name, so it is not kept; the study still leaves."""
    ds = hostile_mr(depth=0)
    ds.PatientName, ds.ManufacturerModelName = "Phantom^X", "Phantom 3"
    out = deidentify(ds, context(), PROFILE).dataset
    assert not out.get("ManufacturerModelName")
    assert find_leaks(encode(out), identifying_values([ds], context().date_shift_days)) == []


def test_the_gateways_own_mark_is_no_leak_and_nothing_else_in_its_place_is_free() -> None:
    """A name written where the version stands is found."""
    out = deidentify(hostile_mr(depth=0), context(), PROFILE).dataset
    assert find_leaks(encode(out), values_of(PatientName="Gateway^Profile")) == []
    out.DeidentificationMethod = "cleaned for Zwirnlein"
    assert find_leaks(encode(out), values_of())
