"""A rule: which studies it is for, and what then happens to them. The models a rule file is read into."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from dicom_nodes.config_files.file_problem import complaint
from routing_rules.conditions import Condition
from routing_rules.described import DescribedStudy
from routing_rules.facts import Referral
from routing_rules.series.series import SeriesKind

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Node = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Urgency(StrEnum):
    """How fast the reading site should look."""

    ROUTINE = "routine"
    URGENT = "urgent"


class AtHardCap(StrEnum):
    """What to do with a study that is still incomplete when the hard cap is reached.

    go_on: it is complete as it is, and the protocol verdict names what is missing. hold: a person decides.
    """

    GO_ON = "go_on"
    HOLD = "hold"


class FacesRule(StrEnum):
    """What becomes of faces in the copies of a study.

    keep: nothing, a reading for PML needs the whole cortex. deface: they are taken out, or the object is held.
    """

    KEEP = "keep"
    DEFACE = "deface"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Completion(_Model):
    """When a study of this rule counts as complete. Seconds since its last and its first instance."""

    quiet_s: float | None = Field(
        default=None,
        strict=True,
        gt=0,
        le=86_400,
        description="seconds without a new instance; unset: study.quiet_period",
    )
    hard_cap_s: float | None = Field(
        default=None,
        strict=True,
        gt=0,
        le=604_800,
        description="seconds since the first instance; unset: study.hard_cap",
    )
    at_hard_cap: AtHardCap = Field(default=AtHardCap.GO_ON, description="what to do when the cap is reached")
    ask_pacs: bool = Field(
        default=True,
        description="ask an archive of the site how many instances it has (C-FIND or QIDO-RS), where it can be asked",
    )

    @field_validator("hard_cap_s")
    @classmethod
    def _cap_is_longer(cls, hard_cap_s: float | None, others: ValidationInfo) -> float | None:
        quiet_s = others.data.get("quiet_s")
        if hard_cap_s is not None and quiet_s is not None and hard_cap_s < quiet_s:
            raise complaint(
                f"is shorter than quiet_s ({quiet_s:g})",
                f"{hard_cap_s:g}",
                "Make it at least as long as quiet_s.",
            )
        return hard_cap_s


class Rule(_Model):
    """One rule. Rules are tried in order of `priority`, the smallest number first, then by id."""

    id: Identifier = Field(description="short name that never changes: lower case, digits, . _ -")
    version: int = Field(default=1, strict=True, ge=1, description="goes up with every change")
    title: Text = Field(description="what people read")
    source: str = Field(default="", max_length=500, description="where the rule comes from")
    priority: int = Field(
        default=100, strict=True, ge=0, le=10_000, description="the smallest number is tried first"
    )
    enabled: bool = True
    when: Condition = Field(description="the condition under which the rule applies")
    destination: Node | None = Field(
        default=None, description="node of the reading site; none: the gateway's own queue"
    )
    destinations: tuple[Node, ...] = Field(
        default=(), max_length=20, description="instead of destination: several nodes, one case for each"
    )
    replies_from: tuple[Node, ...] = Field(
        default=(),
        max_length=20,
        description="nodes that may send back objects of their own, besides the one the case was forwarded to",
    )
    profile: str = Field(
        default="", max_length=64, description="de-identification profile; none: the one of the settings"
    )
    faces: FacesRule = Field(
        default=FacesRule.KEEP, description="keep, or deface: copies leave without faces, or are held"
    )
    referral: Referral = Referral.SURVEILLANCE
    urgency: Urgency = Urgency.ROUTINE
    required_series: tuple[SeriesKind, ...] = Field(
        default=(SeriesKind.FLAIR, SeriesKind.T2, SeriesKind.DWI),
        description="a study is not complete without these",
    )
    wanted_series: tuple[SeriesKind, ...] = ()
    completion: Completion = Completion()

    @field_validator("destinations")
    @classmethod
    def _said_once(cls, destinations: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        if destinations and others.data.get("destination") is not None:
            raise complaint(
                "stands beside destination, which says the same",
                ", ".join(destinations),
                "Keep one of the two.",
            )
        if len(set(destinations)) < len(destinations):
            raise complaint("names a node twice", ", ".join(destinations), "Name each node once.")
        return destinations

    @property
    def targets(self) -> tuple[str | None, ...]:
        """Where a study of this rule goes, one case for each; None is the gateway's own queue."""
        return self.destinations or (self.destination,)

    def missing_series(self, kinds: frozenset[SeriesKind]) -> tuple[SeriesKind, ...]:
        """The required kinds that are not among `kinds`; a trace series counts as DWI, a T1 with contrast as T1."""
        return tuple(
            kind for kind in self.required_series if not kinds & _ACCEPTED.get(kind, frozenset({kind}))
        )


_ACCEPTED = {
    SeriesKind.DWI: frozenset({SeriesKind.DWI, SeriesKind.TRACE}),
    SeriesKind.T1: frozenset({SeriesKind.T1, SeriesKind.T1_CONTRAST}),
}


class RuleTest(_Model):
    """A study, and the rule that must be chosen for it (none: no rule may match).

    The study is described by `facts`, or lies in a folder of DICOM files (`study`) beside the rule file; facts that are
    given with a folder say how it came (sender, called AE title, enrolled) and win over what the files say.
    """

    __test__ = False

    name: Text
    study: Text | None = Field(default=None, description="folder with DICOM files, relative to this file")
    facts: DescribedStudy = Field(
        default=DescribedStudy(), description="fields of StudyFacts; series as kinds or facts"
    )
    expect: Identifier | None = Field(description="id of the rule that must match, or null for none")


class RuleFile(_Model):
    """What one rule file may hold."""

    rules: tuple[Rule, ...] = ()
    tests: tuple[RuleTest, ...] = ()
