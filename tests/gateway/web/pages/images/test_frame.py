"""Single frames over real sockets: the values of the copies, with what they mean beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.uid import RLELossless

from support.pictures import enhanced, put, ramp, slices
from support.web_gateway import WebGateway

SHAPE = (3, 6, 8)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16"])
@pytest.mark.parametrize("syntax", ["", RLELossless])
def test_a_frame_has_the_values_that_are_stored(web: WebGateway, dtype: str, syntax: str) -> None:
    """16 bits each, the low byte first, in the order of the stack, before any volume is made."""
    values = ramp(SHAPE, dtype)
    copies = slices(values, RescaleSlope=0.5, RescaleIntercept=-3.0, PhotometricInterpretation="MONOCHROME1")
    if syntax:
        for ds in copies:
            ds.compress(syntax, generate_instance_uid=False)
    case_id = web.case()
    put(web, case_id, copies[::-1])
    client = web.client("reader")
    for number in range(3):
        answer = client.get(f"/cases/{case_id}/frames/s0-0/{number}.bin")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = dict(answer.headers)
        assert {name: told[f"x-{name}"] for name in ("rows", "columns", "slope", "intercept")} == {
            "rows": "6",
            "columns": "8",
            "slope": "0.5",
            "intercept": "-3.0",
        }
        assert (told["x-signed"], told["x-photometric"]) == (str(int(dtype == "int16")), "MONOCHROME1")
        read = np.frombuffer(answer.content, "<i2" if told["x-signed"] == "1" else "<u2")
        assert np.array_equal(read.reshape(6, 8), values[number])
    known = client.get(
        f"/cases/{case_id}/frames/s0-0/0.bin", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert known.status_code == 200
    again = client.get(
        f"/cases/{case_id}/frames/s0-0/2.bin", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_each_frame_of_an_enhanced_object_has_its_own_scale(web: WebGateway) -> None:
    """One file, three frames: its values and slope."""
    values = ramp(SHAPE, "uint16")
    case_id = web.case()
    put(web, case_id, [enhanced(values, [(1.0, 0.0), (2.5, 4.0), (0.25, -8.0)])])
    client = web.client("reader")
    for number, scale in enumerate(("1.0 0.0", "2.5 4.0", "0.25 -8.0")):
        answer = client.get(f"/cases/{case_id}/frames/s0-0/{number}.bin")
        assert f"{answer.headers['x-slope']} {answer.headers['x-intercept']}" == scale
        assert np.array_equal(np.frombuffer(answer.content, "<u2").reshape(6, 8), values[number])


def test_what_is_not_there_or_no_grey_is_told(web: WebGateway) -> None:
    """404 with words, never another frame; colours are there as PNG."""
    case_id = web.case()
    colours = slices(ramp((2, 6, 8), "uint8"), PhotometricInterpretation="RGB", SamplesPerPixel=3)
    for ds in colours:
        ds.PlanarConfiguration, ds.PixelData = 0, bytes(6 * 8 * 3)
    put(web, case_id, colours)
    client = web.client("reader")
    coloured = client.get(f"/cases/{case_id}/frames/s0-0/0.bin")
    assert (coloured.status_code, "colours" in coloured.json()["detail"]) == (404, True)
    for path in ("s0-0/2.bin", "s0-0/-1.bin", "s7-0/0.bin"):
        assert client.get(f"/cases/{case_id}/frames/{path}").status_code == 404
    assert client.get(f"/cases/{case_id}/frames/s0-0/x.bin").status_code == 422


def test_a_frame_that_cannot_be_decoded_is_told(web: WebGateway) -> None:
    """400 with what is wrong, and the next one is there."""
    case_id = web.case()
    copies = slices(ramp(SHAPE, "int16"))
    copies[1].PixelData = copies[1].PixelData[:10]
    put(web, case_id, copies)
    client = web.client("reader")
    statuses = [client.get(f"/cases/{case_id}/frames/s0-0/{n}.bin").status_code for n in range(3)]
    assert statuses == [200, 400, 200]
