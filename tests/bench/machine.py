"""The machine a table was made on: without it a number means nothing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from bench import anonymizer
from support.services import path_of

_IN_MEMORY = ("tmpfs", "ramfs", "overlay")


def described(folder: Path) -> dict[str, str]:
    """Processor, memory, disk under `folder`, kernel and versions, each as a text."""
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "disk": _disk(folder),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_version()}, pynetdicom {version('pynetdicom')}, pydicom {version('pydicom')}",
        "DCMTK": _first_line("storescp", "--version"),
        "Orthanc": _first_line("Orthanc", "--version"),
        "dicom-anonymizer": anonymizer.version(),
        "gateway": version("pml-gateway"),
    }


def warnings(folder: Path) -> list[str]:
    """What makes the numbers of this machine doubtful now."""
    found = []
    load = os.getloadavg()[0]
    if load > 0.5:
        found.append(
            f"The machine was not idle when this began (load {load:.1f} on {os.cpu_count()} cores): "
            "the numbers are not to be quoted."
        )
    kind = _mount(folder)[2]
    if kind in _IN_MEMORY:
        found.append(f"The files lie on {kind}, where a sync costs nothing: choose a disk with --folder.")
    if shutil.disk_usage(folder).free < 20e9:
        found.append("Less than 20 GB are free; the large cases may fail.")
    return found


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.split(":", 1)[1].split())
    return platform.machine()


def _mount(folder: Path) -> tuple[str, str, str]:
    """Device, mount point and file system of a folder: the longest mount point above it."""
    best = ("", "", "")
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        device, point, kind = line.split()[:3]
        if folder.resolve().is_relative_to(point) and len(point) >= len(best[1]):
            best = (device, point, kind)
    return best


def _disk(folder: Path) -> str:
    device, _, kind = _mount(folder)
    queue = Path("/sys/class/block") / Path(device).resolve().name / "queue" / "rotational"
    spins = {"0": "solid state or virtual", "1": "rotational or virtual"}
    known = spins.get(queue.read_text().strip(), "") if queue.exists() else ""
    return f"{kind} on {Path(device).name}" + (f" ({known})" if known else "")


def _first_line(program: str, option: str) -> str:
    try:
        done = subprocess.run(
            [str(path_of(program)), option], capture_output=True, text=True, check=False, timeout=20
        )
    except (LookupError, OSError):
        return "not installed"
    words = (done.stdout + done.stderr).split()
    numbers = [word.lstrip("v") for word in words if word.lstrip("v")[:1].isdigit()]
    return numbers[0] if numbers else "unknown"


if __name__ == "__main__":
    sys.stdout.write(f"{described(Path.cwd())}\n")
