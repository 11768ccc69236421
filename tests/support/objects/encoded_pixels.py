"""One image in every transfer syntax that is shown: encoded by DCMTK, JPEG 2000 by OpenJPEG, HTJ2K by OpenJPH."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

from support.objects.dicom_files import encoded

_Image = NDArray[np.uint16] | NDArray[np.uint8]
DCMTK: dict[str, tuple[str, ...]] = {
    "1.2.840.10008.1.2": ("dcmconv", "+ti"),
    "1.2.840.10008.1.2.1": ("dcmconv", "+te"),
    "1.2.840.10008.1.2.1.99": ("dcmconv", "+td"),
    "1.2.840.10008.1.2.2": ("dcmconv", "+tb"),
    "1.2.840.10008.1.2.4.50": ("dcmcjpeg", "+eb", "+q", "95", "+un"),
    "1.2.840.10008.1.2.4.51": ("dcmcjpeg", "+ee", "+bt", "+q", "95", "+un"),
    "1.2.840.10008.1.2.4.57": ("dcmcjpeg", "+el", "+sv", "6", "+un"),
    "1.2.840.10008.1.2.4.70": ("dcmcjpeg", "+e1", "+un"),
    "1.2.840.10008.1.2.4.80": ("dcmcjpls", "+el", "+un"),
    "1.2.840.10008.1.2.4.81": ("dcmcjpls", "+en", "+md", "2", "+un"),
    "1.2.840.10008.1.2.5": ("dcmcrle", "+un"),
}
"""The program of DCMTK and its options; it keeps the SOP Instance UID."""
CODESTREAM: dict[str, Callable[[_Image], bytes]] = {
    "1.2.840.10008.1.2.4.90": lambda image: imagecodecs.jpeg2k_encode(
        image, codecformat="j2k", reversible=True
    ),
    "1.2.840.10008.1.2.4.91": lambda image: imagecodecs.jpeg2k_encode(
        image, level=70, codecformat="j2k", reversible=False
    ),
    "1.2.840.10008.1.2.4.201": lambda image: imagecodecs.htj2k_encode(image, reversible=True),
    "1.2.840.10008.1.2.4.202": lambda image: imagecodecs.htj2k_encode(image, reversible=True, tlm=True),
    "1.2.840.10008.1.2.4.203": lambda image: imagecodecs.htj2k_encode(image, reversible=False),
}
"""The encoder of a codestream."""


def file_in(syntax: str, ds: Dataset) -> bytes:
    """`ds`, explicit VR little endian and not compressed, as a Part 10 file in another transfer syntax."""
    file = _by_dcmtk(syntax, ds) if syntax in DCMTK else _by_imagecodecs(syntax, ds)
    assert dcmread(BytesIO(file), stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax
    return file


def _by_dcmtk(syntax: str, ds: Dataset) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        given, made = Path(name, "given.dcm"), Path(name, "made.dcm")
        given.write_bytes(encoded(ds))
        program, *options = DCMTK[syntax]
        done = subprocess.run(
            [program, *options, str(given), str(made)],
            capture_output=True,
            text=True,
            check=False,
            env={"DCMDICTPATH": "/usr/share/libdcmtk17/dicom.dic", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stderr
        return made.read_bytes()


def _by_imagecodecs(syntax: str, ds: Dataset) -> bytes:
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    copy = dcmread(BytesIO(encoded(ds)))
    copy.PixelData = encapsulate([CODESTREAM[syntax](ds.pixel_array)])
    copy["PixelData"].VR = "OB"
    copy.file_meta.TransferSyntaxUID = UID(syntax)
    return encoded(copy)
