"""The program of a process that looks for a brain: one volume comes in, its mask and its head go out.

It alone imports brainextractor, and with it numba and scipy. It holds nothing of the gateway: no key, no database, no
file, no socket.
"""

from __future__ import annotations

import resource
import sys
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.decoding.messages import message, own_streams, read_message
from gateway.faces.head import BESIDE, TISSUE, shades_of

STEP_MM: Final = 2.0
"""Of the mask: brainextractor wants equal steps, and a brain's outline needs no finer ones."""
_HEAD_MM: Final = 175.0
"""From the crown down to below the chin's height: what lies lower, a neck, draws the middle of the head down."""
HEAD_STEP_MM: Final = 2 * STEP_MM
"""Of the depths: what is asked of them is tens of mm."""
_TISSUE: Final = 0.2
"""Of the median of the brain: what is brighter is tissue, once it has been smoothed over three voxels each way."""
_BESIDE_MM: Final = 12.0
"""From the head: images of other kinds are distorted, and patients move a little."""
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
        for corner, seen in brain_of(values, np.array(head["corner"]), np.array(head["steps"])):
            found = {"shape": seen.shape, "corner": [float(part) for part in corner]}
            answer.write(message(found, seen.tobytes()) + seen.tobytes())
    except Exception as error:  # noqa: BLE001  whatever a library raises over a volume without a brain; only its name
        answer.write(message({"error": type(error).__name__}))
    answer.flush()


def brain_of(
    values: NDArray[Any], corner: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[tuple[NDArray[np.float64], NDArray[np.uint8]], tuple[NDArray[np.float64], NDArray[np.uint8]]]:
    """The brain in a `stacks.Volume`, and the head: each the first voxel's middle and values (x, y, z).

    The mask is in steps of STEP_MM; depths and shades of the head are those of `head.Head`, in steps of HEAD_STEP_MM,
    and of the whole volume.
    """
    from brainextractor.main import BrainExtractor
    from nibabel.nifti1 import Nifti1Image

    corner, even = _even_steps(values, corner, steps)
    lowest = _below_the_chin(even)
    affine = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    extractor = BrainExtractor(Nifti1Image(np.ascontiguousarray(even[:, :, lowest:]), affine))
    extractor.run()
    mask = np.zeros(even.shape, np.bool_)
    mask[:, :, lowest:] = extractor.compute_mask() > 0
    from_there = corner + np.array([0, 0, lowest * STEP_MM])
    coarse = even[::2, ::2, ::2]
    seen = np.stack([depths_of(coarse, mask[::2, ::2, ::2]), shades_of(coarse)])
    return (from_there, mask[:, :, lowest:].astype(np.uint8)), (corner, seen)


def depths_of(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How far from the brain each voxel of the head is, and which air is beside it, as `head.Head` has it.

    The head is the largest piece of what is brighter than a part of the brain: no ghost, no coil.
    """
    from scipy.ndimage import binary_opening, distance_transform_edt, label, uniform_filter

    depths = np.zeros(mask.shape, np.uint8)
    dark = np.percentile(values, 2)
    level = np.median(values[mask]) if mask.any() else dark
    bright = binary_opening(uniform_filter(values, 3) > dark + _TISSUE * (level - dark))
    pieces, count = label(bright)
    if count == 0:
        return depths
    head = pieces == 1 + np.bincount(pieces.ravel())[1:].argmax()
    depths[distance_transform_edt(~head) * HEAD_STEP_MM <= _BESIDE_MM] = BESIDE
    from_brain = distance_transform_edt(~mask) * HEAD_STEP_MM
    depths[head] = np.minimum(TISSUE + from_brain[head], 255).astype(np.uint8)
    return depths


def _even_steps(
    values: NDArray[Any], corner: NDArray[np.float64], steps: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The volume along the axes of the patient, (x, y, z), and its first voxel's middle."""
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
    return low, even


def _below_the_chin(even: NDArray[np.float64]) -> int:
    """The first layer, from below, in which the brain is looked for."""
    dark, bright = np.percentile(even, [2, 98])
    head = (even > dark + 0.1 * (bright - dark)).sum(axis=(0, 1)) * STEP_MM**2
    crown = int(np.flatnonzero(head > _LEAST_HEAD_MM2).max())
    return max(0, crown - int(_HEAD_MM / STEP_MM))


if __name__ == "__main__":
    main()
