"""The manual as it is served: every page, every link and picture of it, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.web.pages import manual_pages
from support.web_gateway import WebGateway, running


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """One gateway for all: the manual is the same for everybody."""
    folder: Path = tmp_path_factory.mktemp("manual")
    with running(folder) as gateway:
        gateway.add("reader", "reader")
        yield gateway


class Served(HTMLParser):
    """What a page refers to, and the places on it that can be referred to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.places: set[str] = set()
        self.current: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("id"):
            self.places.add(str(values["id"]))
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
            if values.get("aria-current") == "page":
                self.current.append(str(values["href"]))
        if tag == "img":
            self.pictures.append(str(values["src"]))


PAGES = [page for section in manual_pages.contents() for page in section.pages]


def test_every_link_and_picture_of_every_page_is_served(web: WebGateway) -> None:
    """From the first page, by links alone, one comes to every page; each link with a place finds that place."""
    reader = web.client("reader")
    seen: dict[str, Served] = {}
    waiting = ["/manual"]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        answer = reader.get(address)
        assert answer.status_code == 200, address
        seen[address] = Served(answer.text)
        if address.startswith("/manual"):
            targets = (link.partition("#")[0] for link in seen[address].links)
            waiting += [target for target in targets if target.startswith(("/manual", "/docs"))]
    assert {page.address for page in PAGES} <= seen.keys()
    for address, page in seen.items():
        for link in page.links:
            target, _, place = link.partition("#")
            assert "://" not in link, (address, link)
            assert not place or place in seen[target or address].places, (address, link)
        for picture in page.pictures:
            answer = reader.get(picture)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml"), picture


def test_the_navigation_names_every_page_and_shows_where_one_is(web: WebGateway) -> None:
    """On each page, whichever it is."""
    reader = web.client("reader")
    for page in PAGES:
        served = Served(reader.get(page.address).text)
        assert {one.address for one in PAGES} <= set(served.links), page
        assert served.current.count(page.address) >= 2, page  # at the side, and on top of a narrow screen


def test_the_first_pages_keep_their_addresses(web: WebGateway) -> None:
    """They stand in letters to sites: /manual, the education page and the conformance statement."""
    reader = web.client("reader")
    for address, heading in (
        ("/manual", "Manual of the reading service"),
        ("/manual/ms-vs-pml", "MS or PML? What MRI shows"),
        ("/manual/conformance", "DICOM conformance statement"),
    ):
        assert f">{heading}</h1>" in reader.get(address).text


@pytest.mark.parametrize(
    "name",
    ["nothing", "how-to", "contents.md", "..%2f..%2fapplication", "how-to/..%2fmanual", "../static/app"],
)
def test_what_is_no_page_is_not_there(web: WebGateway, name: str) -> None:
    """Whatever the address, only pages of the contents are read."""
    assert web.client("reader").get(f"/manual/{name}").status_code == 404


def test_nobody_reads_it_without_an_account(web: WebGateway) -> None:
    """A visitor is sent to sign in."""
    answer = web.client().get("/manual/how-to/rules")
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in")


def test_the_list_of_services_is_a_page_too(web: WebGateway) -> None:
    """`/docs` is drawn here, and the description for programs is beside it."""
    reader = web.client("reader")
    assert "/api/queue" in reader.get("/docs").text
    assert "/api/queue" in reader.get("/openapi.json").json()["paths"]
