"""The next MRI follows from rules with sources; the riskier reading counts, and every assumption is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.surveillance.due_dates import (
    CalendarState,
    FollowUp,
    JcvStatus,
    NextDue,
    PatientRisk,
    months_on_natalizumab,
    next_due,
    standard_rules,
    status,
)
from routing_rules.surveillance.sites import summaries

TODAY = date(2026, 6, 1)
KNOWN = PatientRisk(date(2024, 1, 1), JcvStatus.NEGATIVE, 0.2, 12.0, date(2026, 1, 1), False, 4.0)
HIGH = replace(KNOWN, jcv_status=JcvStatus.POSITIVE, jcv_index=2.0, months_on_natalizumab=30.0)
LAST = date(2026, 1, 31)


def due(enrolment: PatientRisk, last: date | None = LAST, wish: FollowUp | None = None) -> NextDue:
    """The next MRI; there must be one."""
    found = next_due(enrolment, last, wish)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("enrolment", "rule_id", "due_from", "due_by"),
    [
        (KNOWN, "NTZ-LOW", date(2027, 1, 31), date(2027, 1, 31)),  # no antibodies: yearly
        (
            HIGH,
            "NTZ-HIGH",
            date(2026, 4, 30),
            date(2026, 5, 31),
        ),  # antibodies and long treatment: 3 to 4 months
        # 12 months on 1 January 2026, so 18 on 2 July: until then a year, from then on 3 to 4 months after the last MRI
        (replace(KNOWN, jcv_status=JcvStatus.POSITIVE), "NTZ-HIGH", date(2026, 7, 3), date(2026, 7, 3)),
        (replace(HIGH, stopped_on=date(2026, 2, 15)), "NTZ-SWITCH", date(2026, 4, 30), date(2026, 5, 31)),
        (PatientRisk(date(2026, 1, 1)), "NTZ-HIGH", date(2026, 4, 30), date(2026, 5, 31)),  # nothing known
    ],
)
def test_the_rule_and_the_days(enrolment: PatientRisk, rule_id: str, due_from: date, due_by: date) -> None:
    """Each population has its interval, counted from the last MRI; the end of a short month is its last day."""
    found = due(enrolment)
    assert (found.rule_id, found.due_from, found.due_by) == (rule_id, due_from, due_by)
    assert found.source
    assert found.when


def test_what_is_not_known_is_said() -> None:
    """Every possibility that was taken for granted is in the answer; with full data there is none."""
    assert due(HIGH).assumptions == ()
    unknown = due(PatientRisk(date(2026, 1, 1)))
    assert unknown.assumptions == (
        "JC virus status is not known, taken as positive",
        "months on natalizumab are not known, taken as 18 or more",
    )
    contradiction = due(replace(KNOWN, jcv_index=1.2, months_on_natalizumab=20))
    assert contradiction.assumptions == (
        "JC virus status is negative, but the index is 1.2: taken as positive",
    )
    assert "Assumed: JC virus status" in status(TODAY, PatientRisk(date(2026, 1, 1)), LAST).explanation


def test_monitoring_after_stopping_ends() -> None:
    """For 12 months after the end 3 to 4 months apply; then no rule asks for a further MRI."""
    stopped = replace(HIGH, stopped_on=date(2025, 3, 1))
    assert due(stopped, date(2025, 11, 20)).rule_id == "NTZ-SWITCH"
    assert due(stopped, date(2025, 11, 20)).due_by == date(2026, 3, 1)
    assert next_due(stopped, date(2025, 12, 20)) is None
    found = status(TODAY, stopped, date(2025, 12, 20))
    assert (found.state, found.next_due) == (CalendarState.NOT_DUE, None)
    assert "stopped on 2025-03-01" in found.explanation


def test_an_mri_missed_before_stopping_stays_due() -> None:
    """Stopping does not make an MRI superfluous that should have been made before."""
    assert due(replace(HIGH, stopped_on=date(2026, 5, 1)), date(2025, 1, 1)).due_by == date(2025, 5, 1)


def test_a_recommendation_moves_the_date_forward_and_is_met_by_an_mri() -> None:
    """2 to 4 weeks after the MRI that was read; a later MRI meets it; a late one never postpones a rule."""
    wish = FollowUp(LAST)
    found = due(KNOWN, LAST, wish)
    assert (found.due_from, found.due_by, found.rule_id) == (
        date(2026, 2, 14),
        date(2026, 2, 28),
        "EDU-SHORT",
    )
    assert due(KNOWN, LAST + timedelta(days=20), wish).rule_id == "NTZ-LOW"
    assert due(HIGH, LAST, FollowUp(LAST, 300, 360)).rule_id == "NTZ-HIGH"
    longer = due(HIGH, LAST, FollowUp(LAST, 60, 60))
    assert (longer.rule_id, longer.source, "after 60 days" in longer.when) == (
        "REPORT",
        "the signed report",
        True,
    )
    over = replace(HIGH, stopped_on=date(2024, 1, 1))
    assert due(over, LAST, wish).rule_id == "EDU-SHORT"


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
    found = status(today, HIGH, last)
    assert (found.state, found.days_overdue) == (state, days)
    assert "BMC Neurology" in found.explanation


def test_nothing_to_count_from_is_unknown_data() -> None:
    """Without any date the state says so instead of inventing one; a recommendation is a date."""
    found = status(TODAY, replace(HIGH, enrolled_on=None), None)
    assert (found.state, found.next_due) == (CalendarState.UNKNOWN_DATA, None)
    assert "treat it as due" in found.explanation
    assert status(TODAY, PatientRisk(), None, FollowUp(TODAY)).state is CalendarState.NOT_DUE


def test_months_go_on_until_the_end_of_treatment() -> None:
    """Months are those of the day they were recorded, and grow until natalizumab is stopped."""
    assert months_on_natalizumab(KNOWN, date(2026, 7, 2)) == pytest.approx(18, abs=0.05)
    assert months_on_natalizumab(replace(KNOWN, stopped_on=date(2026, 4, 1)), TODAY) == pytest.approx(
        15, abs=0.05
    )
    assert months_on_natalizumab(PatientRisk(), TODAY) is None


def test_every_rule_has_its_source() -> None:
    """The table names an edition, and a source for each interval and note."""
    table = standard_rules()
    assert table.edition
    assert all(one.source and one.when for one in table.intervals)
    assert all(one.source and one.text for one in table.notes)
    assert len({one.id for one in table.intervals}) == len(table.intervals)


DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))
ENROLMENTS = st.builds(
    PatientRisk,
    enrolled_on=st.none() | DAYS,
    jcv_status=st.sampled_from(JcvStatus),
    jcv_index=st.none() | st.floats(0, 4),
    months_on_natalizumab=st.none() | st.floats(0, 60),
    recorded_on=st.none() | DAYS,
    prior_immunosuppression=st.none() | st.booleans(),
    dosing_interval_weeks=st.none() | st.floats(4, 12),
    stopped_on=st.none() | DAYS,
)
WISHES = st.none() | st.builds(FollowUp, DAYS, st.integers(1, 60), st.integers(1, 200))


def _not_later(riskier: NextDue | None, safer: NextDue | None) -> bool:
    if safer is None:
        return True
    return riskier is not None and riskier.due_by <= safer.due_by and riskier.due_from <= safer.due_from


@settings(max_examples=300, deadline=None)
@given(enrolment=ENROLMENTS, last=st.none() | DAYS, wish=WISHES, more=st.floats(0, 60))
def test_more_risk_never_gives_a_later_date(
    enrolment: PatientRisk, last: date | None, wish: FollowUp | None, more: float
) -> None:
    """Antibodies, a higher index, more months and prior immunosuppression never postpone an MRI."""
    base = next_due(enrolment, last, wish)
    riskier = [
        replace(enrolment, jcv_status=JcvStatus.POSITIVE),
        replace(enrolment, prior_immunosuppression=True),
        replace(enrolment, jcv_index=(enrolment.jcv_index or 0) + more)
        if enrolment.jcv_index is not None
        else enrolment,
        replace(enrolment, months_on_natalizumab=(enrolment.months_on_natalizumab or 0) + more)
        if enrolment.months_on_natalizumab is not None
        else enrolment,
    ]
    for one in riskier:
        assert _not_later(next_due(one, last, wish), base), one


@settings(max_examples=300, deadline=None)
@given(enrolment=ENROLMENTS, last=st.none() | DAYS)
def test_not_knowing_is_never_better_than_knowing(enrolment: PatientRisk, last: date | None) -> None:
    """Whatever is struck out of the data, the date does not become later."""
    base = next_due(enrolment, last)
    for unknown in (
        replace(enrolment, jcv_status=JcvStatus.UNKNOWN),
        replace(enrolment, months_on_natalizumab=None),
        replace(enrolment, prior_immunosuppression=None),
        replace(enrolment, dosing_interval_weeks=None),
    ):
        assert _not_later(next_due(unknown, last), base), unknown


@settings(max_examples=200, deadline=None)
@given(enrolment=ENROLMENTS, last=st.none() | DAYS, wish=WISHES, today=DAYS)
def test_a_recommendation_never_postpones(
    enrolment: PatientRisk, last: date | None, wish: FollowUp | None, today: date
) -> None:
    """With a recommendation the MRI is due as early as without, or earlier; and every status is explained."""
    assert _not_later(next_due(enrolment, last, wish), next_due(enrolment, last))
    found = status(today, enrolment, last, wish)
    assert found.explanation
    assert (found.days_overdue > 0) is (found.state in (CalendarState.OVERDUE, CalendarState.MISSING))


def test_sites_are_summarised_for_the_plot() -> None:
    """Every state and every month ahead are there, also with 0; what is overdue has to be made good this month."""
    statuses = [
        ("north", status(TODAY, HIGH, LAST)),
        ("north", status(TODAY, KNOWN, LAST)),
        ("south", status(TODAY, HIGH, None)),
        ("south", status(TODAY, replace(HIGH, enrolled_on=None), None)),
    ]
    north, south = summaries(statuses, TODAY, months=9)
    assert (
        north.site,
        north.patients,
        north.counts[CalendarState.OVERDUE],
        north.counts[CalendarState.NOT_DUE],
    ) == (
        "north",
        2,
        1,
        1,
    )
    assert north.due_by_month[0] == ("2026-06", 1)
    assert north.due_by_month[7] == ("2027-01", 1)
    assert len(north.due_by_month) == 9
    assert (
        south.counts[CalendarState.MISSING],
        south.counts[CalendarState.UNKNOWN_DATA],
        south.counts[CalendarState.DUE],
    ) == (
        1,
        1,
        0,
    )
    assert summaries([], TODAY) == ()
