"""The plain fields of a posted form, as a dependency: parsed in the event loop, used by functions in threads."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

PostedForm = dict[str, list[str]]


async def _fields(request: Request) -> PostedForm:
    """Every text field with its values in order; uploaded files are not among them."""
    fields: PostedForm = {}
    async with request.form() as form:  # closes files that somebody sent to a page which takes none
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
    return fields


Posted = Annotated[PostedForm, Depends(_fields)]


def first(fields: PostedForm, name: str) -> str:
    """A field's first value, trimmed; empty when it was not sent."""
    return next(iter(fields.get(name, [])), "").strip()
