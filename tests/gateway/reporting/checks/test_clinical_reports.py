"""Reports that a neuroradiologist wrote down as dangerous or as wrongly refused, each with the right answer."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reporting.checks.status import INCONCLUSIVE_FROM, INDEX_CUT_OFF
from gateway.reporting.example import phantom_form
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.printable import tables
from gateway.reporting.report import Report, form_problems, form_questions, report_from_form
from routing_rules.surveillance.guidelines import standard_table
from support.objects.reports import changed_form

REQUIRED = ("flair", "t2", "dwi")
#: Nothing suspicious, against a prior.
QUIET: dict[str, Any] = {
    "suspicion": "0",
    "iris_phase": "not_applicable",
    "new_lesion": "absent",
    "diagnoses": ["ms"],
    "recommendations": ["routine"],
    "follow_up_value": "12",
    "follow_up_unit": "mo",
    "lesions.*": None,
    "communication.*": None,
}
#: What the form asks for when PML cannot be excluded.
NOT_ASSESSABLE: dict[str, Any] = {
    **QUIET,
    "suspicion": "not_assessable",
    "new_lesion": "not_assessable",
    "comparison.t2_load_change": "not_assessable",
    "recommendations": ["repeat_sequences"],
    "follow_up_value": None,
    "follow_up_unit": None,
}
UNREADABLE: dict[str, Any] = {
    **{
        f"protocol.sequences.{name}.quality": "non_diagnostic"
        for name in (*REQUIRED, "t1", "t1_contrast", "swi")
    },
    "protocol.quality": "non_diagnostic",
    "protocol.limitation": "Motion throughout.",
}
ABSENT: dict[str, Any] = {
    **{f"protocol.sequences.{name}.*": None for name in REQUIRED},
    **{f"protocol.sequences.{name}.acquired": "absent" for name in REQUIRED},
    "protocol.completeness": "incomplete",
}
KNOWN: dict[str, Any] = {"context.referral": "known_pml", "context.pml_status": "known"}


def refused(form: dict[str, Any]) -> set[str]:
    """The fields at which a report is refused."""
    return {problem.field for problem in form_problems(form) if not problem.question}


def asked(form: dict[str, Any]) -> set[str]:
    """The questions of a report."""
    return {problem.question for problem in form_questions(form)}


EXCLUDED_UNSEEN = {"suspicion", "new_lesion", "recommendations"}


@pytest.mark.parametrize(
    ("changes", "refusals"),
    [
        ([QUIET], set()),
        ([UNREADABLE, QUIET], {*EXCLUDED_UNSEEN, "comparison.t2_load_change"}),
        ([ABSENT, QUIET], {*EXCLUDED_UNSEEN, "comparison.t2_load_change"}),
        ([ABSENT, QUIET, {"suspicion": "1"}], {*EXCLUDED_UNSEEN, "comparison.t2_load_change"}),
        ([QUIET, {"follow_up_value": "120"}], {"follow_up_value"}),
        *(
            ([QUIET, {f"protocol.sequences.{name}.coverage": coverage}], EXCLUDED_UNSEEN)
            for name in REQUIRED
            for coverage in ("part", "unknown")
        ),
        ([QUIET, {"protocol.sequences.dwi.coverage": None}], {"protocol.sequences.dwi.coverage"}),
        ([UNREADABLE, NOT_ASSESSABLE], set()),
        ([UNREADABLE, NOT_ASSESSABLE, {"protocol.quality": "diagnostic"}], {"protocol.quality"}),
        ([ABSENT, NOT_ASSESSABLE], set()),
        ([UNREADABLE, NOT_ASSESSABLE, {"recommendations": ["csf_pcr"]}], {"recommendations"}),
        (
            [
                QUIET,
                {
                    "comparison.done": "no_prior",
                    "comparison.prior_study_date": None,
                    "comparison.t2_load_change": None,
                },
            ],
            {"new_lesion"},
        ),
    ],
)
def test_pml_is_excluded_only_where_it_would_be_seen(
    changes: list[dict[str, Any]], refusals: set[str]
) -> None:
    """Levels 0 and 1, no new lesion and routine surveillance need three sequences of the whole brain and a prior."""
    assert refused(changed_form(*changes)) == refusals


def test_an_unreadable_study_at_level_2_needs_no_lesion_and_is_not_pushed_lower() -> None:
    """Who cannot exclude PML because nothing can be read says so, at level 2 or as not assessable."""
    form = changed_form(
        UNREADABLE,
        NOT_ASSESSABLE,
        {"suspicion": "2", "recommendations": ["repeat_sequences", "add_contrast"]},
    )
    assert form_problems(form) == []
    assert refused(form | {"recommendations": ["add_contrast"]}) == {"recommendations"}
    assert asked(changed_form(QUIET, {"suspicion": "2"})) >= {"suspicion_without_lesion"}


@pytest.mark.parametrize(
    ("changes", "answers"),
    [
        ([], True),
        ([QUIET], True),
        ([UNREADABLE, NOT_ASSESSABLE], False),
        ([ABSENT, NOT_ASSESSABLE], False),
        ([{"protocol.sequences.flair.coverage": "part"}], False),
        ([{"protocol.completeness": "incomplete"}], False),
    ],
)
def test_a_report_that_cannot_tell_leaves_the_next_mri_due(
    changes: list[dict[str, Any]], answers: bool
) -> None:
    """The calendar asks the report whether it answered the question."""
    signed = report_from_form(changed_form(*changes))
    assert signed.answers_the_question is answers
    assert Report.as_signed(signed.model_dump(mode="json")).answers_the_question is answers


RESIDUAL = {
    **KNOWN,
    **QUIET,
    "iris_phase": "late_post_pml",
    "diagnoses": ["pml", "ms"],
    "suspicion": "1",
}


def test_known_late_post_pml_is_followed_without_suspicion_or_call() -> None:
    """A healed defect is attributed to PML at level 1, in its phase, and nobody is called."""
    form = changed_form(RESIDUAL)
    residual = {name: value for name, value in phantom_form().items() if name.startswith("lesions.")}
    form |= residual | {"lesions.0.time_course": "unchanged", "comparison.t2_load_change": "unchanged"}
    assert form_problems(form) == []
    assert report_from_form(form).pml_known


#: Level 3 and nothing new, nothing more.
STABLE: dict[str, Any] = {
    "communication.*": None,
    "suspicion": "3",
    "new_lesion": "absent",
    "lesions.0.time_course": "unchanged",
    "lesions.0.course": None,
    "comparison.t2_load_change": "unchanged",
}


def test_a_call_is_for_what_is_new_or_has_changed() -> None:
    """Known PML that was compared and is unchanged needs no new call; what is new, more or not known does."""
    quiet = {**KNOWN, **STABLE}
    assert form_problems(changed_form(quiet)) == []
    assert asked(
        changed_form(quiet, {"context.referral": "surveillance", "context.pml_status": "not_known"})
    ) == {"nobody_told"}
    for news in (
        {"lesions.0.time_course": "increase"},
        {"lesions.0.time_course": "new", "new_lesion": "present"},
        {"comparison.t2_load_change": "increase"},
        {"comparison.t2_load_change": "not_assessable"},
        {"new_lesion": "undetermined"},
        {"lesions.0.time_course": "undetermined"},
        {"lesions.0.enhancement": ["increased"]},
        {"lesions.0.iris_signs": ["more_enhancement"]},
        {"lesions.0.course": ["further_lesions"], "new_lesion": "undetermined"},
        {
            "comparison.done": "no",
            "comparison.prior_study_date": None,
            "comparison.t2_load_change": None,
            "lesions.0.time_course": "undetermined",
            "new_lesion": "present_no_comparison",
        },
    ):
        assert asked(changed_form(quiet, news)) == {"nobody_told"}


def test_a_lesion_that_measures_more_is_news_whatever_it_is_called() -> None:
    """Known PML, 50 mm in the prior report and 100 mm now, called unchanged with a reason: somebody is told."""
    signed = report_from_form(changed_form(KNOWN, STABLE))
    assert not signed.has_news
    assert signed.model_copy(update={"reasons": {"course_against_measures": "Measured otherwise."}}).has_news


def test_the_phase_follows_the_status() -> None:
    """Known PML is in a phase, also when the images cannot tell which; without it none is needed at any level."""
    for phase in ("pre_iris", "iris", "early_post_pml", "late_post_pml", "indeterminate", "not_assessable"):
        assert refused(changed_form(KNOWN, {"iris_phase": phase})) == set()
    assert refused(changed_form(KNOWN, {"iris_phase": "not_applicable"})) == {"iris_phase"}
    for level in ("2", "3", "4"):
        assert form_problems(changed_form({"suspicion": level, "iris_phase": "not_applicable"})) == []


LOW = {
    **QUIET,
    "iris_phase": "not_applicable",
    "new_lesion": "present",
    "diagnoses": None,
    **{name: value for name, value in phantom_form().items() if name.startswith("lesions.")},
    "lesions.0.attribution": "ms",
}

RESOLVED: dict[str, Any] = {
    "lesions.0.places.pons": "midline",
    "lesions.0.time_course": "resolved",
    "lesions.0.attribution": "ms",
}
#: A lesion that favours PML on images that show a part of the brain.
UNCLEAR_PART: dict[str, Any] = {
    "protocol.sequences.flair.coverage": "part",
    "suspicion": "not_assessable",
    "iris_phase": "not_applicable",
    "recommendations": ["repeat_sequences"],
    "follow_up_value": None,
    "follow_up_unit": None,
    "communication.*": None,
}


@pytest.mark.parametrize(
    ("changes", "question"),
    [
        ([{"lesions.0.attribution": "ms"}], "high_level_without_pml_lesion"),
        ([{"suspicion": "3", "lesions.0.attribution": "other"}], "high_level_without_pml_lesion"),
        ([{"diagnoses": ["ms"]}], "high_level_without_pml_lesion"),
        ([QUIET, {"diagnoses": ["pml"]}], "low_level_with_pml"),
        ([LOW, {"suspicion": "1", "lesions.0.attribution": "both"}], "low_level_with_pml"),
        ([LOW, {"context.csf_jcv_pcr": "present"}], "low_level_with_pcr"),
        ([LOW, {"lesions.0.attribution": "indeterminate"}], "level_zero_with_unclear_lesion"),
        ([UNCLEAR_PART], "not_assessable_names_pml"),
        ([UNCLEAR_PART, {"lesions.0.attribution": "ms"}], "not_assessable_names_pml"),
        ([UNCLEAR_PART, {"diagnoses": None}], "not_assessable_names_pml"),
        ([{"lesions.0.time_course": "increase"}], "new_lesion_not_described"),
        ([{"lesions.*": None, **RESOLVED}], "suspicion_without_lesion"),
        (
            [
                {
                    "iris_phase": "iris",
                    "lesions.0.enhancement": "none",
                    "lesions.0.mass_effect": "none",
                }
            ],
            "iris_without_sign",
        ),
        ([QUIET, {"iris_phase": "iris"}], "phase_without_known_pml"),
        ([{"iris_phase": "early_post_pml"}], "phase_without_known_pml"),
        ([KNOWN, {"iris_phase": "late_post_pml"}], "late_phase_at_high_level"),
        (
            [
                {
                    "protocol.sequences.t1_contrast.*": None,
                    "protocol.sequences.t1_contrast.acquired": "absent",
                    "lesions.0.enhancement": "not_covered",
                }
            ],
            "no_contrast",
        ),
        (
            [{"recommendations": ["routine"], "follow_up_value": None, "follow_up_unit": None}],
            "routine_at_high_level",
        ),
        ([{"follow_up_unit": "mo"}], "unusual_interval"),
        (
            [
                QUIET,
                {
                    "suspicion": "not_assessable",
                    "recommendations": ["repeat_sequences"],
                    "follow_up_value": None,
                    "follow_up_unit": None,
                },
            ],
            "not_assessable_though_readable",
        ),
        ([{"context.pml_status": "not_known", "context.pml_certainty": "certain"}], "status_against_context"),
        ([KNOWN, {"context.pml_certainty": "not_pml"}], "status_against_context"),
        ([{"context.jcv_antibodies": "absent", "context.jcv_index": "0.6"}], "antibodies_against_index"),
    ],
)
def test_a_contradiction_that_may_be_true_is_asked_and_signed_with_its_reason(
    changes: list[dict[str, Any]], question: str
) -> None:
    """Each is asked at its item; the reason settles it and stands in the report."""
    form = changed_form(*changes)
    assert question in asked(form)
    assert question in {problem.question for problem in form_problems(form)}
    reasons = {f"reasons.{each}": "It is so." for each in asked(form)}
    assert form_problems(form | reasons) == []
    assert report_from_form(form | reasons).reasons[question] == "It is so."


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [LOW],
        [LOW, {"suspicion": "1", "lesions.0.attribution": "indeterminate"}],
        [KNOWN, QUIET, {"iris_phase": "late_post_pml", "diagnoses": ["pml"]}],
        [KNOWN, QUIET, {"iris_phase": "late_post_pml", "context.csf_jcv_pcr": "present"}],
        [{"context.jcv_antibodies": "absent", "context.jcv_index": "0.2"}],
        [{"context.pml_status": "not_known", "context.pml_certainty": "possible"}],
        [{"suspicion": "2", "lesions.0.attribution": "ms", "diagnoses": ["ms"]}],
        [KNOWN, UNCLEAR_PART, {"iris_phase": "not_assessable"}],
        [KNOWN, LOW, {"lesions.0.attribution": "indeterminate", "iris_phase": "late_post_pml"}],
    ],
)
def test_what_does_not_contradict_itself_is_not_asked(changes: list[dict[str, Any]]) -> None:
    """A reader is asked only where something is unusual."""
    assert form_problems(changed_form(*changes)) == []


def unreadable(*names: str) -> dict[str, Any]:
    """The sequences of these names, acquired and of no diagnostic quality."""
    return {f"protocol.sequences.{name}.quality": "non_diagnostic" for name in names}


WITHOUT_CONTRAST = {
    "protocol.sequences.t1_contrast.*": None,
    "protocol.sequences.t1_contrast.acquired": "absent",
    "lesions.0.enhancement": ["not_covered"],
}
GONE = {"suspicion": "1", "iris_phase": "not_applicable", "diagnoses": ["ms"], "lesions.*": None, **RESOLVED}


@pytest.mark.parametrize(
    ("changes", "refusals"),
    [
        ([unreadable("t1_contrast"), {"lesions.0.enhancement": ["none"]}], {"lesions.0.enhancement"}),
        ([unreadable("swi"), {"lesions.0.swi": ["none"]}], {"lesions.0.swi"}),
        (
            [unreadable("dwi"), {"lesions.0.dwi": ["none"], "lesions.0.adc": "normal"}],
            {"lesions.0.dwi", "lesions.0.adc"},
        ),
        ([unreadable("t1_contrast"), {"lesions.0.enhancement": ["ring"]}], set()),
        ([unreadable("t1_contrast"), {"lesions.0.enhancement": ["not_assessable"]}], set()),
        ([WITHOUT_CONTRAST, {"lesions.0.iris_signs": ["meningeal"]}], {"lesions.0.iris_signs"}),
        ([WITHOUT_CONTRAST, {"lesions.0.iris_signs": ["perivascular"]}], set()),
        ([WITHOUT_CONTRAST, {"lesions.0.iris_signs": ["oedema"]}], set()),
        ([GONE], set()),
        ([GONE, {"lesions.0.dwi": ["rim"]}], {"lesions.0.dwi"}),
        ([GONE, {"lesions.0.enhancement": ["increased"]}], {"lesions.0.enhancement"}),
        ([GONE, {"lesions.0.mass_effect": "marked"}], {"lesions.0.mass_effect"}),
        ([GONE, {"lesions.0.long_axis_mm": "50"}], {"lesions.0.long_axis_mm"}),
        ([{"lesions.0.places.frontal_lobe": "not_applicable"}], {"lesions.0.places"}),
        ([{"lesions.0.places.cerebral_white_matter": "midline"}], {"lesions.0.places"}),
        ([{"lesions.0.topography": ["infratentorial"]}], {"lesions.0.topography"}),
        ([{"lesions.0.places.pons": "midline", "lesions.0.topography": ["infratentorial"]}], set()),
        ([STABLE, {"lesions.0.course": ["further_lesions"]}], {"lesions.0.course"}),
        ([{"communication.person": "-"}], {"communication.person"}),
    ],
)
def test_what_the_images_cannot_show_is_not_said(changes: list[dict[str, Any]], refusals: set[str]) -> None:
    """An absent sign needs a readable sequence, a resolved lesion has no looks, a paired site has a side."""
    assert refused(changed_form(*changes)) == refusals


WITHOUT_T2: dict[str, Any] = {
    **QUIET,
    "context.referral": "surveillance",
    "protocol.sequences.t2.*": None,
    "protocol.sequences.t2.acquired": "absent",
}


@pytest.mark.parametrize("level", ["0", "1"])
@pytest.mark.parametrize(
    ("changes", "refusals"),
    [
        ({}, {*EXCLUDED_UNSEEN, "protocol.completeness"}),
        ({"protocol.judged_by": "full"}, {*EXCLUDED_UNSEEN, "protocol.completeness"}),
        ({"protocol.judged_by": "simplified"}, set()),
        ({"protocol.judged_by": "simplified", "protocol.sequences.dwi.coverage": "part"}, EXCLUDED_UNSEEN),
        (
            {"protocol.judged_by": "simplified", "protocol.sequences.flair.quality": "non_diagnostic"},
            {*EXCLUDED_UNSEEN, "comparison.t2_load_change"},
        ),
        ({"protocol.judged_by": "simplified", "context.referral": "suspected_pml"}, {"protocol.judged_by"}),
        ({"protocol.judged_by": "simplified", "context.referral": None}, set()),
    ],
)
def test_a_site_with_a_simplified_protocol_can_be_told_levels_0_and_1(
    level: str, changes: dict[str, Any], refusals: set[str]
) -> None:
    """Without T2, by the protocol that it declared, of surveillance alone; FLAIR and DWI stay needed."""
    assert refused(changed_form(WITHOUT_T2, {"suspicion": level}, changes)) == refusals


def test_the_report_says_by_which_protocol_it_was_judged() -> None:
    """Of an earlier report, too, which was judged by the full one."""
    for changes, said in (
        ({}, "Full protocol"),
        ({"protocol.judged_by": "simplified"}, "Simplified protocol"),
    ):
        form = changed_form(QUIET, {"context.referral": "surveillance"}, changes)
        printed = dict(tables(outline(report_from_form(form), Restoration()))[1].rows)
        assert printed["Protocol that the study is judged by"].startswith(said)


@pytest.mark.parametrize(
    ("antibodies", "index", "is_asked"),
    [
        ("present", "0.1", True),
        ("present", "0.2", False),
        ("present", "2.5", False),
        ("absent", "2.5", True),
        ("absent", "0.41", True),
        ("absent", "0.4", False),
        ("undetermined", "0.1", False),
        ("present", None, False),
    ],
)
def test_antibodies_and_index_that_differ_are_asked_about(
    antibodies: str, index: str | None, is_asked: bool
) -> None:
    """Negative above the cut-off, positive where the assay is negative; between them the assay says neither."""
    form = changed_form({"context.jcv_antibodies": antibodies, "context.jcv_index": index})
    assert ("antibodies_against_index" in asked(form)) is is_asked


def test_the_limits_of_the_assay_are_those_of_the_calendar() -> None:
    """One source, one pair of numbers."""
    limits = standard_table().limits
    assert (float(INDEX_CUT_OFF), float(INCONCLUSIVE_FROM)) == (
        limits.negative_index_up_to.value,
        limits.inconclusive_index_from.value,
    )


def test_a_reason_that_concerns_a_lesion_names_it_in_the_report() -> None:
    """Who reads “volume larger than the long axis allows” of three lesions has to know of which."""
    form = changed_form({"lesions.0.volume_cm3": "900", "lesions.0.multiplicity": "focal"})
    (question,) = asked(form)
    report = report_from_form(form | {f"reasons.{question}": "Measured twice."})
    impression = tables(outline(report, Restoration()))[4]
    said = [text for group in impression.groups for _, text in group.rows]
    assert "Volume larger than the long axis allows (lesion 1)" in said
