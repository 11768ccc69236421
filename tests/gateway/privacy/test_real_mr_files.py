"""Real scanner files, when they lie beside the repository: clean, readable, and no worse for dciodvfy."""

from __future__ import annotations

import json
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.profile import safe_private
from gateway.privacy.profile.profile import load_profile
from support.judges.validity import new_complaints
from support.objects.hostile_mr import REAL_FILES, context

PROFILE = load_profile()
FILES = (
    sorted(path for path in REAL_FILES.glob("*/*") if path.suffix in (".dcm", ".IMA"))
    if REAL_FILES.is_dir()
    else []
)
VIEWING = (
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SliceThickness",
    "WindowCenter",
    "WindowWidth",
    "RescaleSlope",
    "EchoTime",
    "RepetitionTime",
    "DiffusionBValue",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "ImageType",
)

pytestmark = pytest.mark.skipif(not FILES, reason="no real MR files beside this repository")


def read(path: Path) -> Dataset:
    """The file, whatever pydicom has to say about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = dcmread(path, force=True)
        ds.decode()
    return ds


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom about values of real files
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:60])
def test_a_real_file_leaves_clean_or_not_at_all(path: Path) -> None:
    """No identifying value in the output, the same bytes twice, pixels and geometry untouched, intervals kept."""
    original = read(path)
    if str(original.SOPClassUID) not in PROFILE.sop_classes:
        with pytest.raises(Held):
            deidentify(original, context(), PROFILE)
        return
    done = deidentify(original, context(), PROFILE)
    data = encode(done.dataset)
    assert find_leaks(data, identifying_values([original], context().date_shift_days)) == []
    assert encode(deidentify(read(path), context(), PROFILE).dataset) == data
    new = dcmread(BytesIO(data))
    assert new.get("PixelData") == original.get("PixelData")
    for keyword in VIEWING:
        assert (
            new.get(keyword) == original.get(keyword) or keyword not in original or original[keyword].is_empty
        )
    assert len(new.get("PerFrameFunctionalGroupsSequence", ())) == len(
        original.get("PerFrameFunctionalGroupsSequence", ())
    )


@pytest.mark.dicom3tools
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_dciodvfy_finds_nothing_in_any_copy_that_its_original_did_not_have(tmp_path: Path) -> None:
    """De-identification makes no object worse, on every file: no new error, no new warning."""
    outputs = {}
    for number, path in enumerate(FILES):
        try:
            data = encode(deidentify(read(path), context(), PROFILE, "other").dataset)
        except Held:
            continue
        outputs[path] = tmp_path / f"{number}.dcm"
        outputs[path].write_bytes(data)
    with ThreadPoolExecutor(2) as pool:
        worse = dict(zip(outputs, pool.map(new_complaints, outputs, outputs.values()), strict=True))
    assert {path.name: lines for path, lines in worse.items() if lines} == {}
    assert len(outputs) > len(FILES) / 2


LEAKING = REAL_FILES.parent / "standards" / "real_private_leaks.json"


@pytest.mark.skipif(
    not LEAKING.is_file(), reason="no list of leaking private elements beside this repository"
)
def test_no_private_element_that_was_found_to_leak_is_on_the_safe_list() -> None:
    """The CSA headers and their like never leave, whatever they hold."""
    safe = {(f"{group:04X}", creator, f"{low:02X}") for group, creator, low in safe_private.safe_elements()}
    leaking = {
        (row["tag"][1:5].upper(), row["creator"], row["tag"][8:10].upper())
        for row in json.loads(LEAKING.read_text())
    }
    assert len(leaking) >= 15
    assert not safe & leaking
    assert not {creator for _, creator, _ in safe if "CSA" in creator}
