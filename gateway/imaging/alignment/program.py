"""The program of the process that lays one volume over another: two files and a limit, one line of JSON.

Each file is a NIfTI-1 volume of the gateway, compressed or not. It holds nothing else of the gateway, has a limit of
memory and of time, and may die.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

MEMORY: Final = 3 << 30
"""Address space: two series of 160 images of 512 x 512 as numbers of 32 bits, several times over."""
SECONDS: Final = 240
"""Of a core; a pair of 3D FLAIR takes ten."""
_NICE: Final = 10


def main() -> None:
    """Align the second file with the first; the limit of the residual, in mm, is the third argument."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import SimpleITK

    from gateway.imaging.alignment.aligned import align
    from gateway.imaging.volume import from_nifti

    # The same answer each time: sums of several threads differ in their last places, and a search follows them.
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    current, prior = (from_nifti(_bytes(Path(name))) for name in sys.argv[1:3])
    done = align(current, prior, float(sys.argv[3]))
    sys.stdout.write(json.dumps(asdict(done)) + "\n")


def _bytes(file: Path) -> bytes:
    data = file.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


if __name__ == "__main__":
    main()
