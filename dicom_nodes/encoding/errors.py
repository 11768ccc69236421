"""What is wrong with the bytes of an object."""

from __future__ import annotations

from dicom_nodes.explained_error import ExplainedError


class NotDicom(ExplainedError):
    """Bytes that are not a complete DICOM Part 10 file."""
