"""Guidelines are data with sources; a site declares one, or writes its own from the same rules."""

from __future__ import annotations

import json

import pytest

from routing_rules.surveillance.guidelines import (
    OWN,
    SiteGuidelines,
    guideline,
    names,
    own_guideline,
    standard_table,
)


def test_every_rule_limit_and_note_has_its_source() -> None:
    """The table names an edition, and a number of its own for each rule and wish."""
    table = standard_table()
    assert table.edition
    windows = (*table.intervals, *table.wishes)
    assert all(each.source and each.when for each in windows)
    assert all(note.source and note.text for note in table.notes)
    assert all(getattr(table.limits, name).source for name in type(table.limits).model_fields)
    assert len({each.id for each in windows}) == len(windows)
    known = {each.id for each in table.intervals}
    assert all({*each.intervals, *each.added} <= known for each in table.guidelines)


def test_the_limits_of_the_sources() -> None:
    """Cut-off of the assay, small up to 0.9, substantially higher above 1.5 (PRAC, February 2016)."""
    limits = standard_table().limits
    assert [
        limit.value
        for limit in (limits.negative_index_up_to, limits.low_index_up_to, limits.high_index_above)
    ] == [0.4, 0.9, 1.5]


@pytest.mark.parametrize("name", names())
def test_every_guideline_asks_for_a_full_mri_and_for_mris_after_natalizumab(name: str) -> None:
    """Where it is silent itself, the rule of another is added, and said why."""
    chosen = guideline(name)
    assert chosen.has_clock_of_full_mri()
    assert {"EMA-ALL", "NTZ-SWITCH"} <= {rule.id for rule in chosen.intervals}
    assert all(chosen.added.values())


def test_each_site_has_the_guideline_it_declared() -> None:
    """Others have the one for all."""
    sites = SiteGuidelines(guideline("strictest"), {"north": guideline("ema-2016")})
    assert (sites.of("north").title, sites.of("south").name) == ("EMA 2016", "strictest")


def test_a_site_writes_its_own() -> None:
    """Rules of the table by number, own ones, and other limits; the yearly full MRI stays."""
    limit = {"value": 12, "unit": "months on natalizumab", "source": "our board"}
    rule = {
        "id": "OWN-1",
        "applies_to": "on_treatment",
        "when": "everybody",
        "earliest_months": 5,
        "latest_months": 6,
        "source": "our board, 2026",
    }
    text = json.dumps(
        {
            "title": "Ours",
            "use": ["NTZ-HIGH"],
            "intervals": [rule],
            "limits": {"high_risk_from_months": limit},
        }
    )
    own = own_guideline(text)
    assert (own.name, own.title, [each.id for each in own.intervals]) == (
        OWN,
        "Ours",
        ["NTZ-HIGH", "EMA-ALL", "OWN-1"],
    )
    assert own.limits.high_risk_from_months.value == 12
    assert own.limits.low_index_up_to.value == 0.9
    assert "EMA-ALL" in own.added


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ("no json", "Invalid JSON"),
        ({}, "title"),
        ({"title": "T", "use": ["NTZ-HGIH"]}, "no rule NTZ-HGIH"),
        ({"title": "T", "limits": {"low": {"value": 1, "unit": "", "source": "s"}}}, "there is no low"),
        (
            {"title": "T", "limits": {"after_stopping_months": {"value": 0.5, "unit": "", "source": "s"}}},
            "after_stopping_months: months are whole numbers",
        ),
        ({"title": "T", "intervals": [{"id": "A", "applies_to": "on_treatment", "when": "w"}]}, "source"),
        (
            {
                "title": "T",
                "intervals": [{"id": "EMA-ALL", "applies_to": "on_treatment", "when": "w", "source": "s"}],
            },
            "EMA-ALL is taken",
        ),
        *(
            (
                {
                    "title": "T",
                    "intervals": [{"id": taken, "applies_to": "on_treatment", "when": "w", "source": "s"}],
                },
                f"{taken} is taken",
            )
            for taken in ("REPORT", "REPORT-URGENT")
        ),
        (
            {
                "title": "T",
                "intervals": [
                    {
                        "id": "A",
                        "applies_to": "on_treatment",
                        "when": "w",
                        "source": "s",
                        "earliest_months": 2,
                    }
                ],
            },
            "earliest is after latest",
        ),
    ],
)
def test_what_is_wrong_in_an_own_guideline_is_said(own: object, problem: str) -> None:
    """A rule without a source, a number that is not known or taken, days out of order."""
    with pytest.raises(ValueError, match=problem):
        own_guideline(own if isinstance(own, str) else json.dumps(own))


@pytest.mark.parametrize("name", ["latest_weeks", "latest_months"])
def test_an_interval_of_centuries_is_refused(name: str) -> None:
    """A day that no calendar has would stop the page of every patient of the site."""
    rule = {"id": "X", "applies_to": "on_treatment", "when": "w", "source": "s", name: 10**10}
    with pytest.raises(ValueError, match=name):
        own_guideline(json.dumps({"title": "t", "intervals": [rule]}))
    limit = {"test_valid_months": {"value": 1e9, "unit": "months", "source": "s"}}
    with pytest.raises(ValueError, match="test_valid_months"):
        own_guideline(json.dumps({"title": "t", "use": ["NTZ-HIGH"], "limits": limit}))
