"""Commands on cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command_line import Command, command
from support.engine import bench
from support.patients import RULES, found_in, images, to_the_queue, traces

__all__ = ["command"]


def test_an_empty_gateway_lists_no_cases(command: Command) -> None:
    """As JSON an empty list."""
    command("init", ".")
    code, listed = command("cases", "list", "--json")
    assert (code, json.loads(listed)) == (0, [])


@pytest.fixture
def case(command: Command, tmp_path: Path) -> int:
    """A gateway with one case in the queue."""
    command("init", ".")
    folder = tmp_path / "gateway-data"
    with bench(folder, RULES, f"sqlite:///{folder}/gateway.sqlite") as gateway:
        to_the_queue(gateway, images(2))
    command("cases", "list")  # takes away what the engine above has printed
    return 1


def test_a_case_is_listed_and_shown_without_an_identity(command: Command, case: int, tmp_path: Path) -> None:
    """Its journal line by line, or as JSON; pseudonyms only, in both."""
    [row] = json.loads(command("cases", "list", "--json")[1])
    assert (row["id"], row["state"], row["site"]) == (case, "FORWARDED", "hospital")
    code, said = command("cases", "show", case)
    assert code == 0
    assert f"Case {case}, {row['pseudonym']}, FORWARDED" in said
    page = json.loads(command("cases", "show", case, "--json")[1])
    assert page["row"]["pseudonym"] == row["pseudonym"]
    printed = [line for line in said.splitlines() if line.startswith("20")]
    assert len(printed) == len(page["journal"]) > 1
    assert all(event["what"] in line for event, line in zip(page["journal"], printed, strict=True))
    (tmp_path / "printed").mkdir()
    (tmp_path / "printed" / "all").write_text(said + json.dumps(page))
    assert found_in(tmp_path / "printed", traces(images(2))) == set()


def test_a_case_is_parked_retried_and_released(command: Command, case: int) -> None:
    """Parked it shows why and waits; tried again the problem is gone; a claim that nobody has is still given back."""
    assert command("cases", "park", case)[0] == 2, "without a reason"
    assert command("cases", "park", case, "--why", "the [scanner] is checked")[0] == 0
    code, said = command("cases", "show", case)
    assert (code, "the [scanner] is checked" in said) == (0, True)
    assert json.loads(command("cases", "list", "--json")[1])[0]["problem"]
    assert command("cases", "retry", case)[0] == 0
    assert json.loads(command("cases", "list", "--json")[1])[0]["problem"] == ""
    assert command("cases", "release", case)[0] == 0
