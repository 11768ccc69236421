"""Which programs of the operating system the tests talk to, and what is left out without them.

Standard library only: `./dev test` loads this file before anything is installed, so there is one table for both.
"""

from __future__ import annotations

import glob
import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """Something that the tests need and pip cannot install.

    `marker` is the pytest marker of the tests that use it ("" where it only changes how something looks);
    `places` are file patterns for what is not on PATH, best first where several versions are installed.
    """

    name: str
    package: str
    marker: str
    places: tuple[str, ...] = ()

    def find(self) -> Path | None:
        """The program's path, or None when it is not installed."""
        on_path = shutil.which(self.name)
        if on_path:
            return Path(on_path)
        for pattern in self.places:
            found = sorted(glob.glob(pattern), key=_version_of)
            if found:
                return Path(found[-1])
        return None


def _version_of(path: str) -> list[int]:
    """Numbers in a path, so that PostgreSQL 15 comes after 9."""
    return [int(part) for part in path.split("/") if part.isdigit()]


_POSTGRESQL = (
    "/usr/lib/postgresql/*/bin/{name}",
    "/usr/pgsql-*/bin/{name}",
    "/opt/homebrew/opt/postgresql*/bin/{name}",
)

PROGRAMS = (
    *(
        Program(name, "dcmtk", "dcmtk")
        for name in (
            "storescu",
            "dcmsend",
            "storescp",
            "dcmrecv",
            "echoscu",
            "findscu",
            "movescu",
            "dcmdump",
            "dcmodify",
        )
    ),
    Program("Orthanc", "orthanc", "orthanc", ("/usr/sbin/Orthanc", "/usr/local/sbin/Orthanc")),
    Program(
        "libOrthancDicomWeb.so",
        "orthanc-dicomweb",
        "orthanc",
        ("/usr/lib/orthanc/libOrthancDicomWeb.so*", "/usr/share/orthanc/plugins*/libOrthancDicomWeb.so*"),
    ),
    Program("dciodvfy", "dicom3tools", "dicom3tools"),
    *(
        Program(name, "postgresql", "postgres", tuple(place.format(name=name) for place in _POSTGRESQL))
        for name in ("initdb", "postgres")
    ),
    Program("rsyslogd", "rsyslog", "rsyslog", ("/usr/sbin/rsyslogd",)),
    Program(
        "lmnsd_gtls.so",
        "rsyslog-gnutls",
        "rsyslog",
        ("/usr/lib/*/rsyslog/lmnsd_gtls.so", "/usr/lib64/rsyslog/lmnsd_gtls.so"),
    ),
    Program("chromium", "chromium", "browser", ("/usr/bin/chromium", "/usr/bin/chromium-browser")),
    Program("DejaVuSans.ttf", "fonts-dejavu-core", "", ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",)),
    Program("pdftotext", "poppler-utils", "poppler"),
    Program("pdftoppm", "poppler-utils", "poppler"),
)


def missing(marker: str | None = None) -> list[Program]:
    """The programs that are not installed: all of them, or those that the tests of one marker need."""
    return [program for program in PROGRAMS if marker in (None, program.marker) and program.find() is None]


def path_of(name: str) -> Path:
    """Where a program of the table is. Raises LookupError with the package to install when it is not there."""
    program = next(program for program in PROGRAMS if program.name == name)
    found = program.find()
    if found is None:
        raise LookupError(f"{name} is not installed. Debian and Ubuntu: apt-get install {program.package}")
    return found


def summary(programs: list[Program]) -> str:
    """One line for people: what is missing, which tests that leaves out, and the command that mends it."""
    names = ", ".join(program.name for program in programs)
    markers = sorted({program.marker for program in programs if program.marker})
    packages = " ".join(sorted({program.package for program in programs}))
    left_out = f"; tests left out: {', '.join(markers)}" if markers else ""
    return f"not installed: {names}{left_out}. Debian and Ubuntu: sudo apt-get install {packages}"


def required() -> bool:
    """True where a missing program is a failure and not a skipped test: in continuous integration."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")
