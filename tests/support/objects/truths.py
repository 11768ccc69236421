"""Ground truths of a patient and their MRI, and the report a truthful reader writes of each.

The reader says what is there, as far as the images show it, and knows nothing of the rules of the form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

REQUIRED = ("flair", "t2", "dwi")
SEQUENCES = (*REQUIRED, "t1", "t1_contrast", "swi", "mrs")
PHASES = ("pre_iris", "iris", "early_post_pml", "late_post_pml")


@dataclass(frozen=True)
class TrueSequence:
    """A sequence as it was acquired."""

    present: bool
    readable: bool
    coverage: str


@dataclass(frozen=True)
class TrueLesion:
    """A lesion as it is: what caused it, how it changed since the prior, whether it enhances, its axis in mm.

    `in_cord`: it lies in the spinal cord, which the table names for MS alone.
    """

    cause: str
    course: str
    enhances: bool
    axis_mm: int
    in_cord: bool = False


@dataclass(frozen=True)
class Truth:
    """A patient and an MRI; `level` is what the reader thinks where something is suspicious."""

    pml_known: bool
    phase: str
    prior: str
    sequences: dict[str, TrueSequence]
    lesions: tuple[TrueLesion, ...]
    level: int
    next_days: int
    contrast_allowed: bool
    simplified: bool = False
    """The site declared FLAIR and DWI for its surveillance, and this is surveillance."""

    @property
    def required(self) -> tuple[str, ...]:
        """The sequences that the site's protocol asks for."""
        return ("flair", "dwi") if self.simplified else REQUIRED

    @property
    def excludes(self) -> bool:
        """Whether this MRI shows what it must to exclude PML."""
        seen = (self.sequences[name] for name in self.required)
        return all(each.present and each.readable and each.coverage == "whole_brain" for each in seen)

    @property
    def visible(self) -> tuple[TrueLesion, ...]:
        """The lesions, where a sequence that shows them is readable."""
        shown = any(self.sequences[name].readable for name in ("flair", "t2"))
        return self.lesions if shown else ()

    @property
    def is_suspicious(self) -> bool:
        """Whether PML is seen that is not known, or known PML that is active."""
        active = {"new", "increase"}
        compared = self.prior == "yes"
        return any(
            lesion.cause == "pml" and (not self.pml_known or (compared and lesion.course in active))
            for lesion in self.visible
        )


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """Any patient under natalizumab, with any MRI."""
    sequences = {}
    for name in SEQUENCES:
        present = name != "mrs" and draw(st.sampled_from([True, True, True, False]))
        readable = present and (name == "t1_contrast" or draw(st.sampled_from([True, True, True, False])))
        coverage = draw(st.sampled_from(["whole_brain", "whole_brain", "whole_brain", "part", "unknown"]))
        sequences[name] = TrueSequence(present, readable, coverage)
    lesion = st.builds(
        TrueLesion,
        st.sampled_from(["ms", "pml", "other"]),
        st.sampled_from(["new", "increase", "decrease", "unchanged", "resolved"]),
        st.booleans(),
        st.integers(1, 180),
        st.booleans(),
    ).map(lambda drawn: replace(drawn, in_cord=drawn.in_cord and drawn.cause != "pml"))
    pml_known = draw(st.booleans())
    return Truth(
        pml_known,
        draw(st.sampled_from(PHASES)),
        draw(st.sampled_from(["yes", "yes", "no", "no_prior"])),
        sequences,
        tuple(draw(st.lists(lesion, max_size=3))),
        draw(st.sampled_from([2, 3, 4])),
        draw(st.integers(1, 400)),
        draw(st.booleans()),
        not pml_known and draw(st.booleans()),
    )


def truthful_form(truth: Truth) -> dict[str, Any]:
    """The report of a reader who says what is there."""
    form: dict[str, Any] = {
        "language": "en",
        "context.referral": "known_pml" if truth.pml_known else "surveillance",
        "context.pml_status": "known" if truth.pml_known else "not_known",
        "protocol.limitation": "Motion.",
        "narrative": "What is there.",
    }
    if truth.simplified:
        form["protocol.judged_by"] = "simplified"
    for name, seen in truth.sequences.items():
        path = f"protocol.sequences.{name}"
        form[f"{path}.acquired"] = "present" if seen.present else "absent"
        if seen.present:
            form[f"{path}.quality"] = "diagnostic" if seen.readable else "non_diagnostic"
            if name in REQUIRED:
                form[f"{path}.coverage"] = seen.coverage
    shown = [truth.sequences[name] for name in truth.required]
    form["protocol.completeness"] = (
        "complete" if all(each.present and each.readable for each in shown) else "incomplete"
    )
    form["protocol.quality"] = "diagnostic" if any(each.readable for each in shown) else "non_diagnostic"
    form |= _time(truth)
    for number, lesion in enumerate(truth.visible):
        form |= {f"lesions.{number}.{item}": value for item, value in _lesion(truth, lesion).items()}
    return form | _impression(truth)


def _time(truth: Truth) -> dict[str, Any]:
    form: dict[str, Any] = {"comparison.done": truth.prior}
    if truth.prior == "yes":
        form["comparison.prior_study_date"] = "2025-11-03"
        if any(lesion.course == "new" for lesion in truth.visible):
            new = "present"
        else:
            new = "absent" if truth.excludes else "not_assessable"
    elif truth.visible:
        new = "present_no_comparison"
    else:
        new = "no_lesion" if truth.excludes else "not_assessable"
    return form | {"new_lesion": new}


def _lesion(truth: Truth, lesion: TrueLesion) -> dict[str, Any]:
    pml = lesion.cause == "pml"
    times = {"yes": lesion.course, "no": "undetermined", "no_prior": "no_prior"}
    said: dict[str, Any] = {
        "places.spinal_cord" if lesion.in_cord else "places.frontal_lobe": "midline"
        if lesion.in_cord
        else "left",
        "time_course": times[truth.prior],
        "attribution": lesion.cause,
    }
    if said["time_course"] == "resolved":
        return said
    looks = {
        "t1": ("t1", ["hypointense_centre", "oedema"]),
        "t2": ("t2", ["inhomogeneous", "punctate"] if pml else ["oedema"]),
        "enhancement": (
            "t1_contrast",
            (["patchy", "punctate"] if pml else ["ring"]) if lesion.enhances else ["none"],
        ),
    }
    if not lesion.in_cord:
        looks |= {"dwi": ("dwi", ["rim", "dark_centre"] if pml else ["none"]), "swi": ("swi", ["none"])}
        said |= {
            "topography": ["juxtacortical"],
            "cortical_involvement": "undetermined",
            "border_white_matter": "poorly_defined" if pml else "well_defined",
            "border_grey_matter": "well_defined" if pml else "not_applicable",
            "mass_effect": "none",
        }
    for item, (sequence, seen) in looks.items():
        said[item] = _as_seen(truth.sequences[sequence], seen)
    morphology = ["flame"] if pml else ["oval", "perivenous"]
    return said | {"morphology": morphology, "long_axis_mm": str(lesion.axis_mm)}


def _as_seen(sequence: TrueSequence, seen: list[str]) -> list[str]:
    """What a reader says of a signal: what it shows, that it shows nothing readable, or that it was not made."""
    if sequence.readable:
        return seen
    return ["not_assessable"] if sequence.present else ["not_covered"]


def _impression(truth: Truth) -> dict[str, Any]:
    level = str(truth.level) if truth.is_suspicious else ("1" if truth.excludes else "not_assessable")
    chosen = ["follow_up"] if truth.is_suspicious or not truth.excludes else ["routine"]
    form: dict[str, Any] = {
        "suspicion": level,
        "iris_phase": truth.phase if truth.pml_known else "not_applicable",
    }
    if chosen == ["follow_up"]:
        form |= {"follow_up_value": str(truth.next_days), "follow_up_unit": "d"}
    if level == "not_assessable":
        chosen.append("repeat_sequences")
    if truth.is_suspicious and not truth.sequences["t1_contrast"].readable and truth.contrast_allowed:
        chosen.append("add_contrast")
    if level in {"3", "4"}:
        form |= {"communication.person": "Neurologist", "communication.at": "2026-02-03T10:30:00Z"}
    return form | {"recommendations": chosen}
