"""The score of the whole: ten actions on real and bundled files full of invented identity; all of them, and no byte."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pydicom
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.profile.profile import load_profile
from support.judges.midi_score import ACTIONS, Expected, Score, bytes_leaked, expectations, judge
from support.objects.hostile_mr import REAL_FILES, context
from support.objects.injected_identity import CHARSETS, as_file, inject, read

PROFILE = load_profile()
BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
REAL = sorted(path for path in REAL_FILES.glob("*/*") if path.is_file())
LEAVING = {*PROFILE.sop_classes, *PROFILE.releasable_sop_classes}
SETS = {
    "bundled": sorted(path for path in BUNDLED.rglob("*") if path.suffix != ".json" and path.is_file()),
    "real": REAL,
}
sets = pytest.mark.parametrize(
    "name",
    [
        "bundled",
        pytest.param(
            "real", marks=pytest.mark.skipif(not REAL, reason="no real MR files beside this repository")
        ),
    ],
)
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # pydicom about values of real files
]


@cache
def scored(name: str) -> Score:
    """All files of a set, injected with identity in one of four character sets, de-identified (captures released)."""
    score = Score()
    charsets = list(CHARSETS.items())
    for number, path in enumerate(SETS[name]):
        charset, who = charsets[number % len(charsets)]
        try:
            ds = dcmread(path, force=True)
            sop_class = str(ds.get("SOPClassUID", ""))
            ds.decode()
        except Exception:  # noqa: BLE001 - no DICOM file at all
            continue
        if sop_class not in LEAVING:
            continue
        original = read(as_file(inject(ds, who, charset), who))
        who_now = context(who)
        score.files += 1
        try:
            done = deidentify(original, who_now, PROFILE, "other", released=True)
        except Held:
            score.held += 1
            continue
        data = encode(done.dataset)
        output = read(data)
        for expected in expectations(original, who):
            score.add(path.name, expected, judge(expected, output, who_now))
        leaks = find_leaks(data, identifying_values([original], who_now.date_shift_days))
        if leaks or bytes_leaked(data, who):
            score.leaked.append(f"{path.name}: {sorted({leak.attribute for leak in leaks})}")
    return score


@sets
@pytest.mark.parametrize("action", [action for action in ACTIONS if action != "pixels_hidden"])
def test_every_required_action_is_taken(name: str, action: str) -> None:
    """100.00 %, for each of the actions."""
    score = scored(name)
    assert [failure for failure in score.failed if f": {action} " in failure] == []
    assert score.required[action] > 0


@pytest.mark.parametrize(
    "action",
    [action for action in ACTIONS if action not in ("pixels_hidden", "tag_retained", "text_notnull")],
)
def test_the_scorer_sees_an_object_that_was_not_treated(action: str) -> None:
    """Handing the original in as the result fails everything that asks for a change, and an empty one the rest."""
    who = CHARSETS["ISO_IR 192"]
    ds = dcmread(BUNDLED / "MR_small.dcm")
    original = read(as_file(inject(ds, who), who))
    kept = action.endswith("retained")
    output = Dataset() if kept else original
    output.PixelData = b"\0\0" if kept else original.PixelData
    assert bytes_leaked(as_file(original, who), who)
    wanted = [expected for expected in expectations(original, who) if expected.action == action]
    assert wanted
    assert not any(judge(expected, output, context(who)) for expected in wanted)


@sets
def test_no_identifier_is_in_any_output(name: str) -> None:
    """Zero bytes, by the leak search and by a plain scan that knows nothing of DICOM."""
    assert scored(name).leaked == []


@sets
def test_images_with_text_in_their_pixels_do_not_leave(name: str) -> None:
    """The tenth action, pixels hidden: everything that may show text is held, as are all classes that are not MR."""
    score = scored(name)
    for path in SETS[name]:
        try:
            ds = dcmread(path, force=True)
            sop_class = str(ds.get("SOPClassUID", ""))
        except Exception:  # noqa: BLE001 - no DICOM file at all
            continue
        if sop_class not in PROFILE.sop_classes:
            with pytest.raises(Held):
                deidentify(ds, context(), PROFILE)
            score.add(path.name, Expected("pixels_hidden", ()), True)


@sets
def test_the_score_is_shown(name: str, capsys: pytest.CaptureFixture[str], record_property: object) -> None:
    """The table of actions is part of the test's output."""
    test_images_with_text_in_their_pixels_do_not_leave(name)
    score = scored(name)
    table = str(score)
    record_property("score", table)  # type: ignore[operator]
    with capsys.disabled():
        print(f"\n{name} files\n{table}")  # noqa: T201
    assert score.correct == score.required
