"""Which guideline a site follows is a setting; one that cannot be used says so before anything is reckoned by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.errors import SettingsError
from gateway.guidelines import declared
from gateway.settings import SurveillanceSettings
from gateway.settings_file import load


def test_a_site_has_its_own_declaration_and_the_others_the_one_for_all(tmp_path: Path) -> None:
    """From the environment too, separated by commas; the file of a site's own guideline lies beside gateway.toml."""
    (tmp_path / "own.json").write_text(json.dumps({"title": "Ours", "use": ["NTZ-HIGH"]}))
    config = tmp_path / "gateway.toml"
    config.write_text('[surveillance]\nguideline = "magnims-2015"\nown = "own.json"\n')
    found = load(config, {"GATEWAY_SURVEILLANCE__SITES": "north=ema-2016, south = own"})
    guidelines = declared(found.surveillance)
    assert [guidelines.of(site).title for site in ("north", "south", "west")] == [
        "EMA 2016",
        "Ours",
        "MAGNIMS 2015",
    ]
    assert declared(SurveillanceSettings()).of("north").name == "strictest"


@pytest.mark.parametrize(
    ("sites", "guideline", "problem"),
    [
        ("north", "strictest", "no site and guideline"),
        ("north=emma", "strictest", "no guideline 'emma'"),
        ("north=own,north=ema-2016", "strictest", "twice"),
        ("", "nice", "no guideline 'nice'"),
    ],
)
def test_what_is_no_declaration_is_refused(sites: str, guideline: str, problem: str) -> None:
    """With the guidelines that there are."""
    with pytest.raises(ValidationError, match=problem):
        SurveillanceSettings.model_validate({"sites": sites, "guideline": guideline})


@pytest.mark.parametrize(
    ("text", "problem"), [(None, "names no file"), ("{}", "title"), ("", "cannot be read")]
)
def test_an_own_guideline_that_cannot_be_used_says_why(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    """No file, one that is not there, one that is wrong."""
    path = tmp_path / "own.json" if text is not None else None
    if path and text:
        path.write_text(text)
    with pytest.raises(SettingsError) as told:
        declared(SurveillanceSettings(guideline="own", own=path))
    assert problem in told.value.problem
    assert told.value.fix
