"""The program of a process that looks for a brain: one volume comes in, its mask goes out.

It alone imports brainextractor, and with it numba and scipy. It holds nothing of the gateway: no key, no database, no
file, no socket.
"""

from __future__ import annotations

import resource
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.decoding.child import message, own_streams, read_message

STEP_MM: Final = 2.0
"""Of the mask: brainextractor wants equal steps, and a brain's outline needs no finer ones."""
_HEAD_MM: Final = 175.0
"""From the crown down to below the chin's height: what lies lower, a neck, draws the middle of the head down."""
_LEAST_HEAD_MM2: Final = 2000.0
_MOST_VOXELS: Final = 250 * 250 * 250
"""In steps of STEP_MM: half a metre each way, more than a head coil holds."""
MOST_BYTES: Final = 8 << 30
"""Of addresses, those of compiled code included: the volume of a head takes one, and its libraries one more."""


def main() -> None:
    """Answer the one order on the standard input."""
    orders, answer = own_streams()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no pixels on the disk
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    head, data = read_message(orders, sys.maxsize)
    values = np.frombuffer(data, np.dtype(str(head["dtype"]))).reshape(head["shape"])
    try:
        corner, mask = brain_of(values, np.array(head["corner"]), np.array(head["steps"]))
        found: dict[str, Any] = {"shape": mask.shape, "corner": [float(part) for part in corner]}
        answer.write(message(found, mask.tobytes()) + mask.tobytes())
    except Exception as error:  # noqa: BLE001  whatever a library raises over a volume without a brain; only its name
        answer.write(message({"error": type(error).__name__}))
    answer.flush()


def brain_of(
    values: NDArray[Any], corner: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The first voxel's middle and the mask (x, y, z), in steps of STEP_MM, of the brain in a `stacks.Volume`."""
    from brainextractor.main import BrainExtractor
    from nibabel.nifti1 import Nifti1Image

    corner, even = _even_steps(values, corner, steps)
    affine = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    extractor = BrainExtractor(Nifti1Image(even, affine))
    extractor.run()
    return corner, (extractor.compute_mask() > 0).astype(np.uint8)


def _even_steps(
    values: NDArray[Any], corner: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The volume along the axes of the patient, (x, y, z), from the crown down, and its first voxel's middle."""
    from scipy.ndimage import affine_transform

    ends = np.array(values.shape) - 1
    corners = [corner + (np.array(at) * ends) @ steps for at in np.ndindex(2, 2, 2)]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    shape = tuple(int(side) for side in np.ceil((high - low) / STEP_MM) + 1)
    if np.prod(shape, dtype=np.float64) > _MOST_VOXELS:
        raise ValueError("Larger than a head.")
    inverse = np.linalg.inv(steps.T)
    even: NDArray[np.float64] = affine_transform(
        values.astype(np.float64), inverse * STEP_MM, inverse @ (low - corner), shape, order=1
    )
    dark, bright = np.percentile(even, [2, 98])
    head = (even > dark + 0.1 * (bright - dark)).sum(axis=(0, 1)) * STEP_MM**2
    crown = int(np.flatnonzero(head > _LEAST_HEAD_MM2).max())
    lowest = max(0, crown - int(_HEAD_MM / STEP_MM))
    return low + np.array([0, 0, lowest * STEP_MM]), np.ascontiguousarray(even[:, :, lowest:])


if __name__ == "__main__":
    main()
