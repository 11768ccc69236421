"""A page asks for its scripts and for all that they import at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.web.foundation.scripts import STATIC, imported, script_tags

OURS = sorted(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js") if "vendor" not in path.parts
)


@pytest.mark.parametrize("script", OURS)
def test_every_import_of_a_script_is_there_and_asked_for(script: str) -> None:
    """Whatever a file imports when it is loaded; what it imports when needed is not."""
    text = (STATIC / script).read_text(encoding="utf-8")
    folder = (STATIC / script).parent
    said = re.findall(r'^\s*import\b[^(\n]*"(\.[^"]+)"', text, re.MULTILINE)
    wanted = {(folder / name).resolve().relative_to(STATIC.resolve()).as_posix() for name in said}
    assert wanted <= set(imported(script))
    assert all((STATIC / name).is_file() for name in imported(script))


def test_what_imports_import_is_asked_for_once() -> None:
    """Two ways lead to the geometry; the three planes come when somebody wants them."""
    tags = str(script_tags("reading/reading.js"))
    assert tags.count('href="/static/reading/geometry.js"') == 1
    assert tags.count('src="/static/reading/reading.js"') == 1
    assert "reading/planes.js" not in tags


def test_templates_load_scripts_in_no_other_way() -> None:
    """Or their imports would come one after another again."""
    templates = Path(STATIC).parent / "templates"
    assert not [page.name for page in templates.glob("*.html") if '<script type="module"' in page.read_text()]
