"""Which stack stands in which pane: chosen by what a series was recognised as, never by its description.

A layout is a list of panes; a pane asks for a kind, and of diffusion for a b-value, of the current or the prior study.
What is not there is said in words, so that an empty pane is no picture that somebody forgot to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.imaging.study_index import Stack, StudyIndex

CURRENT, PRIOR = "current", "prior"
B1000: Final = 1000.0
_NEAR: Final = (0.8, 1.4)
"""Of a b-value that is wanted: for 1000 what the protocol counts as about 1000, 800 to 1400 s/mm2."""
_WITHOUT_DIFFUSION: Final = 100.0
"""s/mm2: below it one image is as good as another."""


@dataclass(frozen=True)
class Wanted:
    """One pane: kinds in the order in which they are taken, and the b-value that is wanted, in s/mm2."""

    label: str
    kinds: tuple[str, ...]
    of: str = CURRENT
    b_value: float | None = None


@dataclass(frozen=True)
class Layout:
    """Panes in reading order; `name` is in addresses and files, `title` on the page.

    `begins` are the referrals whose cases begin with it.
    """

    name: str
    title: str
    panes: tuple[Wanted, ...]
    begins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A stack that may be chosen."""

    key: str
    kind: str
    b_value: float | None
    images: int
    is_volume: bool
    thickness: float | None
    part: str


@dataclass(frozen=True)
class Chosen:
    """What a pane shows: the key of a stack, or why there is none."""

    label: str
    of: str
    stack: str | None
    missing: str


_FLAIR = Wanted("FLAIR", ("flair",))
_PRIOR_FLAIR = Wanted("Prior FLAIR", ("flair",), PRIOR)
_DWI = Wanted("DWI b1000", ("trace", "dwi"), b_value=B1000)
_ADC = Wanted("ADC", ("adc",))
LAYOUTS: Final = (
    Layout("surveillance", "Surveillance", (_FLAIR, _PRIOR_FLAIR, _DWI, _ADC)),
    Layout(
        "suspected_pml",
        "Suspected PML",
        (
            _FLAIR,
            _PRIOR_FLAIR,
            _DWI,
            _ADC,
            Wanted("T1 with contrast", ("t1_contrast",)),
            Wanted("T2", ("t2",)),
            Wanted("SWI", ("swi",)),
            Wanted("T1", ("t1",)),
        ),
        ("suspected_pml",),
    ),
    Layout(
        "diffusion",
        "Diffusion",
        (
            _DWI,
            Wanted("Prior DWI b1000", ("trace", "dwi"), PRIOR, B1000),
            _ADC,
            Wanted("Prior ADC", ("adc",), PRIOR),
        ),
    ),
    Layout("one", "One large", (_FLAIR,)),
)
"""Those of the gateway; a site's own stand beside them."""


def beside_shipped(own: Sequence[Layout], shipped: Sequence[Layout] = LAYOUTS) -> tuple[Layout, ...]:
    """The shipped layouts with a site's own: in the place of the one of the same name, else behind them.

    A referral that a layout of the site begins is begun by no shipped one.
    """
    by_name = {layout.name: layout for layout in own}
    taken = {referral for layout in own for referral in layout.begins}
    kept = tuple(
        by_name.get(
            layout.name, replace(layout, begins=tuple(each for each in layout.begins if each not in taken))
        )
        for layout in shipped
    )
    names = {layout.name for layout in shipped}
    return kept + tuple(layout for layout in own if layout.name not in names)


def begins_with(referral: str, layouts: Sequence[Layout] = LAYOUTS) -> str:
    """The name of the layout that a case of this referral begins with; the first, where none is for it."""
    return next((layout.name for layout in layouts if referral in layout.begins), layouts[0].name)


def filled(
    layout: Layout, current: Iterable[Candidate], prior: Iterable[Candidate] | None
) -> tuple[Chosen, ...]:
    """The panes of a layout with their stacks; `prior` is None where there is no prior study."""
    studies = {CURRENT: list(current), PRIOR: None if prior is None else list(prior)}
    return tuple(_chosen(pane, studies[pane.of]) for pane in layout.panes)


def _chosen(pane: Wanted, study: Sequence[Candidate] | None) -> Chosen:
    if study is None:
        return Chosen(pane.label, pane.of, None, "No prior study to compare with.")
    for kind in pane.kinds:
        of_kind = [each for each in study if each.kind == kind and _is_wanted(pane, each)]
        if of_kind:
            return Chosen(pane.label, pane.of, min(of_kind, key=_rank(pane)).key, "")
    where = "this study" if pane.of == CURRENT else "the prior study"
    name = pane.label.removeprefix("Prior ")
    return Chosen(pane.label, pane.of, None, f"No {name} was recognised in {where}.")


def _is_wanted(pane: Wanted, stack: Candidate) -> bool:
    if pane.b_value is None:
        return True
    if stack.b_value is None:
        return False
    if pane.b_value < _WITHOUT_DIFFUSION:
        return stack.b_value < _WITHOUT_DIFFUSION
    low, high = _NEAR
    return low * pane.b_value <= stack.b_value <= high * pane.b_value


def _rank(pane: Wanted) -> Any:
    """Nearest to the b-value; magnitude before phase; a volume before a list; thin before thick; many before few."""

    def rank(stack: Candidate) -> tuple[float, bool, bool, float, int, str]:
        away = abs((stack.b_value or 0.0) - pane.b_value) if pane.b_value is not None else 0.0
        return (
            away,
            stack.part not in ("", "M"),
            not stack.is_volume,
            stack.thickness if stack.thickness is not None else 99.0,
            -stack.images,
            stack.key,
        )

    return rank


def kinds_by_number(series: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """What each series was recognised as, by its SeriesNumber; `other` where two of one number are of two kinds."""
    kinds: dict[int, set[str]] = {}
    for one in series:
        if one.get("series_number") is not None:
            kinds.setdefault(int(one["series_number"]), set()).add(str(one.get("kind") or "other"))
    return {number: said.pop() if len(said) == 1 else "other" for number, said in kinds.items()}


def candidates(index: StudyIndex, kinds: Mapping[int, str]) -> list[Candidate]:
    """The stacks of a case as layouts choose among them; `kinds` by SeriesNumber."""
    return [
        Candidate(
            stack.key,
            kinds.get(index.series[stack.series].series_number, "other"),
            stack.b_value,
            len(stack.frames),
            stack.affine is not None,
            stack.thickness,
            stack.part,
        )
        for stack in index.stacks
    ]


def best_of(kind: str, stacks: Iterable[Candidate]) -> Candidate | None:
    """The volume of a kind that a layout would show; None where there is none."""
    volumes = [each for each in stacks if each.kind == kind and each.is_volume]
    return min(volumes, key=_rank(Wanted("", (kind,))), default=None)


def system_of(index: StudyIndex, stacks: Iterable[Candidate], kind: str) -> str:
    """The frame of reference that an alignment by this kind holds for; of a series without one, the series."""
    best = best_of(kind, stacks)
    stack = next((each for each in index.stacks if best is not None and each.key == best.key), None)
    return "" if stack is None else own_system(index, stack)


def own_system(index: StudyIndex, stack: Stack) -> str:
    """The frame of reference of a stack; without one, its series."""
    series = index.series[stack.series]
    return series.frame_of_reference or series.series_instance_uid
