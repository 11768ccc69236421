"""What becomes of each attribute: the profile and the tables of `gateway.privacy`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from gateway.privacy.profile import profile as profiles
from gateway.privacy.profile.profile import Action, Profile, ProfileRow, load_profile, resolve
from gateway.privacy.profile.table_e1_1 import table as table_e1_1
from reference.docstrings import of_members
from reference.marks import table

FOLDER = Path(profiles.__file__).parent
_IS_A_TAG = re.compile("[0-9A-Fa-f]{8}")  # the others are repeating groups and all private attributes
TYPES = ("1", "1C", "2", "2C", "3")


def actions() -> str:
    """What can be done to an attribute."""
    return table(("action", "does"), ((f"`{one}`", text) for one, text in of_members(Action).items()))


def options() -> str:
    """The profile and options of PS3.15 that the shipped profile carries out."""
    codes = load_profile().method_codes()
    return table(
        ("profile and options", "code (DCM, CID 7050)"), ((meaning, code) for code, meaning in codes)
    )


def objects() -> str:
    """What may leave, and what a person may release."""
    profile = load_profile()
    rows = [(name, uid, "de-identified") for uid, name in profile.sop_classes.items()]
    rows += [(name, uid, "after a release") for uid, name in profile.releasable_sop_classes.items()]
    return table(("object", "SOP class", "leaves"), rows)


def profile_rules() -> str:
    """Where the shipped profile departs from Table E.1-1, each with its reason."""
    text = (FOLDER / "shipped" / "pml-read.yaml").read_text(encoding="utf-8")
    rules: dict[str, dict[str, str]] = yaml.safe_load(text)["rules"]
    return table(
        ("attribute", "action", "reason"),
        ((f"`{name}`", rule["action"], rule["reason"]) for name, rule in rules.items()),
    )


def private_elements() -> str:
    """The private elements that stay."""
    content = json.loads((FOLDER / "safe_private.json").read_text(encoding="utf-8"))
    rows = (
        (
            f"({row['group']},xx{row['element']})",
            row["creator"],
            row["meaning"],
            row["vr"],
            "yes" if row["in_table_e_3_10_1"] else "no",
        )
        for row in content["rows"]
    )
    return table(("element", "creator", "meaning", "VR", "in Table E.3.10-1"), rows)


def attributes() -> str:
    """Every row of Table E.1-1 with the code that holds in the shipped profile."""
    profile = load_profile()
    rows = ((_shown(row.tag), row.name, row.basic, _code(row, profile)) for row in table_e1_1())
    return table(("tag", "attribute", "Basic Profile", "here"), rows)


def _code(row: ProfileRow, profile: Profile) -> str:
    if _IS_A_TAG.fullmatch(row.tag):
        return profile.code(int(row.tag, 16)) or row.basic
    return next((row.options[option] for option in profile.options if option in row.options), row.basic)


def _shown(tag: str) -> str:
    return f"({tag[:4]},{tag[4:]})" if len(tag) == 8 else tag


def compound_codes() -> str:
    """What a compound code of Table E.1-1 means, by the Type of the attribute in the object's IOD."""
    codes = ("Z/D", "X/Z", "X/D", "X/Z/D", "X/Z/U*")
    rows = ((f"`{code}`", *(resolve(code, kind) for kind in (*TYPES, None))) for code in codes)
    return table(("code", *(f"Type {kind}" for kind in TYPES), "not in the IOD"), rows)
