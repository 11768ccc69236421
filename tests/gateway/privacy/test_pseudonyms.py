"""Pseudonyms are stable, injective, keyed, and leave the Standard's own UIDs alone, under both schemes."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from dicom_nodes.encoding.uids import is_uid
from gateway.identity.ground import Agreement
from gateway.identity.numbers import Subject, compare_numbers, subject
from gateway.privacy.errors import PseudonymKeyError
from gateway.privacy.pseudonyms import PseudonymKey, new_transaction_uid
from gateway.privacy.schemes import LATEST, Scheme

KEY = PseudonymKey(b"k" * 32, "one")
OTHER = PseudonymKey(b"l" * 32, "two")
uids = st.lists(st.integers(0, 10**12), min_size=2, max_size=6).map(lambda n: "1.3." + ".".join(map(str, n)))
words = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=12)
numbers = st.text(st.sampled_from("0123456789AbZ-"), min_size=1, max_size=8)
schemes = st.sampled_from(Scheme)


# ---- both schemes --------------------------------------------------------------------------------------------------


@given(st.lists(uids, unique=True, min_size=2, max_size=20), schemes)
@settings(derandomize=True, max_examples=50)
def test_uids_map_one_to_one_and_always_the_same_way(originals: list[str], scheme: Scheme) -> None:
    """Different UIDs get different replacements, equal ones the same, all of them valid UIDs under 2.25."""
    new = [KEY.of("north", scheme).uid(original) for original in originals]
    assert len(set(new)) == len(originals)
    again = PseudonymKey(b"k" * 32, "again").of("north", scheme)
    assert new == [again.uid(f" {original}\0") for original in originals]
    assert all(UID(uid).is_valid and uid.startswith("2.25.") and is_uid(uid) for uid in new)
    assert not {OTHER.of("north", scheme).uid(original) for original in originals} & set(new)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(
    "uid", [MRImageStorage, ExplicitVRLittleEndian, "1.2.840.10008.1.4.1.1", "2.16.840.1.113883.6.96", ""]
)
def test_standard_uids_stay(uid: str, scheme: Scheme) -> None:
    """What the Standard defines is never replaced."""
    assert KEY.of("north", scheme).uid(uid) == uid


@pytest.mark.parametrize("scheme", Scheme)
def test_a_number_under_the_root_of_the_standard_is_not_standard(scheme: Scheme) -> None:
    """A patient number hung under a standard UID is replaced like any other."""
    assert KEY.of("north", scheme).uid(f"{MRImageStorage}.4711").startswith("2.25.")


@given(words, words, words, schemes)
@settings(derandomize=True)
def test_one_patient_has_one_pseudonym_and_one_shift_in_range(
    site: str, issuer: str, number: str, scheme: Scheme
) -> None:
    """Pseudonym and shift depend on site, issuer and number only, and the shift stays within its limits."""
    key = KEY.of(site, scheme)
    who, padded = subject(issuer, number, "2.25.1"), subject(f"{issuer} ", f" {number} ", "2.25.1")
    assert key.alias(who) == key.alias(padded)
    assert -3650 <= key.date_shift_days(who) <= -30
    assert key.pseudonym(who).removeprefix("PML-").isalnum()
    assert key.accession(key.pseudonym(who), number) == key.accession(key.pseudonym(who), f" {number} ")
    assert len(key.accession(key.pseudonym(who), number)) <= 16
    assert key.accession(key.pseudonym(who), " ") == ""
    assert key.alias(who).scheme is scheme
    assert key.key_id == "one"


@pytest.mark.parametrize("scheme", Scheme)
def test_fields_do_not_run_into_each_other(scheme: Scheme) -> None:
    """("ab", "c") and ("a", "bc") are different patients."""
    key = KEY.of("s", scheme)
    assert key.pseudonym(subject("ab", "c1", "")) != key.pseudonym(subject("a", "bc1", ""))


def test_a_weak_or_unnamed_key_is_refused_and_no_key_is_ever_printed() -> None:
    """Short keys are errors with a fix; the key does not appear in a repr."""
    with pytest.raises(PseudonymKeyError) as caught:
        PseudonymKey(b"short", "x")
    assert "32" in caught.value.fix
    with pytest.raises(PseudonymKeyError):
        PseudonymKey(b"k" * 32, "")
    assert "kkk" not in repr((KEY, KEY.of("north"), KEY.of("north", Scheme.FIRST)))


@pytest.mark.parametrize("scheme", Scheme)
def test_pseudonyms_go_to_other_processes(scheme: Scheme) -> None:
    """Large studies are prepared by several of them."""
    key = KEY.of("north", scheme)
    assert pickle.loads(pickle.dumps(key)) == key


def test_transaction_uids_are_random() -> None:
    """Valid, and never the same twice."""
    made = {new_transaction_uid() for _ in range(100)}
    assert len(made) == 100
    assert all(UID(uid).is_valid and uid.startswith("2.25.") for uid in made)


# ---- the first scheme ----------------------------------------------------------------------------------------------

GOLDEN = PseudonymKey(bytes(range(32)), "golden")
"""Computed by the release that knew one scheme only; what is in records and at reading sites rests on them."""


@pytest.mark.parametrize(
    ("original", "replacement"),
    [
        ("1.3.12.2.1107.5.2.32.35131.20240229.1", "2.25.287550036420851668880049259304311907273"),
        (" 1.2.3\0", "2.25.52866541708808684641202166763563707497"),
        ("not a uid", "2.25.205491916358294466456293522430388840073"),
        ("patient:north::4711", "2.25.164253029821852323325304823593202158712"),
        ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1"),
        ("", ""),
    ],
)
def test_uids_of_the_first_scheme_stay(original: str, replacement: str) -> None:
    """Bit for bit, at every site."""
    assert GOLDEN.of("north", Scheme.FIRST).uid(original) == replacement
    assert GOLDEN.of("south", Scheme.FIRST).uid(original) == replacement


@pytest.mark.parametrize(
    ("who", "pseudonym", "patient_hash", "shift"),
    [
        (("north", "", "4711"), "PML-ZWR7U22Y", "2.25.164253029821852323325304823593202158712", -963),
        (
            ("north", "QISS", " QX-777-31 "),
            "PML-67QIPV2J",
            "2.25.206379494993643467469006958253907682840",
            -371,
        ),
        (("süd", "A%B:C", "0000"), "PML-3D7ZO32S", "2.25.321864019628353927550328535981080685706", -3391),
        (("north", "", ""), "PML-4DS44INY", "2.25.289103495645061515950774207418634544168", -2778),
    ],
)
def test_patients_of_the_first_scheme_stay(
    who: tuple[str, str, str], pseudonym: str, patient_hash: str, shift: int
) -> None:
    """Bit for bit, with a number or without."""
    site, issuer, number = who
    alias = GOLDEN.of(site, Scheme.FIRST).alias(subject(issuer, number, "2.25.1"))
    assert (alias.pseudonym, alias.patient_hash, alias.number_hash, alias.date_shift_days) == (
        pseudonym,
        patient_hash,
        "",
        shift,
    )


def test_everything_else_of_the_first_scheme_stays() -> None:
    """Accession numbers, the hashes of a study, and the UIDs of reports: bit for bit."""
    first = GOLDEN.of("north", Scheme.FIRST)
    assert first.accession("PML-AAAAAAAA", " ACC-1 ") == "A-W3RIXCKMMJVF"
    assert first.accession("north", "ÄÖ") == "A-HSJKFDMTPAFT"
    assert first.name_hash("Müller^ANNA==") == "2.25.4640470242488261732032583370499330725"
    assert first.birth_date_hash("19710413") == "2.25.120989417676154456370552039299080456499"
    assert first.accession_hash("A1 ") == "2.25.179808710000767463299021715833952632041"
    assert first.report_uid(7, "abcd", "enhanced") == "2.25.102375349247083315158569246273348299402"
    assert first.report_series_uid(7, "enhanced") == "2.25.282309122973801977412584862130755088395"
    assert first.device_uid() == "2.25.150382280657203041333432763120816236087"
    assert first.name_hash("") == first.birth_date_hash(" ") == first.accession_hash("") == ""


# ---- the second scheme ---------------------------------------------------------------------------------------------


def test_the_second_scheme_stays_as_well() -> None:
    """The default for everything new, pinned like the first; a name or a label that is changed changes its values."""
    assert LATEST is Scheme.SECOND
    second = GOLDEN.of("north")
    alias = second.alias(subject("QISS", "QX-777-31", "2.25.1"))
    assert (alias.pseudonym, alias.date_shift_days) == ("PML-EL4JWU5A", -1192)
    assert alias.patient_hash.startswith("4e9a834267ccd94e")
    assert alias.number_hash.startswith("8e3d5d28e95d5f19")
    alone = second.alias(subject("", "", "2.25.1"))
    assert (alone.pseudonym, alone.date_shift_days) == ("PML-BVCZUTI3", -1068)
    assert alone.patient_hash.startswith("d4f4f30ebfa46144")
    assert second.uid("1.2.3") == "2.25.297398662698558097707673169110523926641"
    assert second.accession("PML-AAAAAAAA", "ACC-1") == "A-MMGY6DXLOKLJ"
    assert second.name_hash("Müller^Anna").startswith("8fbc90f80b877118")
    assert second.birth_date_hash("19710413").startswith("836c1d3f27ad8b2a")
    assert second.accession_hash("A1").startswith("834196929e758547")
    assert second.report_uid(7, "abcd", "enhanced") == "2.25.233968280155128423741616767124835255039"
    assert second.report_series_uid(7, "enhanced") == "2.25.154622144776200551889646640343981873680"
    assert second.device_uid() == "2.25.99698547908471100607530098993516539123"


@given(uids, words, words)
@settings(derandomize=True, max_examples=50)
def test_equal_uids_of_two_sites_are_two_uids(uid: str, site: str, other: str) -> None:
    """A second hospital that sends the same UIDs is no second patient of the first."""
    assert (KEY.of(site).uid(uid) == KEY.of(other).uid(uid)) is (site == other)
    assert (KEY.of(site).accession("PML-A", uid) == KEY.of(other).accession("PML-A", uid)) is (site == other)


@given(
    numbers,
    st.sampled_from(["", "NORTH", "north ", "SOUTH"]),
    numbers,
    st.sampled_from(["", "NORTH", "SOUTH"]),
)
@settings(derandomize=True, max_examples=300)
def test_the_same_number_is_the_same_patient(number: str, issuer: str, other: str, other_issuer: str) -> None:
    """What compares as the same number of one issuer has one pseudonym; a missing issuer is found by the number."""
    one, two = subject(issuer, number, "2.25.1"), subject(other_issuer, other, "2.25.2")
    key = KEY.of("north")
    ground = compare_numbers((number, issuer), (other, other_issuer))
    alike = (
        ground.agreement is Agreement.SAME and issuer.strip().casefold() == other_issuer.strip().casefold()
    )
    assert (key.pseudonym(one) == key.pseudonym(two)) is alike
    assert (key.patient_hash(one) == key.patient_hash(two)) is alike
    if one.has_number and two.has_number:
        same_number = ground.agreement is Agreement.SAME or ground.name == "OTHER_ISSUER"
        assert (key.number_hash(one) == key.number_hash(two)) is same_number


@pytest.mark.parametrize("patient_id", ["", "UNKNOWN", "0000", "ANON"])
def test_without_a_number_each_study_is_its_own_person(patient_id: str) -> None:
    """Two people of a site without a number are no longer one pseudonym."""
    one, same, two = (subject("NORTH", patient_id, uid) for uid in ("2.25.1", "2.25.1 ", "2.25.2"))
    alias, again, others = map(KEY.of("north").alias, (one, same, two))
    assert alias == again
    assert alias.number_hash == ""
    assert alias.pseudonym != others.pseudonym
    assert alias.patient_hash != others.patient_hash
    assert KEY.of("south").alias(one).patient_hash != alias.patient_hash
    assert KEY.patient_hashes("north", one) == ()


# ---- from the first to the second ----------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from(["4711", "0815", "UNKNOWN"]), st.integers(1, 3), schemes), max_size=12)
)
@settings(derandomize=True, max_examples=200)
def test_old_and_new_studies_of_a_patient_meet(studies: list[tuple[str, int, Scheme]]) -> None:
    """Whatever came before the second scheme: all studies that came since have the alias of the patient's first.

    The first studies are kept under the first scheme, as the release before did; the others as `alias` says.
    """
    known: dict[str, str] = {}
    first_alias: dict[str, object] = {}
    old = sorted(studies, key=lambda one: one[2])
    for number, study, scheme in old:
        who = subject("", number, f"2.25.{study}")
        if scheme is Scheme.FIRST:
            alias = KEY.of("north", Scheme.FIRST).alias(who)
        else:
            alias = KEY.alias("north", who, known)
            assert alias.scheme is Scheme.SECOND or alias.patient_hash in known
        known[alias.patient_hash] = alias.pseudonym
        if who.has_number:
            assert first_alias.setdefault(number, alias) == alias
            assert alias.patient_hash in KEY.patient_hashes("north", who)
        elif scheme is Scheme.SECOND:
            assert alias.scheme is Scheme.SECOND  # nobody who was known before


def test_a_patient_who_is_not_known_is_kept_under_the_second_scheme() -> None:
    """The old scheme ends with the patients who have it."""
    who = subject("NORTH", "4711", "2.25.1")
    assert KEY.alias("north", who, ()) == KEY.of("north").alias(who)
    first = KEY.of("north", Scheme.FIRST).alias(who)
    assert KEY.alias("north", who, {first.patient_hash}) == first
    assert KEY.alias("south", who, {first.patient_hash}).scheme is Scheme.SECOND


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("number", ["4711", "UNKNOWN"])
def test_the_shift_of_copies_is_that_of_their_pseudonym(scheme: Scheme, number: str) -> None:
    """Whichever scheme made them, and whether or not the number counts as one today; none fits: an error, no guess."""
    for has_number in (True, False):
        alias = KEY.of("north", scheme).alias(Subject("NORTH", number, "2.25.1", has_number))
        assert KEY.shift_under("north", "NORTH", number, "2.25.1", alias.pseudonym) == alias.date_shift_days
    with pytest.raises(PseudonymKeyError, match=r"is not derived from pseudonym\.key two"):
        OTHER.shift_under("north", "NORTH", number, "2.25.1", alias.pseudonym)
