"""A site's own layouts of the viewer: one YAML file, [files] layouts, read at the start and checked by `gateway check`.

A file that is wrong is never half obeyed: every problem is told with its line, value and fix.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dicom_nodes.config_files.file_problem import FileProblem, by_line, complaint, did_you_mean, unreadable
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import read_yaml
from gateway.errors import SettingsError
from gateway.imaging.layouts import CURRENT, LAYOUTS, PRIOR, Layout, Wanted, beside_shipped
from routing_rules.facts import Referral
from routing_rules.series.series import SeriesKind

_KINDS: Final = tuple(str(kind) for kind in SeriesKind)
_REFERRALS: Final = tuple(str(referral) for referral in Referral)
MOST_LAYOUTS: Final = 9
"""As many as there are number keys."""
MOST_PANES: Final = 9

T = TypeVar("T")


class LayoutsError(SettingsError):
    """The file of layouts cannot be used; `problems` lists every fault of it."""

    def __init__(self, problems: list[FileProblem], fix: str) -> None:
        self.problems = by_line(problems)
        super().__init__(" ".join(problem.told for problem in self.problems), fix)


def _some(value: tuple[T, ...]) -> tuple[T, ...]:
    """No constraint of the field: that one would complain of a list whose entries are wrong, too."""
    if not value:
        raise complaint("is empty", "[]", "Write at least one.")
    if len(value) > MOST_PANES:
        raise complaint("is too long", f"{len(value)} entries", f"Keep {MOST_PANES}.")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaneInput(_Strict):
    """A pane of a site's layout."""

    label: str = Field(min_length=1, max_length=40)
    kinds: Annotated[tuple[str, ...], AfterValidator(_some)]
    of: Literal["current", "prior"] = CURRENT  # type: ignore[assignment]
    b_value: float | None = Field(None, ge=0, le=20000)

    @field_validator("kinds")
    @classmethod
    def _are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(_KINDS, "is no kind of series", kind) for kind in value)


class LayoutInput(_Strict):
    """A site's layout; one that is called as a shipped one takes its place."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    title: str = Field(min_length=1, max_length=40)
    begins: tuple[str, ...] = ()
    panes: Annotated[tuple[PaneInput, ...], AfterValidator(_some)]

    @field_validator("begins")
    @classmethod
    def _are_referrals(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(_REFERRALS, "is no referral", referral) for referral in value)


class LayoutsInput(_Strict):
    """The file."""

    layouts: Annotated[tuple[LayoutInput, ...], AfterValidator(_some)]

    @model_validator(mode="after")
    def _stand_side_by_side(self) -> LayoutsInput:
        names = [layout.name for layout in self.layouts]
        if twice := _first_twice(names):
            raise complaint("layouts have the same name", twice, "Give each a name of its own.")
        if twice := _first_twice([referral for layout in self.layouts for referral in layout.begins]):
            raise complaint("two layouts begin the cases of a referral", twice, "Keep it in one of them.")
        if len({*names, *(layout.name for layout in LAYOUTS)}) > MOST_LAYOUTS:
            most = MOST_LAYOUTS - len(LAYOUTS)
            raise complaint(
                "there are more layouts than number keys",
                len(names),
                f"Keep {most}, or replace shipped ones.",
            )
        return self


def site_layouts(file: Path | None) -> tuple[Layout, ...]:
    """The layouts of the viewer: the shipped ones, and those of the file, if one is named. Raises LayoutsError."""
    if file is None:
        return LAYOUTS
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LayoutsError(
            [unreadable(file, error)], f"Correct {file}, its permissions, or [files] layouts."
        ) from None
    return beside_shipped(_read(text, file.name))


def _read(text: str, source: str) -> tuple[Layout, ...]:
    read = read_yaml(text, source)
    problems = list(read.problems)
    if not problems:
        try:
            return tuple(map(_layout, LayoutsInput.model_validate(read.data or {}).layouts))
        except ValidationError as error:
            problems += problems_of(error, read, source, LayoutsInput)
    raise LayoutsError(problems, f"Correct {source}; the manual's page on reading pictures shows its form.")


def _layout(written: LayoutInput) -> Layout:
    panes = tuple(
        Wanted(pane.label, pane.kinds, PRIOR if pane.of == PRIOR else CURRENT, pane.b_value)
        for pane in written.panes
    )
    return Layout(written.name, written.title, panes, written.begins)


def _one_of(names: tuple[str, ...], problem: str, value: Any) -> str:
    if value not in names:
        raise _told(problem, str(value), names)
    return str(value)


def _told(problem: str, value: str, names: tuple[str, ...]) -> PydanticCustomError:
    return complaint(problem, value, did_you_mean(value, names))


def _first_twice(names: list[str]) -> str:
    return next((name for place, name in enumerate(names) if name in names[:place]), "")
