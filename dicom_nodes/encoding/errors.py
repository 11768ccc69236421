"""What is wrong with the bytes of an object."""

from __future__ import annotations

from dicom_nodes.explained_error import ExplainedError


class NotDicom(ExplainedError):
    """Bytes that are not a complete DICOM object or Part 10 file; no value of it is in the text, unless it is a UID."""

    def __init__(
        self,
        problem: str,
        fix: str = "Export the object again from its source; this copy is damaged or is not DICOM.",
    ) -> None:
        super().__init__(problem, fix)
