"""The enrolment list of a site as CSV: text in, rows out, and every line that cannot be used with its fix.

A header line names the columns; only the patient identifier must be there. Separators are comma, semicolon, tab or |,
whichever the header has most of. An empty cell or `unknown` means: not known. No problem ever quotes an identifier.
A form asks for the same: `read_enrolment` and `read_risk` read the fields of one patient.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from routing_rules.surveillance.enrolment_cells import UNKNOWN, ImportProblem, cell_values
from routing_rules.surveillance.risk import PatientRisk


@dataclass(frozen=True)
class EnrolmentRow:
    """One patient of the list. `patient_id` and `issuer` are identity: seal them before they are stored."""

    line: int
    patient_id: str
    issuer: str
    site: str
    risk: PatientRisk
    last_mri_on: date | None = None
    label: str = ""
    """What the site recognises the patient by; kept in plain, so never an identifier, a name or a birth date."""


@dataclass(frozen=True)
class EnrolmentImport:
    """The rows that can be used, in order, and the problems; a line with a problem gives no row."""

    rows: tuple[EnrolmentRow, ...]
    problems: tuple[ImportProblem, ...]
    ignored_columns: tuple[str, ...] = ()


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patient_id": ("patient_id", "patientid", "id", "pid", "patient", "mrn"),
    "issuer": ("issuer", "issuer_of_patient_id"),
    "site": ("site", "standort", "klinik"),
    "label": ("label", "register_number", "study_number", "kennung"),
    "enrolled_on": ("enrolled_on", "enrolled", "enrolment_date", "eingeschlossen_am"),
    "jcv_status": ("jcv_status", "jcv", "jc_virus", "jc_virus_status", "jcv_antibodies"),
    "jcv_index": ("jcv_index", "index"),
    "months_on_natalizumab": ("months_on_natalizumab", "months", "duration_months", "monate"),
    "recorded_on": ("recorded_on", "as_of", "stand"),
    "prior_immunosuppression": ("prior_immunosuppression", "prior_is", "immunosuppression"),
    "dosing_interval_weeks": ("dosing_interval_weeks", "dosing_interval", "interval_weeks"),
    "stopped_on": ("stopped_on", "stopped", "stop_date", "beendet_am"),
    "tested_on": ("tested_on", "jcv_tested_on", "test_date", "getestet_am"),
    "treatments": ("treatments", "therapies", "therapien"),
    "last_mri_on": ("last_mri_on", "last_mri", "letztes_mrt"),
    "last_full_mri_on": ("last_full_mri_on", "last_full_mri", "letztes_volles_mrt"),
    "last_contrast_mri_on": ("last_contrast_mri_on", "last_contrast_mri", "letztes_mrt_mit_kontrastmittel"),
}
"""Column -> the names it may have; case, blanks and dashes do not matter."""

MOST_LINES = 100_000
LONGEST_LABEL = 40
_DATE_IN = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}")


def text_of(content: bytes) -> str:
    """The text of a file as spreadsheets write it: UTF-8 or UTF-16 with a byte order mark, UTF-8, or Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read_enrolments(text: str, today: date, default_site: str = "") -> EnrolmentImport:
    """Read a list. Never raises; dates after `today` are refused, except a planned end, a planned next drug."""
    lines = text.removeprefix("\ufeff").replace("\0", "")
    header, separator = _header(lines)
    if "patient_id" not in header:
        named = ", ".join(column for column in header if column) or "nothing"
        problem = ImportProblem(
            1,
            "header",
            "there is no column patient_id",
            named[:120],
            f"Name the columns: {', '.join(COLUMNS)}.",
        )
        return EnrolmentImport((), (problem,))
    twice = sorted({column for column in header if column in COLUMNS and header.count(column) > 1})
    if twice:
        problem = ImportProblem(
            1, "header", "two columns mean the same", ", ".join(twice), "Remove one of them."
        )
        return EnrolmentImport((), (problem,))
    ignored = tuple(column for column in header if column and column not in COLUMNS)
    rows: dict[tuple[str, str, str], EnrolmentRow] = {}
    problems: list[ImportProblem] = []
    for line, cells in _cells(lines, separator, problems):
        row, wrong = _row(line, dict(zip(header, cells, strict=False)), today, default_site)
        if len(cells) > len(header) and any(cells[len(header) :]):
            wrong.append(
                ImportProblem(
                    line, "line", "has more cells than the header", "", "Put texts with separators in quotes."
                )
            )
        if row is not None and not wrong:
            wrong = _duplicate(rows, row)
        problems += wrong
    return EnrolmentImport(tuple(rows.values()), tuple(problems), ignored)


def _label(cells: Mapping[str, str]) -> str:
    said = (cells.get("label") or "").strip()
    return "" if said.casefold() in UNKNOWN else said


def _says(label: str, patient_id: str) -> bool:
    """Whether a label has the identifier in it; one of three characters is in many texts by chance."""
    one, other = label.casefold(), patient_id.casefold()
    return bool(other) and (one == other or (len(other) > 3 and other in one))


def read_enrolment(
    cells: Mapping[str, str], today: date, default_site: str = ""
) -> tuple[EnrolmentRow | None, tuple[ImportProblem, ...]]:
    """One patient from the fields of a form, named as the columns; None when there are problems (line 0)."""
    row, problems = _row(0, cells, today, default_site)
    return row, tuple(problems)


def read_risk(
    cells: Mapping[str, str], today: date
) -> tuple[PatientRisk, date | None, str, tuple[ImportProblem, ...]]:
    """What a form says of a patient who is enrolled already: risk, last MRI, label, problems (line 0)."""
    values, problems = cell_values(0, cells, today)
    label = _label(cells)
    problems += _identifying(0, label, "")
    last = values.pop("last_mri_on", None)
    return PatientRisk(**values), last, label, tuple(problems)


def _header(lines: str) -> tuple[list[str], str]:
    first = next((line for line in lines.splitlines() if line.strip()), "")
    separator = max(";,\t|", key=first.count)
    names = next(csv.reader([first], delimiter=separator), [])
    return [_column(name) for name in names], separator


def _column(name: str) -> str:
    plain = re.sub(r"[\s-]+", "_", name.strip().casefold())
    return next((column for column, names in COLUMNS.items() if plain in names), plain)


def _cells(lines: str, separator: str, problems: list[ImportProblem]) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
            if len(rows) > MOST_LINES:
                problems.append(
                    ImportProblem(
                        reader.line_num, "list", "is too long", "", f"Send at most {MOST_LINES} lines."
                    )
                )
                break
    except csv.Error as error:
        problems.append(
            ImportProblem(reader.line_num, "line", f"is not CSV: {error}", "", "Save the list as CSV again.")
        )
    return rows[1:]


def _row(
    line: int, cells: Mapping[str, str], today: date, default_site: str
) -> tuple[EnrolmentRow | None, list[ImportProblem]]:
    values, problems = cell_values(line, cells, today)
    patient_id, label = (cells.get("patient_id") or "").strip(), _label(cells)
    problems += _identifying(line, label, patient_id)
    if not patient_id:
        problems.append(
            ImportProblem(line, "patient_id", "is empty", "", "Give every patient the PatientID of the PACS.")
        )
    if problems:
        return None, problems
    last = values.pop("last_mri_on", None)
    site = (cells.get("site") or "").strip() or default_site
    issuer = (cells.get("issuer") or "").strip()
    return EnrolmentRow(line, patient_id, issuer, site, PatientRisk(**values), last, label), []


def _identifying(line: int, label: str, patient_id: str) -> list[ImportProblem]:
    """A label is kept in plain: one that says who the patient is would undo the sealing."""
    fix = "Use a number of your own register, or leave it empty."
    found = (
        (len(label) > LONGEST_LABEL, f"is longer than {LONGEST_LABEL} characters"),
        (_says(label, patient_id), "contains the PatientID"),
        ("^" in label or _DATE_IN.search(label) is not None, "looks like a name or a birth date"),
    )
    return [ImportProblem(line, "label", problem, "", fix) for wrong, problem in found if wrong]


def _duplicate(rows: dict[tuple[str, str, str], EnrolmentRow], row: EnrolmentRow) -> list[ImportProblem]:
    key = (row.site, row.issuer, row.patient_id)
    first = rows.setdefault(key, row)
    if first is row or replace(row, line=first.line) == first:
        return []
    fix = "Keep one line for each patient; the first one counts."
    return [
        ImportProblem(
            row.line, "patient_id", f"the patient of line {first.line} stands here with other data", "", fix
        )
    ]
