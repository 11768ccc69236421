"""What is written for people: README.md, CONTRIBUTING.md and the manual's pages."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "gateway" / "manual"

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in sorted(MANUAL.rglob("*.md"))}
"""The manual's pages by their path in the repository."""
TEXTS = {
    Path("README.md"): README,
    Path("CONTRIBUTING.md"): (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
    **PAGES,
}
DOCUMENTATION = "\n".join(TEXTS.values())


def blocks(language: str, text: str = DOCUMENTATION) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def without_code(text: str) -> str:
    """The text without fenced blocks and inline code, where brackets mean nothing."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def links(text: str) -> list[str]:
    """The targets of the links and pictures of a text."""
    return re.findall(r"\]\(([^)\s]+)\)", without_code(text))
