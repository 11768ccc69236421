"""Every thing that is asked about a patient changes some date, or the page says that it is not used."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.surveillance.due_dates import next_due
from routing_rules.surveillance.guidelines import guideline, names
from routing_rules.surveillance.risk import JcvStatus, PatientRisk
from routing_rules.surveillance.treatments import Drug, Treatment
from routing_rules.surveillance.unused import INPUTS, LAST, TODAY, combinations, grid, unused_inputs
from routing_rules.surveillance.windows import LastMris

YESTERDAY = TODAY - timedelta(days=1)
UNUSED = {
    "strictest": ("prior_immunosuppression", "dosing_interval_weeks"),
    "magnims-2015": ("prior_immunosuppression", "dosing_interval_weeks"),
    "ema-2016": ("dosing_interval_weeks",),
}


@pytest.mark.parametrize("name", names())
def test_what_changes_nothing_is_said(name: str) -> None:
    """Worked out of a grid that crosses every limit: 648 combinations for each guideline."""
    assert unused_inputs(guideline(name)) == UNUSED[name]
    assert len(list(combinations(guideline(name).limits))) == 648


@settings(max_examples=50, deadline=None)
@given(
    name=st.sampled_from(names()),
    risk=st.builds(
        PatientRisk,
        jcv_status=st.sampled_from(JcvStatus),
        jcv_index=st.none() | st.floats(0, 4),
        months_on_natalizumab=st.none() | st.floats(0, 60),
        tested_on=st.none() | st.just(TODAY - timedelta(days=90)),
        prior_immunosuppression=st.none() | st.booleans(),
    ),
    prior=st.none() | st.booleans(),
    weeks=st.none() | st.floats(4, 12),
    exchanged=st.booleans(),
)
def test_what_is_said_to_change_nothing_changes_nothing(
    name: str, risk: PatientRisk, prior: bool | None, weeks: float | None, exchanged: bool
) -> None:
    """Whatever else is known of the patient; nor does a plasma exchange under any guideline."""
    other = replace(risk, dosing_interval_weeks=weeks)
    if exchanged:
        other = replace(other, treatments=(Treatment(Drug.PLASMA_EXCHANGE, LAST, LAST),))
    if "prior_immunosuppression" in UNUSED[name]:
        other = replace(other, prior_immunosuppression=prior)
    asked, same = (next_due(TODAY, each, LastMris(LAST, LAST), (), guideline(name)) for each in (risk, other))
    assert asked is not None
    assert same is not None
    assert (asked.due_from, asked.due_by) == (same.due_from, same.due_by)


RISKIER = {"prior_immunosuppression": True, "jcv_status": JcvStatus.POSITIVE}
"""Input -> the answer that asks for MRIs sooner."""


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("asked", RISKIER)
def test_each_answer_counts_for_itself(name: str, asked: str) -> None:
    """Two answers that are known differ for somebody, and what is not known is taken as the riskier of them."""
    sooner, used = RISKIER[asked], asked not in UNUSED[name]
    values = grid(guideline(name).limits)[asked]
    unknown = JcvStatus.UNKNOWN if asked == "jcv_status" else None
    differs = False
    for patient in combinations(guideline(name).limits):
        if getattr(patient, asked) != unknown:
            continue
        by = {}
        for value in values:
            due = next_due(
                TODAY, replace(patient, **{asked: value}), LastMris(LAST, LAST), (), guideline(name)
            )
            assert due is not None
            by[value] = (due.due_by, due.due_from)
        assert by[sooner] == min(by.values())
        assert by[unknown] == by[sooner]
        differs |= len({by[value] for value in values if value != unknown}) > 1
    assert differs is used


def test_every_input_of_a_patient_is_looked_at() -> None:
    """A field that is added later is asked of every guideline as well."""
    assert set(INPUTS) == set(PatientRisk.__dataclass_fields__)


@pytest.mark.parametrize("name", names())
def test_every_patient_of_the_grid_has_a_next_mri(name: str) -> None:
    """No guideline leaves a patient on natalizumab without a date, at the latest a year after the last one."""
    for patient in combinations(guideline(name).limits):
        due = next_due(TODAY, patient, LastMris(YESTERDAY, YESTERDAY), (), guideline(name))
        assert due is not None
        assert due.due_by <= TODAY + timedelta(days=366)
