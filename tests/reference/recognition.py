"""How a series is recognised and a protocol judged: the tables of `routing_rules.series`, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

import routing_rules.series
from reference.docstrings import of_members, summary
from reference.marks import table
from routing_rules.protocol.coverage import AXES
from routing_rules.protocol.requirements import standard_protocol
from routing_rules.protocol.verdict import Readability
from routing_rules.series import derivation_signs, diffusion_signs
from routing_rules.series import signs as basic_signs
from routing_rules.series.kind_evidence import EVIDENCE, KindEvidence
from routing_rules.series.series import SeriesKind

FOLDER = Path(routing_rules.series.__file__).parent
TAKE_ARGUMENTS = (
    "within",
    "unknown",
    "has",
    "equals",
    "role",
    "means",
    "any_of",
    "all_of",
    "lacks",
    "described",
)
SIGN_MODULES = {
    "signs": basic_signs,
    "diffusion_signs": diffusion_signs,
    "derivation_signs": derivation_signs,
}


def kinds() -> str:
    """The kinds of series."""
    return table(("kind", "is"), ((f"`{one}`", text) for one, text in of_members(SeriesKind).items()))


def requirements() -> str:
    """What the protocol must have."""
    protocol = standard_protocol()
    rows = (
        (
            one.label,
            "not readable for the question" if one.essential else "readable with limits",
            one.ask,
            "suspected PML" if one.only_when_suspected else "every study",
            f"`{one.source}`",
        )
        for one in protocol.requirements
    )
    return table(("series", "without it", "asked for", "wanted in", "source"), rows)


def thresholds() -> str:
    """The numbers of the protocol, each with what follows and with its source."""
    protocol = standard_protocol()
    brain, rows = protocol.brain, []
    for axis, least, usual in zip(AXES, brain.least_mm.axes, brain.usual_mm.axes, strict=True):
        rows.append(
            (f"brain, {axis}", f"at least {least:g} mm", "not readable for the question", brain.source)
        )
        rows.append((f"brain, {axis}", f"usually {usual:g} mm", "readable with limits", brain.source))
    share = protocol.least_imaged
    said = f"at least {share.value:.0%} of the distance between slices is slice"
    rows.append(("every series", said, "not readable for the question", share.source))
    for one in protocol.requirements:
        if band := one.b_values:
            said = f"a b-value from {band.lowest:g} to {band.highest:g} s/mm²"
            rows.append((one.label, said, "not readable for the question", band.source))
        thick, gap, pixel = one.thickest_mm, one.widest_gap, one.largest_pixel_mm
        rows.append(
            (one.label, f"slices of at most {thick.value:g} mm", "readable with limits", thick.source)
        )
        said = f"no slices of more than {one.thickest_at_all_mm.value:g} mm"
        rows.append((one.label, said, "the series does not count", one.thickest_at_all_mm.source))
        said = f"gaps of at most {gap.value:.0%} of the thickness" if gap.value else "no gaps"
        rows.append((one.label, said, "readable with limits", gap.source))
        if pixel is not None:
            said = f"pixels of at most {pixel.value:g} x {pixel.value:g} mm"
            rows.append((one.label, said, "readable with limits", pixel.source))
    field = protocol.field_strength_t
    rows.append(("every series", f"at least {field.value:g} T", "readable with limits", field.source))
    return table(
        ("of", "asked for", "otherwise", "source"),
        ((of, asked, otherwise, f"`{source}`") for of, asked, otherwise, source in rows),
    )


def protocol_sources() -> str:
    """The sources of the protocol, and the day on which they were compared."""
    protocol = standard_protocol()
    rows = [(f"`{key}`", str(said)) for key, said in protocol.sources.items()]
    return table(("source", f"as compared on {protocol.edition}"), rows)


def readabilities() -> str:
    """What the verdict can be."""
    return table(("verdict", "means"), ((f"`{one}`", text) for one, text in of_members(Readability).items()))


def recognition_rows() -> str:
    """The rows of the table of recognition, in the order in which they are tried."""
    return _recognition(_elements_of("table", "ROWS"))


def tie_breaks() -> str:
    """The rows that read descriptions."""
    return _recognition(_elements_of("table", "TIE_BREAKS"))


def _recognition(rows: Sequence[ast.expr]) -> str:
    return table(("kind", "confidence", "when all of these hold"), (_row(call) for call in rows))


def _row(call: ast.expr) -> tuple[str, str, str]:
    assert isinstance(call, ast.Call)
    kind, confidence, signs = call.args
    assert isinstance(signs, ast.Tuple)
    said = "; ".join(f"`{ast.unparse(sign)}`" for sign in signs.elts)
    return f"`{ast.unparse(kind).removeprefix('K.').lower()}`", ast.unparse(confidence), said


def _elements_of(module: str, name: str) -> list[ast.expr]:
    """The rows of a tuple in the source, those of a tuple that is unpacked in it included."""
    (value,) = (given for target, given in _assignments(module) if target == name)
    assert isinstance(value, ast.Tuple)
    found: list[ast.expr] = []
    for element in value.elts:
        if isinstance(element, ast.Starred):
            found += _elements_of("rows_by_timing", ast.unparse(element.value))
        else:
            found.append(element)
    return found


def _assignments(module: str) -> Iterator[tuple[str, ast.expr]]:
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target, value in _pairs(node.targets[0], node.value):
                yield ast.unparse(target), value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield ast.unparse(node.target), node.value


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=True)
    else:
        yield target, value


MEANINGS_OF_WORDS = {
    "agents": "an agent",
    "agents_begin": "an agent, when a word begins so",
    "contrast": "contrast agent as such",
    "given": "it was given (in ContrastBolusAgent)",
    "after_alone": "given, alone or before a word for contrast",
    "after": "given, before a word for contrast",
    "negations": "not given, alone in ContrastBolusAgent or before a word for contrast",
    "plain": "not given",
    "before": "not given, before a word for contrast",
    "open": "unknown, whatever else is said",
}


def contrast_words() -> str:
    """What words say about contrast agent."""
    text = (FOLDER / "contrast_words.yaml").read_text(encoding="utf-8")
    words: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)
    rows = [(meaning, ", ".join(_flat(words[key]))) for key, meaning in MEANINGS_OF_WORDS.items()]
    rows += [
        (f"{says}, without blanks around", ", ".join(words["scripts"][key]))
        for key, says in (("given", "given"), ("not_given", "not given"))
    ]
    return table(("says", "words, without case and accents"), rows)


def _flat(listed: Any) -> Iterator[str]:
    for each in listed.values() if isinstance(listed, dict) else listed:
        yield from ([each] if isinstance(each, str) else _flat(each))


def signs() -> str:
    """What the signs in the rows mean: those that take arguments, then those that have a name."""
    rows = [(f"`{name}(...)`", summary(getattr(basic_signs, name))) for name in TAKE_ARGUMENTS]
    for module, name, value in _named_signs():
        if isinstance(value, ast.Call) and name.islower():
            rows.append((f"`{name}`", f"`{ast.unparse(value)}`"))
        elif isinstance(value, ast.Name):
            rows.append((f"`{name}`", summary(getattr(SIGN_MODULES[module], name))))
        elif isinstance(value, ast.Constant) and isinstance(value.value, str):
            rows.append((f"`{name}`", f"`{value.value}`"))
    return table(("sign", "means"), rows)


def _named_signs() -> Iterator[tuple[str, str, ast.expr]]:
    for module in (*SIGN_MODULES, "recognition_row"):
        for name, value in _assignments(module):
            yield module, name, value


def kind_evidence() -> str:
    """For each kind: how many rows prove it, what supports it, what contradicts it and at what cost."""
    written = {ast.unparse(call.args[0]).removeprefix("K."): call for call in _evidence_calls()}
    return table(
        ("kind", "proved by", "supported by", "contradicted by"),
        (
            (f"`{each.kind}`", _proved(each), _supported(written[each.kind.name]), _contradicted(each))
            for each in EVIDENCE.values()
        ),
    )


def _evidence_calls() -> Iterator[ast.Call]:
    tree = ast.parse((FOLDER / "kind_evidence.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "KindEvidence":
            yield node


def _proved(each: KindEvidence) -> str:
    return f"{len(each.proofs)} rows of the table below" if each.proofs else "nothing by itself"


def _supported(call: ast.Call) -> str:
    if len(call.args) < 3:
        return ""
    signs = dict(_assignments("kind_evidence")).get(ast.unparse(call.args[2]), call.args[2])
    assert isinstance(signs, ast.Tuple)
    return "; ".join(f"`{ast.unparse(sign)}`" for sign in signs.elts)


def _contradicted(each: KindEvidence) -> str:
    return "; ".join(
        f"{one.says} (−{one.costs:g})" if one.costs else f"{one.says} (told)" for one in each.contradictions
    )


def vendor_elements() -> str:
    """The private attributes that recognition reads."""
    uses = {
        "b_values": "b-value",
        "diffusion_flags": "whether it is diffusion",
        "epi_factors": "EPI factor",
        "sequence_name_elements": "name of the pulse sequence",
        "mosaic_counts": "images in a mosaic",
        "private_values": "what the image shows",
    }
    facts = _vendor_facts()
    rows = (
        (
            one["vendor"],
            one["creator"],
            f"({one['group']:04X},xx{one['element']:02X})",
            use,
            one.get("source", ""),
        )
        for key, use in uses.items()
        for one in facts[key]
    )
    return table(("vendor", "creator", "element", "gives", "source"), rows)


def image_types() -> str:
    """The values of ImageType and what they show."""
    rows = (
        (f"`{role}`", ", ".join(map(str, values))) for role, values in _vendor_facts()["image_types"].items()
    )
    return table(("shows", "values of ImageType and FrameType"), rows)


def sequence_names() -> str:
    """The names of pulse sequences and what they tell."""
    rows = (
        (one["vendor"], f"`{one['pattern']}`", ", ".join(one["means"]).replace("_", " "))
        for one in _vendor_facts()["sequence_names"]
    )
    return table(("vendor", "name has", "tells"), rows)


def _vendor_facts() -> dict[str, Any]:
    facts: dict[str, Any] = yaml.safe_load((FOLDER / "vendor_facts.yaml").read_text(encoding="utf-8"))
    return facts
