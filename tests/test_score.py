"""`./dev score`: what counts as right, unsure and wrong, and that what is labelled is answered right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from score import curve, faces, recognition
from score.__main__ import main
from score.scores import SCORES
from support.objects.labelled_series import LabelledSeries, labelled_series
from support.objects.mr_headers import KNOWN, series

T2 = next(known for known in KNOWN if known.name == "Siemens TSE T2")


def labelled(kind: str, *, proven: bool = True, **attributes: Any) -> LabelledSeries:
    """A labelled series of three images: a T2 unless its attributes are given."""
    return LabelledSeries(
        "made up",
        "Siemens",
        kind,
        proven,
        lambda: series(1, 3, **attributes) if attributes else T2.headers(images=3),
    )


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (labelled("t2"), (1, 1, 0, 0, 0)),
        (labelled("flair"), (1, 0, 0, 1, 5)),
        (labelled("flair", SeriesDescription="FLAIR"), (1, 0, 1, 0, 1)),
        (labelled("other", proven=False), (1, 0, 0, 1, 5)),
        (labelled("other", proven=False, SeriesDescription="FLAIR"), (1, 1, 0, 0, 0)),
    ],
)
def test_a_wrong_guess_costs_five_times_an_honest_other(asked: LabelledSeries, line: tuple[int, ...]) -> None:
    """Series, right, unsure, wrong and cost of one answer; what was not right is named."""
    found = recognition.of([asked])
    assert found.rows == (("Siemens", *line), ("all", *line))
    assert len(found.failed) == line[2] + line[3]


def test_every_labelled_series_is_recognised() -> None:
    """No labelled series is wrong or unsure, and each has a name of its own."""
    assert recognition.score().failed == ()
    names = [one.name for one in labelled_series()]
    assert len(names) == len(set(names))


def test_every_face_goes_or_is_held() -> None:
    """Honest heads lose their faces and nothing of the brain; no object of a head that lies may leave."""
    found = faces.score()
    assert found.failed == ()
    assert len(found.rows) == 5 + 2 * len(faces.LIES)


def test_the_command_prints_its_tables_and_fails_for_what_is_not_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table for each score, the answers that were not right, exit status 1 for them and 2 for a name that is none."""
    good = recognition.of([labelled("t2")])
    bad = replace(good, title="Another", failed=("wrong: made up",))
    monkeypatch.setattr("score.__main__.SCORES", {"good": lambda: good, "bad": lambda: bad})
    monkeypatch.setattr("sys.argv", ["score", "good"])
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["score"])
    assert main() == 1
    said = capsys.readouterr().out
    assert "| Siemens | 1 | 1 | 0 | 0 | 0 |" in said
    assert "# Another" in said
    assert "- wrong: made up" in said
    monkeypatch.setattr("sys.argv", ["score", "none"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert set(SCORES) == {"alignment", "change", "faces", "privacy", "recognition"}


def test_the_curve_of_the_manual_is_that_of_its_table() -> None:
    """A table that changes has its picture drawn anew: python -m score.curve."""
    page = curve.TABLE.read_text(encoding="utf-8")
    assert curve.PICTURE.read_text(encoding="utf-8") == curve.drawn(page)
    assert curve.shares(page)["slices of 1 mm"][1:] == [1.0] * 4
