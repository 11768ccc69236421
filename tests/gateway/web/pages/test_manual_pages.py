"""Markdown to HTML: links become addresses, headings get places, raw HTML stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import NotThere
from gateway.web.pages import manual_pages

CONTENTS = """# Contents

## For readers

- [The first](manual.md)

## How to

- [Rules of the house](how-to/rules.md)
- [Nodes](how-to/nodes.md)
"""
RULES = """# Rules of the house

See [nodes](nodes.md), [who calls](nodes.md#who-may-call-us), [the first](../manual.md), [below](#two-words-really),
and the page [Upload](/upload). <b>Not bold</b> <script>alert(1)</script>

![A path](../../web/static/path.svg)

## Two words, really?

[//]: # "written by a program"

| a | b |
|---|---|
| `x\\|y` | 1 |

[//]: # "end"
"""


@pytest.fixture
def manual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A small manual instead of ours."""
    for name, text in {"contents": CONTENTS, "manual": "# The first\n", "how-to/rules": RULES}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(manual_pages, "MANUAL", tmp_path)
    for cached in (manual_pages.contents, manual_pages.html):
        cached.cache_clear()
    yield
    for cached in (manual_pages.contents, manual_pages.html):
        cached.cache_clear()


@pytest.mark.usefixtures("manual")
def test_the_contents_are_the_headings_and_links_of_their_page() -> None:
    """Sections in their order, each with its pages; `manual` is at /manual itself."""
    found = {section.title: [page.address for page in section.pages] for section in manual_pages.contents()}
    assert found == {
        "For readers": ["/manual"],
        "How to": ["/manual/how-to/rules", "/manual/how-to/nodes"],
    }
    assert manual_pages.page("how-to/rules").title == "Rules of the house"


@pytest.mark.usefixtures("manual")
def test_links_between_pages_become_addresses() -> None:
    """Relative ones by the page they stand on; addresses of the gateway stay as they are."""
    links = re.findall(r'<a href="([^"]*)"', manual_pages.html("how-to/rules"))
    assert links == [
        "/manual/how-to/nodes",
        "/manual/how-to/nodes#who-may-call-us",
        "/manual",
        "#two-words-really",
        "/upload",
    ]


@pytest.mark.usefixtures("manual")
def test_a_heading_has_the_place_that_its_links_mean() -> None:
    """As GitHub makes it, so that one link serves both."""
    assert '<h2 id="two-words-really">' in manual_pages.html("how-to/rules")


@pytest.mark.usefixtures("manual")
def test_a_picture_is_a_static_file_that_can_be_opened_alone() -> None:
    """On a phone it is larger than the screen."""
    page = manual_pages.html("how-to/rules")
    assert '<a class="picture" href="/static/path.svg"><img src="/static/path.svg" alt="A path"' in page


@pytest.mark.usefixtures("manual")
def test_raw_html_is_shown_as_text_and_marks_are_not_shown() -> None:
    """Nothing of a page can become a script; what tells programs where to write is for nobody to see."""
    page = manual_pages.html("how-to/rules")
    assert "&lt;b&gt;Not bold&lt;/b&gt; &lt;script&gt;" in page
    assert "<script" not in page
    assert "written by" not in page
    assert "<code>x|y</code>" in page


@pytest.mark.usefixtures("manual")
@pytest.mark.parametrize("name", ["contents", "nothing", "../manual", "how-to/rules.md", ""])
def test_only_pages_of_the_contents_are_read(name: str) -> None:
    """Also where such a file is there."""
    with pytest.raises(NotThere, match="no such page"):
        manual_pages.html(name)


@pytest.mark.parametrize(
    ("heading", "place"),
    [
        ("What is stuck", "what-is-stuck"),
        ("9.4 De-identification (PS3.15 E.1.1, E.1.3)", "94-de-identification-ps315-e11-e13"),
        ("gateway users add NAME", "gateway-users-add-name"),
    ],
)
def test_places_are_named_as_on_github(heading: str, place: str) -> None:
    """Small letters, no punctuation, a hyphen for each blank."""
    assert manual_pages.anchor(heading) == place
