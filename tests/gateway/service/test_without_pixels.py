"""A process that keeps out what decodes pixels."""

from __future__ import annotations

import subprocess
import sys

from gateway.service.without_pixels import UNNEEDED
from support.fresh_process import imported_by, loaded

KEPT_OUT = "from gateway.service import without_pixels\nwithout_pixels.keep_out()\n"


def test_pydicom_and_pynetdicom_work_without_it() -> None:
    """Data sets are written and read, associations can be had, and none of it is imported for that."""
    program = KEPT_OUT + (
        "import io, pydicom, pynetdicom\n"
        "ds = pydicom.Dataset()\n"
        "ds.PatientName, ds.Rows, ds.PixelData = 'Test^Phantom', 1, b'\\0\\0'\n"
        "ds['PixelData'].VR = 'OW'\n"
        "file = io.BytesIO()\n"
        "pydicom.dcmwrite(file, ds, implicit_vr=False, little_endian=True, force_encoding=True)\n"
        "file.seek(0)\n"
        "assert pydicom.dcmread(file, force=True) == ds\n"
        "pynetdicom.AE('TEST').add_supported_context('1.2.840.10008.1.1')\n"
    )
    assert loaded(UNNEEDED, imported_by(program)) == []


def test_pixels_are_refused_and_not_misread() -> None:
    """Who asks such a process for pixels is told what is missing."""
    program = KEPT_OUT + (
        "from pydicom.data import get_testdata_file\n"
        "import pydicom\n"
        "pydicom.dcmread(get_testdata_file('MR_small.dcm')).pixel_array\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "numpy" in done.stderr.splitlines()[-1].lower()


def test_what_is_there_already_stays() -> None:
    """A library that works is not pulled away from those who use it."""
    program = "import numpy\n" + KEPT_OUT + "import numpy\nassert numpy.zeros(3).sum() == 0\n"
    assert "numpy" in imported_by(program)
