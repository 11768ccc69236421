"""Series as recognition finds them: good ones of each kind, to be spoilt in one place."""

from __future__ import annotations

from dataclasses import replace

from routing_rules.series.series import SeriesFacts, SeriesKind, Stack


def stack(**more: object) -> Stack:
    """Axial slices of 3 mm without a gap that hold a brain, three times 230 x 230 x 144 mm."""
    standard = Stack(
        None, 48, 48, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), 230.0, 230.0, 144.0, 0.0, 3.0, 3.0, 3.0, 0.9
    )
    return replace(standard, **more)  # type: ignore[arg-type]


def one(kind: str, **more: object) -> SeriesFacts:
    """A good series of this kind."""
    weighted = kind in ("dwi", "trace")
    base = SeriesFacts(
        f"uid-{kind}",
        "MR",
        "",
        SeriesKind(kind),
        0.95,
        slice_thickness_mm=3.0,
        three_d=False,
        coverage_mm=140.0,
        b_values=(0.0, 1000.0) if weighted else (),
        series_number=len(kind),
        field_strength_t=3.0,
        stacks=(stack(b_value=0.0), stack(b_value=1000.0)) if weighted else (stack(),),
    )
    return replace(base, **more)  # type: ignore[arg-type]


GOOD = (one("flair"), one("t2"), one("dwi"), one("t1_contrast"))
