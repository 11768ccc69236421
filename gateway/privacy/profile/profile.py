"""What happens to each attribute: Table E.1-1 (`table_e1_1`), the options applied, and a site's exceptions on top.

A profile (`profiles/*.yaml`) chooses the options and lists its exceptions, each with a reason, so that a privacy
officer can read it in a diff. `Profile.code` compiles to one action code per tag; what a compound code means depends
on the attribute's Type (`resolve`). What a site may not ask is refused in `files` and `site_limits`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.profile_file import ProfileFile, read_layer, read_profile
from gateway.privacy.profile.table_e1_1 import METHOD_CODES, Action, ProfileRow, plain_rows, resolve, table

__all__ = ["METHOD_CODES", "Action", "Profile", "ProfileRow", "load_profile", "resolve", "table"]

_SHIPPED = files("gateway.privacy.profile") / "shipped"


@dataclass(frozen=True)
class Profile:
    """A compiled profile; make one with `load_profile`. `base` is the shipped profile it is layered on."""

    base: str
    name: str
    version: str
    options: tuple[str, ...]
    rows: Mapping[int, ProfileRow]
    rules: Mapping[int, Action]
    keep_text: frozenset[int]
    sop_classes: Mapping[str, str]
    hold_image_types: frozenset[str]
    also_allowed: frozenset[int]
    releasable_reasons: frozenset[str]
    releasable_sop_classes: Mapping[str, str]
    fingerprint: str
    layered: str | None = field(repr=False)
    """The site's YAML text it was compiled with."""
    faces_out: bool = False
    """Whether faces are taken out of the pixels before, so that a copy may say so."""

    def __reduce__(self) -> tuple[Callable[[str, str | None, bool], Profile], tuple[str, str | None, bool]]:
        """To another process goes what it was compiled from: there it is compiled once, too."""
        return _loaded, (self.base, self.layered, self.faces_out)

    def with_faces_out(self) -> Profile:
        """The same for objects of which `gateway.faces` has taken out the face."""
        return replace(self, faces_out=True)

    def code(self, tag: int) -> str | None:
        """The action code of `tag` after options and rules; None when neither table nor rules list it."""
        rule = self.rules.get(tag)
        if rule is not None:
            return rule.value
        row = self.rows.get(tag)
        if row is None:
            return None
        for option in self.options:
            if option in row.options:
                return row.options[option]
        return row.basic

    def basic(self, tag: int) -> str:
        """The Basic Profile's code: what cleaning falls back to. Attributes outside the table: X/Z/D."""
        row = self.rows.get(tag)
        return row.basic if row is not None else "X/Z/D"

    def method_codes(self) -> tuple[tuple[str, str], ...]:
        """(code value, meaning) of DeidentificationMethodCodeSequence: the profile, then each option applied."""
        names = ("basic", *self.options, *(("clean_recognizable_visual_features",) if self.faces_out else ()))
        return tuple(METHOD_CODES[name] for name in names)


def shipped_profiles() -> frozenset[str]:
    """The names of the profiles that come with this package."""
    return frozenset(
        file.name.removesuffix(".yaml") for file in _SHIPPED.iterdir() if file.name.endswith(".yaml")
    )


def load_profile(
    name: str = "pml-read", layered: str | None = None, source: str = "the site's profile"
) -> Profile:
    """The shipped profile `name`, with a site's YAML text `layered` on it; `source` is how its file is called.

    Raises ProfileError with every problem found: unknown keys, keywords or actions, unsupported options, any
    direct identifier that would be kept, and whatever would be released without anybody able to judge it.
    """
    return _compile(name, layered, source)


def _loaded(name: str, layered: str | None, faces_out: bool) -> Profile:
    profile = load_profile(name, layered)
    return profile.with_faces_out() if faces_out else profile


@lru_cache(maxsize=16)
def _compile(name: str, layered: str | None, source: str) -> Profile:
    if name not in shipped_profiles():
        raise ProfileError(f"There is no profile {name!r}.", "Use the shipped profile 'pml-read'.")
    content = read_profile((_SHIPPED / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")
    content = content if layered is None else read_layer(content, layered, source)
    file = ProfileFile.of(content)
    return Profile(
        base=name,
        name=file.name,
        version=file.version,
        options=file.options,
        rows=plain_rows(),
        rules=MappingProxyType(dict(file.rules)),
        keep_text=file.keep_text,
        sop_classes=MappingProxyType(dict(file.sop_classes)),
        hold_image_types=file.hold_image_types,
        also_allowed=file.also_allowed,
        releasable_reasons=file.releasable_reasons,
        releasable_sop_classes=MappingProxyType(dict(file.releasable_sop_classes)),
        fingerprint=hashlib.sha256(
            json.dumps(
                [content, [[r.tag, r.basic, dict(r.options)] for r in table()]], sort_keys=True
            ).encode()
        ).hexdigest(),
        layered=layered,
    )
