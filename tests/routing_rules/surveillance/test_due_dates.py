"""The next MRI follows from rules with sources; the riskier reading counts, and every assumption is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing_rules.surveillance.due_dates import (
    CalendarState,
    CalendarStatus,
    NextDue,
    ReportWish,
    next_due,
    status,
    wish,
)
from routing_rules.surveillance.guidelines import Guideline, WishKind, guideline
from routing_rules.surveillance.risk import JcvStatus, PatientRisk
from routing_rules.surveillance.sites import summaries
from routing_rules.surveillance.treatments import Drug, Treatment, read_treatments
from routing_rules.surveillance.windows import LastMris

TODAY = date(2026, 6, 1)
KNOWN = PatientRisk(
    date(2024, 1, 1),
    JcvStatus.NEGATIVE,
    0.2,
    12.0,
    date(2026, 1, 1),
    prior_immunosuppression=False,
    dosing_interval_weeks=4.0,
    tested_on=date(2026, 3, 1),
)
HIGH = replace(KNOWN, jcv_status=JcvStatus.POSITIVE, jcv_index=2.0, months_on_natalizumab=30.0)
LAST = date(2026, 1, 31)
STRICTEST, MAGNIMS, EMA = map(guideline, ("strictest", "magnims-2015", "ema-2016"))


def at(
    risk: PatientRisk,
    last: date | None = LAST,
    *wishes: ReportWish,
    by: Guideline = STRICTEST,
    full: date | None = None,
    today: date = TODAY,
) -> CalendarStatus:
    """Where a patient stands whose last MRI was a full one, unless `full` says which was."""
    return status(today, risk, LastMris(last, full or last), wishes, by)


def due(
    risk: PatientRisk, last: date | None = LAST, *wishes: ReportWish, by: Guideline = STRICTEST
) -> NextDue:
    """The next MRI; there must be one."""
    asked = at(risk, last, *wishes, by=by).next_due
    assert asked is not None
    return asked


@pytest.mark.parametrize(
    ("risk", "rule_id", "due_from", "due_by"),
    [
        (KNOWN, "NTZ-LOW", date(2027, 1, 31), date(2027, 1, 31)),
        (HIGH, "NTZ-HIGH", date(2026, 4, 30), date(2026, 5, 31)),
        # 12 months on 1 January 2026, so 18 on 2 July: until then a year, from then on 3 to 4 months after the last MRI
        (replace(KNOWN, jcv_status=JcvStatus.POSITIVE), "NTZ-HIGH", date(2026, 7, 3), date(2026, 7, 3)),
        (replace(HIGH, stopped_on=date(2025, 12, 15)), "NTZ-SWITCH", date(2026, 4, 30), date(2026, 5, 31)),
        (PatientRisk(date(2026, 1, 1)), "NTZ-HIGH", date(2026, 4, 30), date(2026, 5, 31)),
    ],
    ids=["no antibodies", "high risk", "18 months to come", "stopped", "nothing known"],
)
def test_the_rule_and_the_days(risk: PatientRisk, rule_id: str, due_from: date, due_by: date) -> None:
    """Each population has its interval, counted from the last MRI; the end of a short month is its last day."""
    asked = due(risk)
    assert (asked.rule_id, asked.due_from, asked.due_by) == (rule_id, due_from, due_by)
    assert asked.source
    assert asked.when


def test_what_is_not_known_is_said() -> None:
    """Every possibility that was taken for granted is in the answer; with full data there is none."""
    assert due(HIGH).assumptions == ()
    assert due(PatientRisk(date(2026, 1, 1))).assumptions == (
        "JC virus status is not known, taken as positive",
        "months on natalizumab are not known, taken as 18 or more",
    )
    assert "Assumed: JC virus status" in at(PatientRisk(date(2026, 1, 1))).explanation


@pytest.mark.parametrize(
    ("index", "contradicts"), [(None, False), (0.2, False), (0.4, False), (0.41, True), (0.9, True)]
)
def test_a_negative_test_with_an_index_above_the_cut_off_is_asked_about(
    index: float | None, contradicts: bool
) -> None:
    """The assay's cut-off is 0.4: above it the riskier answer counts until somebody says which is right."""
    standing = at(replace(KNOWN, jcv_index=index, months_on_natalizumab=20.0))
    assert (standing.questions != (), standing.next_due is not None and standing.next_due.rule_id) == (
        contradicts,
        "NTZ-HIGH" if contradicts else "NTZ-LOW",
    )


@pytest.mark.parametrize(("index", "contradicts"), [(None, False), (0.1, True), (0.2, False), (2.5, False)])
def test_a_positive_test_with_the_index_of_a_negative_one_is_asked_about(
    index: float | None, contradicts: bool
) -> None:
    """Below 0.2 the assay is negative: positive counts until somebody says which is right."""
    standing = at(replace(HIGH, jcv_index=index))
    assert (standing.questions != ()) is contradicts
    assert standing.next_due is not None
    assert standing.next_due.rule_id == "NTZ-HIGH"


@pytest.mark.parametrize(
    ("tested_on", "rule_id", "test_by"),
    [
        (date(2025, 12, 1), "NTZ-LOW", date(2026, 6, 1)),
        (date(2025, 11, 30), "NTZ-HIGH", date(2026, 5, 30)),
        (date(2016, 1, 1), "NTZ-HIGH", date(2016, 7, 1)),
        (None, "NTZ-HIGH", TODAY),
    ],
)
def test_a_negative_test_counts_for_six_months(tested_on: date | None, rule_id: str, test_by: date) -> None:
    """Then, or when its day is not known, it is taken as positive and said so; the next test has its day."""
    risk = replace(KNOWN, tested_on=tested_on, months_on_natalizumab=40.0)
    standing = at(risk)
    assert standing.next_due is not None
    assert (standing.next_due.rule_id, standing.antibody_test_by) == (rule_id, test_by)
    assert bool(standing.next_due.assumptions) is (rule_id == "NTZ-HIGH")
    assert at(HIGH).antibody_test_by is None


@pytest.mark.parametrize(
    ("index", "prior", "rule_id", "assumed"),
    [
        (0.9, False, "EMA-ALL", 0),
        (0.91, False, "EMA-HIGH", 1),
        (1.5, False, "EMA-HIGH", 1),
        (1.51, False, "EMA-HIGH", 0),
        (None, False, "EMA-HIGH", 1),
        (0.9, None, "EMA-HIGH", 1),
        (0.9, True, "EMA-HIGH", 0),
    ],
)
def test_ema_stratifies_by_index_and_prior_immunosuppression(
    index: float | None, prior: bool | None, rule_id: str, assumed: int
) -> None:
    """Up to 0.9 the risk is small, above 1.5 it increases substantially; between them it is taken as high, and said."""
    asked = due(replace(HIGH, jcv_index=index, prior_immunosuppression=prior), by=EMA)
    assert (asked.rule_id, len(asked.assumptions)) == (rule_id, assumed)
    assert (
        due(replace(HIGH, jcv_index=index, prior_immunosuppression=prior), by=MAGNIMS).rule_id == "NTZ-HIGH"
    )


def test_a_low_index_grows_old_as_a_negative_test_does() -> None:
    """EMA asks for the test again every six months."""
    old = replace(HIGH, jcv_index=0.5, tested_on=date(2025, 1, 1))
    assert due(old, by=EMA).assumptions == ("the low index is older than 6 months, taken as above 1.5",)
    assert (at(old, by=EMA).antibody_test_by, at(old, by=MAGNIMS).antibody_test_by) == (
        date(2025, 7, 1),
        None,
    )


def test_an_abbreviated_mri_leaves_the_clock_of_the_full_one() -> None:
    """A full MRI is due a year after the last full one, however many others were made since."""
    standing = at(KNOWN, LAST, full=date(2025, 3, 1))
    assert standing.next_due is not None
    assert (standing.next_due.rule_id, standing.next_due.due_by, standing.next_due.is_full) == (
        "EMA-ALL",
        date(2026, 3, 1),
        True,
    )
    assert standing.state is CalendarState.OVERDUE
    high = at(HIGH, LAST, full=date(2025, 12, 1))
    assert high.next_due is not None
    assert high.next_full is not None
    assert (high.next_due.rule_id, high.next_due.is_full, high.next_full.due_by) == (
        "NTZ-HIGH",
        False,
        date(2026, 12, 1),
    )


def test_an_mri_of_which_nobody_said_whether_it_was_full_is_asked_about() -> None:
    """It may not have been: a full one counts as due until that is said, and as overdue only a year after it."""
    standing = status(TODAY, KNOWN, LastMris(LAST, None, LAST), (), STRICTEST)
    assert (standing.state, len(standing.questions)) == (CalendarState.DUE, 1)
    assert standing.next_due is not None
    assert standing.next_due.due_by == date(2027, 1, 31)
    assert at(KNOWN).questions == ()


@pytest.mark.parametrize(
    ("since", "full", "due_by"),
    [
        (date(2026, 1, 1), None, date(2027, 1, 1)),
        (date(2024, 1, 1), None, date(2025, 1, 1)),
        (date(2024, 1, 1), date(2025, 9, 1), date(2026, 9, 1)),
        (date(2024, 1, 1), date(2022, 9, 1), date(2025, 1, 1)),
        (date(2026, 5, 1), None, date(2027, 1, 31)),
    ],
)
def test_a_word_that_is_renewed_does_not_put_off_the_full_mri_for_ever(
    since: date, full: date | None, due_by: date
) -> None:
    """Nobody ever says that it was a full one: overdue a year after the patient came, or after the last full one."""
    standing = status(TODAY, KNOWN, LastMris(LAST, full, LAST, since), (), STRICTEST)
    assert standing.next_full is not None
    assert standing.next_full.due_by == due_by
    assert len(standing.questions) == 1
    assert (standing.state is CalendarState.OVERDUE) is (due_by < TODAY)


def test_monitoring_after_natalizumab_ends_with_a_closing_mri() -> None:
    """3 to 4 months apply for 12 months; the last MRI belongs into the last of them, and then no rule asks."""
    stopped = replace(HIGH, stopped_on=date(2025, 3, 1))
    assert (due(stopped, date(2025, 7, 1)).rule_id, due(stopped, date(2025, 7, 1)).due_by) == (
        "NTZ-SWITCH",
        date(2025, 11, 1),
    )
    closing = due(stopped, date(2025, 12, 15))  # 9.5 months after the end, and 13 months are over by now
    assert (closing.rule_id, closing.due_from, closing.due_by) == (
        "NTZ-SWITCH",
        date(2026, 2, 1),
        date(2026, 3, 1),
    )
    standing = at(stopped, date(2026, 2, 1))
    assert (standing.state, standing.next_due) == (CalendarState.NOT_DUE, None)
    assert "stopped on 2025-03-01" in standing.explanation


def test_an_mri_missed_before_stopping_stays_due() -> None:
    """Stopping does not make an MRI superfluous that should have been made before."""
    assert due(replace(HIGH, stopped_on=date(2026, 5, 1)), date(2025, 1, 1)).due_by == date(2025, 5, 1)


def test_a_restart_hands_over_to_the_rules_on_natalizumab() -> None:
    """A pause has the interval after stopping; months of both periods are added up; after the restart none is over."""
    paused = replace(
        HIGH,
        months_on_natalizumab=None,
        recorded_on=None,
        treatments=read_treatments("natalizumab 2024-06-01/2025-06-01, natalizumab 2025-12-01/.."),
    )
    assert due(paused, date(2025, 7, 1)).due_by == date(2025, 11, 1)
    # 12 months and then 6 more: 18 are reached on 1 June 2026
    low = due(paused, date(2026, 2, 1))
    assert (low.rule_id, low.due_by) == ("NTZ-HIGH", date(2026, 6, 2))
    assert low.assumptions == ()


def test_at_high_risk_an_mri_belongs_to_the_end_and_to_the_start_of_the_next() -> None:
    """At the end of natalizumab, and after the next therapy began; both want T1 with contrast."""
    switched = replace(
        HIGH,
        stopped_on=date(2026, 3, 1),
        treatments=(Treatment(Drug.OCRELIZUMAB, date(2026, 5, 1), None),),
    )
    end = due(switched, date(2026, 1, 15))
    assert (end.rule_id, end.due_from, end.due_by) == ("NTZ-SWITCH-END", date(2026, 2, 1), date(2026, 4, 1))
    assert "t1_contrast" in end.sequences
    begun = due(switched, date(2026, 4, 20))
    assert (begun.rule_id, begun.due_by) == ("NTZ-SWITCH", date(2026, 8, 20))
    assert due(replace(switched, stopped_on=date(2026, 4, 1)), date(2026, 4, 30)).due_by == date(2026, 8, 30)
    assert due(switched, date(2026, 4, 30)).due_from == date(2026, 5, 1)  # the start of the next opens it
    low = replace(switched, jcv_status=JcvStatus.NEGATIVE, jcv_index=0.1)
    assert due(low, date(2026, 1, 15)).rule_id == "NTZ-SWITCH"


def test_a_plasma_exchange_changes_no_date() -> None:
    """It is kept with the treatments; no source says more, and the page says so."""
    stopped = replace(HIGH, stopped_on=date(2026, 3, 1))
    exchanged = replace(stopped, treatments=read_treatments("plasma_exchange 2026-03-05"))
    assert due(stopped) == due(exchanged)


def test_a_follow_up_moves_the_date_forward_and_is_met_by_an_mri() -> None:
    """2 to 4 weeks after the MRI that was read; a later MRI meets it; a late one never postpones a rule."""
    short = ReportWish(LAST)
    asked = due(KNOWN, LAST, short)
    assert (asked.due_from, asked.due_by, asked.rule_id) == (
        date(2026, 2, 14),
        date(2026, 2, 28),
        "EDU-SHORT",
    )
    assert due(KNOWN, LAST + timedelta(days=20), short).rule_id == "NTZ-LOW"
    assert due(HIGH, LAST, ReportWish(LAST, 300, 360)).rule_id == "NTZ-HIGH"
    longer = due(HIGH, LAST, ReportWish(LAST, 60, 60))
    assert (longer.rule_id, longer.source, "after 60 days" in longer.when) == (
        "REPORT",
        "the signed report",
        True,
    )
    over = replace(HIGH, stopped_on=date(2024, 1, 1))
    assert due(over, LAST, short).rule_id == "EDU-SHORT"


@pytest.mark.parametrize(
    ("kind", "rule_id"),
    [
        (WishKind.REPEAT, "REPORT-REPEAT"),
        (WishKind.CONTRAST, "REPORT-CONTRAST"),
        (WishKind.URGENT, "REPORT-URGENT"),
    ],
)
def test_what_a_report_asks_for_keeps_the_patient_due(kind: WishKind, rule_id: str) -> None:
    """From the day of the MRI on, until a later one answers it; contrast is asked for by name."""
    asked = due(KNOWN, LAST, wish(kind, LAST))
    assert (asked.rule_id, asked.due_from) == (rule_id, LAST)
    assert asked.due_by <= LAST + timedelta(weeks=4)
    assert ("t1_contrast" in asked.sequences) is (kind is WishKind.CONTRAST)
    later = LAST + timedelta(days=1)
    answered = due(KNOWN, later, wish(kind, LAST))
    assert answered.rule_id == ("REPORT-CONTRAST" if kind is WishKind.CONTRAST else "NTZ-LOW")
    for named in (("t2",), ("t1_contrast",), ("flair", "t2")):
        wanted = wish(kind, LAST, named)
        lacking = next_due(TODAY, KNOWN, LastMris(later, later), [wanted], STRICTEST)
        assert lacking is not None
        assert (lacking.rule_id, lacking.sequences) == (rule_id, named)
        assert "no MRI since is known to have had" in lacking.when
        for day, open_still in ((LAST, True), (later, False)):
            mris = LastMris(later, later, by_sequence=tuple((name, day) for name in named))
            found = next_due(TODAY, KNOWN, mris, [wanted], STRICTEST)
            assert found is not None
            assert (found.rule_id == rule_id) is open_still


@pytest.mark.parametrize(
    ("today", "last", "state", "days"),
    [
        (date(2026, 4, 29), LAST, CalendarState.NOT_DUE, 0),
        (date(2026, 4, 30), LAST, CalendarState.DUE, 0),
        (date(2026, 5, 31), LAST, CalendarState.DUE, 0),
        (date(2026, 6, 1), LAST, CalendarState.OVERDUE, 1),
        (date(2024, 2, 1), None, CalendarState.DUE, 0),
        (date(2024, 6, 1), None, CalendarState.MISSING, 31),
    ],
)
def test_states(today: date, last: date | None, state: CalendarState, days: int) -> None:
    """Not due, due on both last days, overdue, and missing when no MRI was ever seen."""
    standing = at(HIGH, last, today=today)
    assert (standing.state, standing.days_overdue) == (state, days)
    assert "BMC Neurology" in standing.explanation


def test_nothing_to_count_from_is_unknown_data() -> None:
    """Without any date the state says so instead of inventing one; a recommendation is a date."""
    standing = at(replace(HIGH, enrolled_on=None), None)
    assert (standing.state, standing.next_due) == (CalendarState.UNKNOWN_DATA, None)
    assert "treat it as due" in standing.explanation
    assert at(PatientRisk(), None, ReportWish(TODAY)).state is CalendarState.NOT_DUE


DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))
PERIODS = st.lists(DAYS, max_size=4, unique=True).map(
    lambda days: tuple(
        Treatment(Drug.NATALIZUMAB, start, stop)
        for start, stop in zip(sorted(days)[::2], [*sorted(days)[1::2], None], strict=False)
    )
)
RISKS = st.builds(
    PatientRisk,
    enrolled_on=st.none() | DAYS,
    jcv_status=st.sampled_from(JcvStatus),
    jcv_index=st.none() | st.floats(0, 4),
    months_on_natalizumab=st.none() | st.floats(0, 60),
    recorded_on=st.none() | DAYS,
    prior_immunosuppression=st.none() | st.booleans(),
    dosing_interval_weeks=st.none() | st.floats(4, 12),
    stopped_on=st.none() | DAYS,
    tested_on=st.none() | DAYS,
    treatments=PERIODS,
)
MRIS = st.builds(
    lambda last, full: LastMris(last, full and last and min(last, full)), st.none() | DAYS, st.none() | DAYS
)
WISHES = st.lists(
    st.builds(ReportWish, DAYS, st.integers(0, 60), st.integers(0, 200), st.sampled_from(WishKind)),
    max_size=2,
)
GUIDELINES = st.sampled_from([STRICTEST, MAGNIMS, EMA])


def _not_later(riskier: NextDue | None, safer: NextDue | None) -> bool:
    if safer is None:
        return True
    return riskier is not None and riskier.due_by <= safer.due_by and riskier.due_from <= safer.due_from


def _is_before_enrolment(risk: PatientRisk, mris: LastMris) -> bool:
    """A known gap: rules for those without antibodies count from such an MRI, that for everybody from the enrolment."""
    return mris.last_on is not None and risk.enrolled_on is not None and mris.last_on < risk.enrolled_on


@settings(max_examples=150, deadline=None)
@given(risk=RISKS, mris=MRIS, wishes=WISHES, more=st.floats(0, 60), by=GUIDELINES, today=DAYS)
def test_more_risk_never_gives_a_later_date(
    risk: PatientRisk, mris: LastMris, wishes: list[ReportWish], more: float, by: Guideline, today: date
) -> None:
    """Antibodies, a higher index, more months and prior immunosuppression never postpone an MRI."""
    assume(not _is_before_enrolment(risk, mris))
    base = next_due(today, risk, mris, wishes, by)
    riskier = [
        replace(risk, jcv_status=JcvStatus.POSITIVE),
        replace(risk, prior_immunosuppression=True),
        risk if risk.jcv_index is None else replace(risk, jcv_index=risk.jcv_index + more),
        risk
        if risk.months_on_natalizumab is None
        else replace(risk, months_on_natalizumab=risk.months_on_natalizumab + more),
    ]
    for each in riskier:
        assert _not_later(next_due(today, each, mris, wishes, by), base), each


@settings(max_examples=150, deadline=None)
@given(risk=RISKS, mris=MRIS, by=GUIDELINES, today=DAYS)
def test_not_knowing_is_never_better_than_knowing(
    risk: PatientRisk, mris: LastMris, by: Guideline, today: date
) -> None:
    """Whatever is struck out of the data, the date does not become later."""
    assume(not _is_before_enrolment(risk, mris))
    base = next_due(today, risk, mris, (), by)
    for unknown in (
        replace(risk, jcv_status=JcvStatus.UNKNOWN),
        # The day of the first dose tells the months, too; where the two contradict each other the riskier counts.
        risk if risk.treatments else replace(risk, months_on_natalizumab=None),
        replace(risk, prior_immunosuppression=None),
        replace(risk, dosing_interval_weeks=None),
        replace(risk, tested_on=None),
    ):
        assert _not_later(next_due(today, unknown, mris, (), by), base), unknown


@settings(max_examples=100, deadline=None)
@given(risk=RISKS, mris=MRIS, wishes=WISHES, today=DAYS, by=GUIDELINES)
def test_a_wish_never_postpones(
    risk: PatientRisk, mris: LastMris, wishes: list[ReportWish], today: date, by: Guideline
) -> None:
    """With a wish the MRI is due as early as without, or earlier; and every status is explained."""
    assert _not_later(next_due(today, risk, mris, wishes, by), next_due(today, risk, mris, (), by))
    standing = status(today, risk, mris, wishes, by)
    assert standing.explanation
    assert (standing.days_overdue > 0) is (standing.state in (CalendarState.OVERDUE, CalendarState.MISSING))


@settings(max_examples=100, deadline=None)
@given(risk=RISKS, mris=MRIS, today=DAYS)
def test_the_strictest_guideline_is_never_later_than_another(
    risk: PatientRisk, mris: LastMris, today: date
) -> None:
    """Who declares none waits for no MRI longer than under any guideline."""
    strict = next_due(today, risk, mris, (), STRICTEST)
    for by in (MAGNIMS, EMA):
        assert _not_later(strict, next_due(today, risk, mris, (), by))


def test_sites_are_summarised_for_the_plot() -> None:
    """Every state and every month ahead are there, also with 0; what is overdue has to be made good this month."""
    statuses = [
        ("north", at(HIGH)),
        ("north", at(KNOWN)),
        ("south", at(HIGH, None)),
        ("south", at(replace(HIGH, enrolled_on=None), None)),
    ]
    north, south = summaries(statuses, TODAY, months=9)
    counts = [north.counts[state] for state in (CalendarState.OVERDUE, CalendarState.NOT_DUE)]
    assert (north.site, north.patients, counts) == ("north", 2, [1, 1])
    assert north.due_by_month[0] == ("2026-06", 1)
    assert north.due_by_month[7] == ("2027-01", 1)
    assert len(north.due_by_month) == 9
    states = (CalendarState.MISSING, CalendarState.UNKNOWN_DATA, CalendarState.DUE)
    assert [south.counts[state] for state in states] == [1, 1, 0]
    assert summaries([], TODAY) == ()


def test_of_two_ends_the_later_keeps_the_calendar_awake() -> None:
    """Nobody is left without MRIs because one of two entries of an end is wrong."""
    stopped = replace(
        HIGH, stopped_on=date(2026, 5, 1), treatments=read_treatments("natalizumab 2019-03-01/2025-01-01")
    )
    assert at(stopped, date(2025, 12, 10)).state is CalendarState.OVERDUE


def test_stored_natalizumab_of_a_day_to_come_is_asked_about() -> None:
    """Rows of before the list refused such a day: whoever is said to begin in 2062 is asked about."""
    future = replace(HIGH, treatments=read_treatments("natalizumab 2062-01-01/.."))
    assert any("2062-01-01" in question for question in at(future).questions)
    begun = replace(HIGH, months_on_natalizumab=None, treatments=read_treatments("natalizumab 2022-01-01/.."))
    assert at(begun).questions == ()
