"""Builds gateway/privacy/profile/iod_types.json from highdicom's copy of the PS3.3 tables.

Run as `python tests/support/judges/privacy_tables.py`.
A test compares the shipped file with a fresh build, so that the two cannot drift apart.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydicom.datadict import tag_for_keyword

IODS = {
    "1.2.840.10008.5.1.4.1.1.4": "mr-image",
    "1.2.840.10008.5.1.4.1.1.4.1": "enhanced-mr-image",
    "1.2.840.10008.5.1.4.1.1.4.2": "mr-spectroscopy",
    "1.2.840.10008.5.1.4.1.1.4.4": "legacy-converted-enhanced-mr-image",
    "1.2.840.10008.5.1.4.1.1.7": "secondary-capture-image",
    "1.2.840.10008.5.1.4.1.1.7.1": "multi-frame-single-bit-secondary-capture-image",
    "1.2.840.10008.5.1.4.1.1.7.2": "multi-frame-grayscale-byte-secondary-capture-image",
    "1.2.840.10008.5.1.4.1.1.7.3": "multi-frame-grayscale-word-secondary-capture-image",
    "1.2.840.10008.5.1.4.1.1.7.4": "multi-frame-true-color-secondary-capture-image",
}
PROFILE_ROWS: dict[str, dict[str, Any]] = {
    row["tag"]: row
    for row in json.loads((files("gateway.privacy.profile") / "profile_table.json").read_text())["rows"]
}
STRICTEST_FIRST = ("1", "1C", "2", "2C", "3")
SOURCE = (
    "PS3.3 module tables as shipped with highdicom 0.28 (MIT), derived from innolitics/dicom-standard (MIT)"
)


def build() -> dict[str, Any]:
    """The content of iod_types.json: `iods` names each SOP class's table of attributes, `tables` holds every distinct
    table once, as tag -> [Type, number of the table its items follow] (0: no sequence, or nothing defined in it)."""
    tables: list[dict[str, Any]] = [{}]
    numbers: dict[str, int] = {"{}": 0}
    iods = {uid: _number(iod_tree(uid), tables, numbers) for uid in IODS}
    return {"source": SOURCE, "acknowledgement": "DICOM PS3.3, (c) NEMA", "iods": iods, "tables": tables}


@cache
def iod_tree(sop_class: str) -> dict[str, Any]:
    """Tag -> [Type, items' attributes] of everything the IOD's modules define (the strictest Type of all modules)."""
    modules_of, attributes_of = _modules()
    tree: dict[str, Any] = {}
    for module in modules_of[IODS[sop_class]]:
        for attribute in attributes_of[module["key"]]:
            _plant(tree, [*attribute["path"], attribute["keyword"]], attribute["type"])
    return tree


@cache
def _modules() -> tuple[dict[str, Any], dict[str, Any]]:
    folder = files("highdicom") / "_standard"
    return (
        json.loads((folder / "iod_module_map.json").read_text()),
        json.loads((folder / "module_attribute_map.json").read_text()),
    )


def _number(tree: dict[str, Any], tables: list[dict[str, Any]], numbers: dict[str, int]) -> int:
    table = {
        tag: [type_, _number(children, tables, numbers)] for tag, (type_, children) in sorted(tree.items())
    }
    key = json.dumps(table)
    if key not in numbers:
        numbers[key] = len(tables)
        tables.append(table)
    return numbers[key]


def _plant(tree: dict[str, Any], path: list[str], type_: str) -> None:
    node: list[Any] = []
    for keyword in path:
        tag = tag_for_keyword(keyword)
        if tag is None:
            return
        node = tree.setdefault(f"{tag:08X}", ["3", {}])
        tree = node[1]
    if STRICTEST_FIRST.index(type_) < STRICTEST_FIRST.index(node[0]):
        node[0] = type_


def encoded() -> str:
    """The file's text: compact, sorted, one trailing newline."""
    return json.dumps(build(), separators=(",", ":"), sort_keys=True) + "\n"


if __name__ == "__main__":
    target = Path(__file__).parents[3] / "gateway" / "privacy" / "profile" / "iod_types.json"
    target.write_text(encoded())
    print(f"wrote {target.name}: {target.stat().st_size} bytes")  # noqa: T201
