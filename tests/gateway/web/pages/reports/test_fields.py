"""The report form as the template sees it: fields, groups, what was posted, and what is known beforehand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from gateway.reporting.answers import Recommendation
from gateway.reporting.example import phantom_form
from gateway.reporting.form import FORM
from gateway.reporting.lesions.earlier_forms import RECOMMENDED, draft_of_today
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.printable import tables
from gateway.reporting.questions import QUESTIONS
from gateway.reporting.report import Contradiction, form_problems, report_from_form, report_to_form
from gateway.web.pages.reports import drafts, fields, prefilled
from gateway.web.pages.reports.fields import Field, Section, sections
from gateway.web.pages.reports.study_facts import facts_of


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock on the wall is not UTC."""
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def section(content: dict[str, object], name: str, **more: object) -> Section:
    """One section of the form."""
    return next(one for one in sections(content, **more) if one.name == name)  # type: ignore[arg-type]


def field(content: dict[str, object], name: str, problems: tuple[Contradiction, ...] = ()) -> Field:
    """One field of the form."""
    return next(
        one
        for part in sections(content, problems)
        for group in part.groups
        for one in group.fields
        if one.name == name
    )


def test_every_item_of_the_form_is_a_field_once() -> None:
    """A filled form has each item of FORM, in its order, in every group that was answered."""
    content = dict(phantom_form())
    shown = [
        (part.name, [each.item for each in part.groups[0].fields])
        for part in sections(content)
        if part.groups
    ]
    expected = [
        (part.name, [item for item in part.items if not item.earlier])
        for part in FORM
        if not part.repeats or fields.group_numbers(content, part.name)
    ]
    assert shown == expected


@pytest.mark.usefixtures("far_from_utc")
@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("2026-02-03T10:30", "2026-02-03T10:30"),
        ("2026-02-03T10:30:00+00:00", "2026-02-03T10:30"),
        ("2026-02-03T11:30+01:00", "2026-02-03T10:30"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_a_time_is_shown_in_utc_whatever_the_machine_thinks(kept: str, shown: str) -> None:
    """The form says UTC beside it: a time without a zone was typed there and must come back as it was typed."""
    assert field({"communication.at": kept} if kept else {}, "communication.at").local_value == shown


@pytest.mark.usefixtures("far_from_utc")
def test_a_time_does_not_wander_when_a_draft_is_saved_again() -> None:
    """Shown, posted, kept and signed, it is one moment."""
    content = dict(phantom_form()) | {"communication.at": "2026-02-03T10:30"}
    for _ in range(3):
        posted = {"communication.at": [field(content, "communication.at").local_value]}
        content |= drafts.content_of(posted)
    told = report_from_form(content).communication
    assert told is not None
    assert told.at.isoformat() == "2026-02-03T10:30:00+00:00"


def test_a_problem_stands_at_its_field_and_a_groups_at_its_group() -> None:
    """Nowhere else."""
    wrong = Contradiction("lesions.0.border_white_matter", "Lesion 1: not answered.", "Answer it.")
    whole = Contradiction("lesions.0", "Lesion 1 contradicts itself.", "Decide.")
    content = {"lesions.0.places.pons": "left"}
    assert field(content, "lesions.0.border_white_matter", (wrong, whole)).problems == (wrong,)
    assert field(content, "lesions.0.places", (wrong, whole)).problems == ()
    assert section(content, "lesions", problems=(wrong, whole)).groups[0].problems == (whole,)


def test_a_side_stands_at_its_site_and_its_problem_at_the_sites() -> None:
    """Each site has its own side; what is wrong with one of them is shown where the sites are."""
    wrong = Contradiction("lesions.0.places.pons", "Not one of the choices.", "Choose.")
    content = {"lesions.0.places.pons": "midline", "lesions.0.places.cerebellum": "left"}
    places = field(content, "lesions.0.places", (wrong,))
    assert places.pairs == {"cerebellum": "left", "pons": "midline"}
    assert places.problems == (wrong,)


def test_a_lesion_of_the_cord_is_asked_only_what_the_cord_shows() -> None:
    """Brain items disappear, unless one has an answer; a lesion of cord and brain has them all."""
    cord = {"lesions.0.places.spinal_cord": "midline", "lesions.0.dwi": ["none"]}
    names = [each.item.name for each in section(cord, "lesions").groups[0].fields]
    assert "swi" not in names
    assert {"t2", "dwi"} <= set(names)
    both = section(cord | {"lesions.0.places.medulla": "left"}, "lesions").groups[0].fields
    assert "swi" in [each.item.name for each in both]


def test_what_an_earlier_form_asked_is_shown_only_where_it_was_answered() -> None:
    """Nobody is asked for the border as a whole again."""
    drawn = [
        [each.item.name for each in section(content, "lesions").groups[0].fields]
        for content in ({"lesions.0.border": "mixed"}, {"lesions.0.t2": ["faint"]})
    ]
    assert ["border" in names for names in drawn] == [True, False]


def test_a_lesion_has_one_number_on_the_page_in_the_problems_and_in_the_pdf() -> None:
    """A lesion is called by its stable number, not by its place; a problem stands at its group of the form."""
    form = dict(phantom_form()) | {"new_lesion": "absent"}
    first = {name: value for name, value in form.items() if name.startswith("lesions.0.")}
    form |= {name.replace("lesions.0.", "lesions.3."): value for name, value in first.items()}
    form |= {"lesions.0.number": "2", "lesions.0.attribution": "ms", "lesions.0.time_course": "unchanged"}
    form |= {"lesions.3.number": "1", "lesions.3.attribution": "pml", "lesions.3.time_course": "increase"}
    groups = section(dict(form), "lesions").groups
    shown = {each.title: form[f"lesions.{each.number}.attribution"] for each in groups}
    assert shown == {"Lesion 2": "ms", "Lesion 1": "pml"}

    report = report_from_form(form)
    signed = section(dict(report_to_form(report)), "lesions").groups
    assert [each.title for each in signed] == ["Lesion 2", "Lesion 1"]
    printed = {
        each.title: text
        for table in tables(outline(report, Restoration()))
        for each in table.groups
        for _, text in each.rows
        if each.title.startswith("Lesion") and text in {"Findings favour MS", "Findings favour PML"}
    }
    assert printed == {
        "Lesion or lesion group 2": "Findings favour MS",
        "Lesion or lesion group 1": "Findings favour PML",
    }

    for wrong in ({"lesions.3.t2": ["no_such"]}, {"lesions.3.long_axis_mm": "400"}):
        told = {each.field: each.problem for each in form_problems(form | wrong)}
        assert told[next(iter(wrong))].startswith("Lesion 1")


def test_only_fields_of_the_form_are_kept() -> None:
    """A name with an endless number, a foreign digit or a number in the wrong place is none of the form's."""
    wrong = (f"lesions.{'9' * 5000}.t1", "lesions.１.t1", "lesions.t1", "5.suspicion", "lesions.0.1.t1", "x")
    content = {"suspicion": "1", "lesions.12.places.pons": "left"}
    assert drafts.known_fields(content | dict.fromkeys(wrong, "a")) == content
    assert drafts.content_of({name: ["a"] for name in wrong}) == {}


def test_a_repeating_section_has_its_groups_one_more_when_asked_and_a_blank() -> None:
    """Numbered as people count, and the blank copy has the placeholder that the script replaces."""
    content = {"lesions.0.places.pons": "left", "lesions.3.places.pons": "right"}
    lesions = section(content, "lesions")
    assert [group.title for group in lesions.groups] == ["Lesion 1", "Lesion 2"]
    assert [group.number for group in section(content, "lesions", one_more="lesions").groups] == [
        "0",
        "3",
        "4",
    ]
    assert [group.number for group in section({}, "lesions", one_more="lesions").groups] == ["0"]
    assert lesions.blank is not None
    assert all(each.name.startswith("lesions.__n__.") for each in lesions.blank.fields)
    assert not any(each.values for each in lesions.blank.fields)


def test_only_an_untouched_request_is_folded() -> None:
    """What a reader gave, or has to mend, is open; what the gateway filled in does not count as given."""
    known = {"language": "en", "context.referral": "surveillance"}
    assert [part.name for part in sections(known) if part.folded] == ["request"]
    assert not section(known | {"context.symptoms": "left arm"}, "request").folded
    wrong = Contradiction("context.symptoms", "wrong", "mend")
    assert not section(known, "request", problems=(wrong,)).folded


def test_the_rows_of_the_protocol_table_do_not_repeat_the_sequence() -> None:
    """The row's heading has it."""
    assert field({}, "protocol.sequences.flair.quality").label == "Quality"
    assert "FLAIR" in field({}, "protocol.sequences.flair.acquired").label


def test_removing_a_group_closes_the_gap() -> None:
    """The others keep their answers under the next numbers."""
    content = {f"lesions.{n}.places.pons": side for n, side in enumerate(("left", "right", "both"))}
    content["narrative"] = "text"
    assert drafts.without_group(content, "lesions", 1) == {
        "lesions.0.places.pons": "left",
        "lesions.1.places.pons": "both",
        "narrative": "text",
    }
    assert drafts.without_group(content, "lesions", -1) == content


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            {"lesions.2.places.pons": ["left"], "lesions.5.places.caudate": ["right"]},
            {"lesions.0.places.pons": "left", "lesions.1.places.caudate": "right"},
        ),
        ({"lesions.0.places.nose": ["left"], "lesions.0.places.pons": [""]}, {}),
        ({"lesions.0.dwi": ["rim", "dark_centre"]}, {"lesions.0.dwi": ["rim", "dark_centre"]}),
        ({"csrf": ["x"], "password": ["y"], "nonsense": ["z"], "narrative": [" "]}, {}),
        ({"lesions.__n__.places.pons": ["left"]}, {}),
    ],
)
def test_a_posted_form_becomes_a_draft(given: dict[str, list[str]], kept: dict[str, object]) -> None:
    """Only fields of the form are kept, blanks dropped, groups numbered without gaps."""
    assert drafts.content_of(given) == kept


@pytest.mark.parametrize(
    ("series", "contrast"),
    [
        ([{"kind": "t1", "contrast": None}], None),
        ([{"kind": "t1", "contrast": False}], "absent"),
        ([{"kind": "t1", "contrast": None}, {"kind": "t1_contrast", "contrast": True}], "present"),
        ([], "absent"),
    ],
)
def test_the_form_presumes_nothing_of_contrast_that_is_unknown(
    series: list[dict[str, object]], contrast: str | None
) -> None:
    """A T1 of which nobody knows whether contrast was given: the reader looks, and says present or absent."""
    row = SimpleNamespace(referral="surveillance")
    page = SimpleNamespace(told=None, row=row, series=tuple(series), priors=(), verdict={})
    content = prefilled.prefilled(page)  # type: ignore[arg-type]
    assert content.get("protocol.sequences.t1_contrast.acquired") == contrast
    assert content["protocol.sequences.flair.acquired"] == "absent"


@pytest.mark.parametrize(
    ("brain", "said"), [("whole", "whole_brain"), ("part", "part"), ("doubtful", None), ("unknown", None)]
)
def test_what_a_series_covers_is_filled_in_where_the_verdict_knows(brain: str, said: str | None) -> None:
    """The reader confirms it; where an edge may be cut, or nothing is known, the form presumes nothing."""
    series = ({"kind": "flair", "contrast": None, "thickness_mm": "3"},)
    covered = {"brain": brain, "extents": []}
    verdict = {"requirements": [{"name": "flair", "coverage": covered}, {"name": "t2", "coverage": covered}]}
    row = SimpleNamespace(referral="surveillance")
    page = SimpleNamespace(told=None, row=row, series=series, priors=(), verdict=verdict)
    content = prefilled.prefilled(page)  # type: ignore[arg-type]
    assert content.get("protocol.sequences.flair.coverage") == said
    assert "protocol.sequences.t2.coverage" not in content  # none was recognised
    assert "protocol.sequences.dwi.coverage" not in content


@pytest.mark.parametrize(("verdict", "judged_by"), [({}, "full"), ({"simplified": True}, "simplified")])
def test_the_form_is_judged_by_the_protocol_that_the_site_declared(
    verdict: dict[str, object], judged_by: str
) -> None:
    """As the verdict was; a report cannot say “simplified” of a study that was judged by the full one."""
    row = SimpleNamespace(referral="surveillance", created_at=datetime(2026, 2, 1, tzinfo=UTC))
    row.sequences, row.shifted_study_date = ("flair",), "none"
    row.readability, row.pseudonym = "readable", "PML-TEST0001"
    page = SimpleNamespace(told=None, row=row, series=(), priors=(), verdict=verdict, journal=(), overrule={})
    assert prefilled.prefilled(page)["protocol.judged_by"] == judged_by  # type: ignore[arg-type]
    facts = facts_of(page, datetime(2026, 2, 4, tzinfo=UTC), ())  # type: ignore[arg-type]
    form = surveillance_without_t2() | {"protocol.judged_by": "simplified"}
    wrong = [problem.field for problem in form_problems(form, facts)]
    assert ("protocol.judged_by" in wrong) is (judged_by == "full")


def surveillance_without_t2() -> dict[str, object]:
    """The phantom's form as one of surveillance whose T2 was not made."""
    form = {
        name: value for name, value in phantom_form().items() if not name.startswith("protocol.sequences.t2.")
    }
    return form | {
        "protocol.sequences.t2.acquired": "absent",
        "lesions.0.t2": ["not_covered"],
        "context.referral": "surveillance",
    }


def test_a_question_stands_at_its_item_or_section_with_its_reason() -> None:
    """Each question has one place in the form, hidden while it is not asked, and is no problem of the item too."""
    asked = Contradiction("lesions", "Too large.", "Say why.", "volume_beyond_axis")
    told = Contradiction("suspicion", "No lesion.", "Say why.", "suspicion_without_lesion")
    content = dict(phantom_form()) | {"reasons.suspicion_without_lesion": "Seen elsewhere."}
    shown = sections(content, [asked, told], asked=[asked, told])
    places = [why for part in shown for why in part.whys]
    places += [why for part in shown for group in part.groups for each in group.fields for why in each.whys]
    assert sorted(why.key for why in places) == sorted(QUESTIONS)
    by_key = {why.key: why for why in places}
    assert (by_key["volume_beyond_axis"].problem, by_key["volume_beyond_axis"].is_open) == (
        "Too large. Say why.",
        True,
    )
    assert (by_key["suspicion_without_lesion"].reason, by_key["suspicion_without_lesion"].is_open) == (
        "Seen elsewhere.",
        False,
    )
    assert by_key["no_contrast"].problem == ""
    assert not any(each.problems for part in shown for group in part.groups for each in group.fields)


def test_a_study_is_here_since_its_first_line() -> None:
    """A second case of a study is younger than calls about it; a date that is none is not known."""
    came, again, now = (datetime(2026, 2, day, tzinfo=UTC) for day in (1, 3, 4))
    row = SimpleNamespace(
        created_at=again, sequences=("flair",), shifted_study_date="none", readability="readable"
    )
    row.pseudonym = "PML-TEST0001"
    journal = (SimpleNamespace(at=came), SimpleNamespace(at=again))
    page = SimpleNamespace(told=None, row=row, journal=journal, verdict={}, series=(), overrule={})
    facts = facts_of(page, now, ())  # type: ignore[arg-type]
    assert (facts.readable_since, facts.now, facts.shown_study_date) == (came, now, None)
    row.shifted_study_date, page.journal = "20260201", ()
    facts = facts_of(page, now, ())  # type: ignore[arg-type]
    assert (facts.readable_since, facts.shown_study_date) == (again, date(2026, 2, 1))
    assert facts.contrast_t1 is False


def test_a_signed_report_shows_what_it_recommended_and_a_draft_what_it_can_recommend() -> None:
    """A short-term follow-up of a signed report keeps its words; a kept draft is asked for the interval."""
    content = dict(phantom_form()) | {"recommendations": ["short_term", "csf_pcr"]}
    signed = field(content, "recommendations")
    assert signed.values == ("short_term", "csf_pcr")
    assert signed.earlier == (Recommendation.SHORT_TERM.label,)
    draft = field(draft_of_today(content), "recommendations")
    assert (draft.values, draft.earlier) == (("follow_up", "csf_pcr"), ())
    offered = {choice.value for choice in draft.item.choices}
    assert {answer.value for answer in Recommendation} - offered == set(RECOMMENDED)
