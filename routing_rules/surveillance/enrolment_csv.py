"""The enrolment list of a site as CSV: text in, rows out, and every line that cannot be used with its fix.

A header line names the columns; only the patient identifier must be there. Separators are comma, semicolon, tab or |,
whichever the header has most of. An empty cell or `unknown` means: not known. No problem ever quotes an identifier.
A form asks for the same: `read_enrolment` and `read_risk` read the fields of one patient.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dicom_nodes.config_files.file_problem import did_you_mean
from routing_rules.surveillance.due_dates import JcvStatus, PatientRisk


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
class ImportProblem:
    """Why a line (or the whole text: line 1) cannot be used: what is wrong, the value, what to write instead."""

    line: int
    column: str
    problem: str
    value: str
    fix: str

    def __str__(self) -> str:
        found = f" (found {self.value})" if self.value else ""
        return f"line {self.line}, {self.column}: {self.problem}{found}. {self.fix}"


@dataclass(frozen=True)
class EnrolmentImport:
    """The rows that can be used, in order, and the problems; a line with a problem gives no row."""

    rows: tuple[EnrolmentRow, ...]
    problems: tuple[ImportProblem, ...]
    ignored_columns: tuple[str, ...] = ()


class _Unusable(ValueError):
    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


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
    "last_mri_on": ("last_mri_on", "last_mri", "letztes_mrt"),
}
"""Column -> the names it may have; case, blanks and dashes do not matter."""

UNKNOWN = frozenset(
    {"", "unknown", "unbekannt", "n/a", "na", "nan", "none", "null", "?", "-", "k.a.", "keine angabe"}
)
_YES = frozenset({"yes", "y", "true", "1", "ja", "j"})
_NO = frozenset({"no", "n", "false", "0", "nein"})
_POSITIVE = frozenset({"positive", "positiv", "pos", "pos.", "+"})
_NEGATIVE = frozenset({"negative", "negativ", "neg", "neg.", "-ve"})
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
    """Read a list. Never raises; dates after `today` are refused, except a planned end of the treatment."""
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
    values, problems = _values(0, cells, today)
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
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator)
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
    values, problems = _values(line, cells, today)
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


def _values(line: int, cells: Mapping[str, str], today: date) -> tuple[dict[str, Any], list[ImportProblem]]:
    """What the cells say besides who it is."""
    values: dict[str, Any] = {}
    problems = []
    for column, read in _READ.items():
        said = (cells.get(column) or "").strip()
        if said.casefold() in UNKNOWN:
            continue
        try:
            values[column] = read(said)
        except _Unusable as error:
            problems.append(ImportProblem(line, column, error.problem, said[:40], error.fix))
    problems += _beyond(line, values, today)
    if "months_on_natalizumab" in values:
        values.setdefault("recorded_on", today)
    return values, problems


def _identifying(line: int, label: str, patient_id: str) -> list[ImportProblem]:
    """A label is kept in plain: one that says who the patient is would undo the sealing."""
    fix = "Use a number of your own register, or leave it empty."
    found = (
        (len(label) > LONGEST_LABEL, f"is longer than {LONGEST_LABEL} characters"),
        (_says(label, patient_id), "contains the PatientID"),
        ("^" in label or _DATE_IN.search(label) is not None, "looks like a name or a birth date"),
    )
    return [ImportProblem(line, "label", problem, "", fix) for wrong, problem in found if wrong]


def _beyond(line: int, values: Mapping[str, Any], today: date) -> list[ImportProblem]:
    return [
        ImportProblem(line, column, "lies in the future", value.isoformat(), "Correct the date.")
        for column, value in values.items()
        if isinstance(value, date) and column != "stopped_on" and value > today
    ]


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


def _day(said: str) -> date:
    """2026-03-04, 20260304, 4.3.2026 and 13/3/2026; 3/4/2026 could be March or April and is refused."""
    plain = re.fullmatch(r"(\d{4})-?(\d{1,2})-?(\d{1,2})", said.split("T")[0].split(" ")[0])
    dotted = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", said)
    slashed = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", said)
    try:
        if plain:
            return _sensible(int(plain[1]), int(plain[2]), int(plain[3]))
        if dotted:
            return _sensible(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        if slashed:
            one, other, year = (int(part) for part in slashed.groups())
            if one <= 12 and other <= 12 and one != other:
                raise _Unusable("could be two different days", "Write year-month-day, as 2026-03-04.")
            return _sensible(year, min(one, other), max(one, other))
    except ValueError as error:
        if isinstance(error, _Unusable):
            raise
    raise _Unusable("is no date", "Write year-month-day, as 2026-03-04.")


def _sensible(year: int, month: int, day: int) -> date:
    if not 1990 <= year <= 2100:
        raise _Unusable("is no date of a treatment", "Correct the year.")
    return date(year, month, day)


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(said: str) -> float:
        try:
            value = float(said.replace(",", "."))
        except ValueError:
            raise _Unusable("is no number", "Write a number, as 0.9, or leave it empty.") from None
        if not low <= value <= high:
            raise _Unusable(f"is not from {low:g} to {high:g}", "Correct the number, or leave it empty.")
        return value

    return read


def _yes_or_no(said: str) -> bool:
    if said.casefold() in _YES | _NO:
        return said.casefold() in _YES
    raise _Unusable("is neither yes nor no", "Write yes, no or unknown.")


def _status(said: str) -> JcvStatus:
    if said.casefold() in _POSITIVE | _YES:
        return JcvStatus.POSITIVE
    if said.casefold() in _NEGATIVE | _NO:
        return JcvStatus.NEGATIVE
    raise _Unusable("is no JC virus status", f"Write positive, negative or unknown. {_hint(said)}".strip())


def _hint(said: str) -> str:
    close = did_you_mean(said.casefold(), ("positive", "negative", "unknown"))
    return close if close.startswith("Did") else ""


_READ: Mapping[str, Callable[[str], Any]] = {
    "enrolled_on": _day,
    "jcv_status": _status,
    "jcv_index": _number(0, 20),
    "months_on_natalizumab": _number(0, 600),
    "recorded_on": _day,
    "prior_immunosuppression": _yes_or_no,
    "dosing_interval_weeks": _number(1, 52),
    "stopped_on": _day,
    "last_mri_on": _day,
}
