"""A site's layouts stand beside the shipped ones; what is wrong in their file is told with its line."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from gateway.imaging.layouts import LAYOUTS, begins_with
from gateway.site_layouts import LayoutsError, site_layouts

EXAMPLE = (files("gateway") / "examples" / "layouts.yaml").read_text(encoding="utf-8")
PANE = "{label: T2, kinds: [t2]}"


def written(folder: Path, text: str) -> Path:
    """The file."""
    file = folder / "layouts.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def layout(name: str = "north", more: str = "", panes: str = PANE) -> str:
    """One layout, as a site writes it."""
    return f"  - name: {name}\n    title: North\n{more}    panes:\n      - {panes}\n"


def wrong(folder: Path, *layouts: str) -> list[tuple[int | None, str]]:
    """Line and text of each problem."""
    with pytest.raises(LayoutsError) as caught:
        site_layouts(written(folder, "layouts:\n" + "".join(layouts)))
    assert caught.value.fix
    assert all(problem.fix for problem in caught.value.problems)
    return [(problem.line, problem.told) for problem in caught.value.problems]


def test_without_a_file_there_are_the_shipped_ones() -> None:
    """Nothing has to be written."""
    assert site_layouts(None) == LAYOUTS


def test_the_example_follows_the_shipped_ones_and_begins_what_it_says(tmp_path: Path) -> None:
    """The others begin as before."""
    layouts = site_layouts(written(tmp_path, EXAMPLE))
    assert [each.name for each in layouts] == [*(each.name for each in LAYOUTS), "follow-up"]
    assert begins_with("surveillance", layouts) == "follow-up"
    assert begins_with("suspected_pml", layouts) == "suspected_pml"
    assert layouts[-1].panes[3].of == "prior"
    assert layouts[-1].panes[3].b_value == 1000.0


def test_a_layout_called_as_a_shipped_one_takes_its_place(tmp_path: Path) -> None:
    """On its number key; a referral that it begins is begun by no other."""
    own = layout("surveillance", "    begins: [suspected_pml]\n")
    layouts = site_layouts(written(tmp_path, "layouts:\n" + own))
    assert [each.name for each in layouts] == [each.name for each in LAYOUTS]
    assert layouts[0].title == "North"
    assert begins_with("suspected_pml", layouts) == "surveillance"


@pytest.mark.parametrize(
    ("layouts", "line", "said"),
    [
        ([layout(panes="{label: T2, kinds: [flare]}")], 5, "is no kind of series (found flare)"),
        ([layout(panes="{label: T2, kinds: []}")], 5, "is empty"),
        ([layout(panes="{label: T2, kinds: [t2], series: 3}")], 5, "there is nothing of this name"),
        ([layout(panes="{label: T2, kinds: [t2], of: next}")], 5, "'current' or 'prior'"),
        ([layout(panes="{label: T2, kinds: [t2], b_value: -1}")], 5, "greater than or equal to 0"),
        ([layout(more="    begins: [follow_up]\n")], 4, "is no referral (found follow_up)"),
        ([layout("North !")], 2, "pattern"),
        ([layout(), layout()], None, "layouts have the same name (found north)"),
        (
            [layout(name, "    begins: [surveillance]\n") for name in "ab"],
            None,
            "begin the cases of a referral",
        ),
        ([layout(f"own-{number}") for number in range(6)], None, "more layouts than number keys"),
    ],
)
def test_each_fault_is_told_with_its_line(
    tmp_path: Path, layouts: list[str], line: int | None, said: str
) -> None:
    """With the value that was found, and what to write instead."""
    [(at, told)] = wrong(tmp_path, *layouts)
    assert said in told
    assert line is None or at == line


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """In the order of the file."""
    faults = wrong(tmp_path, layout(panes="{label: T2, kinds: [flare]}"), layout("b", panes="{kinds: [t2]}"))
    assert [line for line, _ in faults] == [5, 9]


@pytest.mark.parametrize("text", ["", "layouts: []\n", "layouts: 3\n", "[1\n", "other: 1\n"])
def test_what_is_no_list_of_layouts_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file, no list, no YAML, other names."""
    with pytest.raises(LayoutsError):
        site_layouts(written(tmp_path, text))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It is named in the settings, and is not there, or is no text."""
    with pytest.raises(LayoutsError, match="cannot be read"):
        site_layouts(tmp_path / "none.yaml")
    (tmp_path / "layouts.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(LayoutsError, match="cannot be read"):
        site_layouts(tmp_path / "layouts.yaml")
