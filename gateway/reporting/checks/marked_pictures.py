"""Whether the pictures that a report names are pictures of its study, and its marks lie on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.imaging.places import lies_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.imaging.study_index import FrameIndex, SeriesIndex, StudyIndex
    from gateway.reporting.lesions.marks import Mark, Point


class MarkedPictures:
    """The pictures of one study by SOP Instance UID and frame."""

    def __init__(self, index: StudyIndex) -> None:
        self._frames: dict[str, dict[int, FrameIndex]] = {}
        self._series: dict[str, SeriesIndex] = {}
        for frame in index.frames:
            source = index.objects[frame.object]
            self._frames.setdefault(source.sop_instance_uid, {})[frame.frame + 1] = frame
            self._series[source.sop_instance_uid] = index.series[source.series]
        thick = ((index.frames[at], stack.thickness) for stack in index.stacks for at in stack.frames)
        self._thickness = {(frame.object, frame.frame): thickness for frame, thickness in thick}

    def holds(self, uid: str, frame: int | None) -> bool:
        """Whether the study has this picture; a frame that was not told is any of the object's."""
        frames = self._frames.get(uid, {})
        return bool(frames) if frame is None else frame in frames

    def trouble(self, mark: Mark) -> str:
        """Why a mark cannot be one of this study, in words behind "a mark"; empty when it can."""
        if not self.holds(mark.uid, mark.frame):
            return "is on no picture of this study"
        series = self._series[mark.uid]
        if mark.series != series.series_instance_uid:
            return "names another series than that of its picture"
        if mark.frame_of_reference and mark.frame_of_reference != series.frame_of_reference:
            return "names another frame of reference than that of its picture"
        parts = [(mark.uid, mark.frame, mark.points)] + [(o.uid, o.frame, o.points) for o in mark.outlines]
        if any(uid not in self._series or self._series[uid] is not series for uid, _, _ in parts):
            return "has an outline in another series"
        if not all(self._on(*part) for part in parts):
            return "does not lie on its picture"
        return ""

    def _on(self, uid: str, frame: int | None, points: Sequence[Point]) -> bool:
        frames = self._frames[uid]
        if frame is None and len(frames) > 1:  # of several frames nobody knows which was meant
            return False
        shown = frames.get(frame or next(iter(frames)))
        if shown is None:
            return False
        thickness = self._thickness.get((shown.object, shown.frame))
        return all(lies_on(shown, point, thickness) for point in points)
