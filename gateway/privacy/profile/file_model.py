"""What may stand in the YAML of a profile: the model that a file is read into, and what no site may ask of a name.

A site's file is validated with the content of the profile below it as context, which it may narrow and not widen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydicom.datadict import tag_for_keyword

from dicom_nodes.config_files.file_problem import complaint, did_you_mean
from gateway.privacy.errors import HeldReason
from gateway.privacy.profile.iod import known_sop_classes
from gateway.privacy.profile.site_limits import why_not_allowed, why_not_kept
from gateway.privacy.profile.table_e1_1 import SUPPORTED_OPTIONS, Action

# What a profile may let a named person release: only what hangs on the pixels alone, which a person can look at ...
_RELEASABLE_REASONS: Final = (
    HeldReason.BURNED_IN_ANNOTATION,
    HeldReason.SCREEN_CAPTURE,
    HeldReason.EMBEDDED_OVERLAY,
)
# ... and of SOP classes only images whose attributes this package can judge (`iod_types.json`). Never reports,
# presentation states, documents, raw data or private classes: their content is text no pixel shows.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_A_KEYWORD: Final = "Write a keyword of PS3.6, such as PatientSex."


def _or_none_of(kind: type[list[Any]] | type[dict[str, Any]]) -> BeforeValidator:
    """Nothing behind a name means: none of these."""
    return BeforeValidator(lambda value: value or kind())


def _text(value: Any) -> str:
    if isinstance(value, bool | int | float | str):
        return str(value)
    if value is None:
        return ""
    raise complaint("is not a text", value, "Write one text, in quotes.")


def _word_of(names: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise complaint("is not one of these", value, did_you_mean(value, names))
        return value

    return AfterValidator(check)


def _keyword(why_not: Callable[[int], str | None]) -> AfterValidator:
    def check(value: str) -> str:
        tag = tag_for_keyword(value)
        if tag is None:
            raise complaint("is no DICOM keyword", value, _A_KEYWORD)
        if reason := why_not(tag):
            raise complaint(reason, value, "Leave it out.")
        return value

    return AfterValidator(check)


def _leaves_unseen(uid: str, info: ValidationInfo) -> str:
    if info.context is not None and uid not in info.context["sop_classes"]:
        fix = "Leave it out; images of other classes may stand in releasable.sop_classes."
        raise complaint("only MR leaves unseen", uid, fix)
    return uid


def _can_be_judged(uid: str) -> str:
    if uid not in known_sop_classes():
        fix = "Leave it out: only images of a class this gateway can clean can be released."
        raise complaint("cannot be judged by its pixels", uid, fix)
    return uid


def _reason(value: Any) -> str:
    if not value:
        raise complaint("gives no reason", "", "Say why, in a few words.")
    return _text(value)


def _action(value: Any) -> Any:
    if value not in tuple(Action):
        raise complaint("is no action", value, did_you_mean(str(value), tuple(Action)))
    return value


_Text = Annotated[str, BeforeValidator(_text)]
_Word = Annotated[str, Field(strict=True)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Rule(_Table):
    action: Annotated[Action, BeforeValidator(_action)]
    reason: Annotated[str, BeforeValidator(_reason)] = Field(default="", validate_default=True)


class _Releasable(_Table):
    reasons: Annotated[tuple[Annotated[_Word, _word_of(_RELEASABLE_REASONS)], ...], _or_none_of(list)] = ()
    sop_classes: Annotated[
        dict[Annotated[str, AfterValidator(_can_be_judged)], _Text], _or_none_of(dict)
    ] = {}


class ProfileInput(_Table):
    """One file; its context is the content of the profile that it is layered on, None for a shipped one."""

    extends: _Text = Field(default="", validate_default=True)
    name: _Text = Field(default="", validate_default=True)
    version: _Text = ""
    options: Annotated[tuple[Annotated[_Word, _word_of(SUPPORTED_OPTIONS)], ...], _or_none_of(list)] = ()
    rules: Annotated[dict[Annotated[str, _keyword(lambda _tag: None)], _Rule], _or_none_of(dict)] = {}
    keep_text: Annotated[tuple[Annotated[_Word, _keyword(why_not_kept)], ...], _or_none_of(list)] = ()
    sop_classes: Annotated[
        dict[Annotated[str, AfterValidator(_leaves_unseen)], _Text], _or_none_of(dict)
    ] = {}
    hold_image_types: Annotated[tuple[_Word, ...], _or_none_of(list)] = ()
    also_allowed: Annotated[tuple[Annotated[_Word, _keyword(why_not_allowed)], ...], _or_none_of(list)] = ()
    releasable: Annotated[_Releasable, _or_none_of(dict)] = _Releasable()

    @field_validator("extends")
    @classmethod
    def _is_the_base(cls, extends: str, info: ValidationInfo) -> str:
        if info.context is not None and extends != info.context["name"]:
            raise complaint("names no shipped profile", extends, f"Write extends: {info.context['name']}")
        return extends

    @field_validator("name")
    @classmethod
    def _is_its_own(cls, name: str, info: ValidationInfo) -> str:
        if info.context is not None and name in ("", info.context["name"]):
            fix = "Give the site's profile a name of its own."
            raise complaint("is missing, or that of the shipped profile", name, fix)
        if not _NAME.fullmatch(name):
            raise complaint("is not allowed", name, "Use lower-case letters, digits and hyphens, at most 40.")
        return name

    @field_validator("options")
    @classmethod
    def _said_once(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(options)) < len(options):
            raise complaint("names one twice", ", ".join(options), "Name each once.")
        return options

    @field_validator("sop_classes")
    @classmethod
    def _not_empty(cls, sop_classes: dict[str, str]) -> dict[str, str]:
        if not sop_classes:
            raise complaint("is empty: nothing could leave", "", "Name at least one SOP class.")
        return sop_classes

    @field_validator("hold_image_types")
    @classmethod
    def _screens_first(cls, types: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        base = () if info.context is None else info.context["hold_image_types"]
        if missing := [value for value in base if value not in types]:
            raise complaint(
                f"leaves out {', '.join(missing)}", "", "Add them: screens are always held first."
            )
        return types
