"""The answer to a STOW-RS request: what became of each instance, as JSON or as XML (PS3.18 10.5.3 and Annex I.2)."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from fastapi.responses import Response
from pydicom import DataElement, Dataset
from pydicom.datadict import keyword_for_tag

from gateway.intake import OUT_OF_RESOURCES, SUCCESS

JSON: Final = "application/dicom+json"
XML: Final = "application/dicom+xml"
_RANGES: Final = {
    "application/json": JSON,
    "application/dicom+json": JSON,
    "application/dicom+xml": XML,
    "application/xml": XML,
    "text/xml": XML,
    "application/*": JSON,
    "*/*": JSON,
    "*": JSON,
}


def media_type_for(accept: str) -> str | None:
    """JSON or XML, whichever an Accept header prefers; None when it takes neither (RFC 9110 12.5.1).

    >>> media_type_for("text/html, application/dicom+xml;q=0.9, */*;q=0.1")
    'application/dicom+xml'
    """
    if not accept.strip():
        return JSON
    best: tuple[float, str] | None = None
    for part in _apart(accept):
        parsed = Message()
        parsed["content-type"] = part.strip().replace("\r", "").replace("\n", "")
        kind = parsed.get_params([("", "")])[0][0].lower()
        if kind == "multipart/related":  # as for the answers of a search: each in a part of its own
            kind = str(parsed.get_param("type") or "").lower()
        try:
            quality = float(str(parsed.get_param("q") or 1))
        except ValueError:
            quality = 1.0
        media_type = _RANGES.get(kind)
        if media_type is not None and quality > 0 and (best is None or quality > best[0]):
            best = quality, media_type
    return None if best is None else best[1]


def _apart(header: str) -> Iterator[str]:
    """The members of a list in a header, whose quoted strings may hold commas."""
    at, is_quoted = 0, False
    for position, character in enumerate(header):
        if character == '"':
            is_quoted = not is_quoted
        elif character == "," and not is_quoted:
            yield header[at:position]
            at = position + 1
    yield header[at:]


class StoreResponse:
    """The Store Instances Response Module (PS3.18 Annex I.2) of one request."""

    def __init__(self) -> None:
        self.stored: list[Dataset] = []
        self.failed: list[Dataset] = []
        self.warning = ""

    def add(self, sop_class_uid: str, sop_instance_uid: str, status: int) -> None:
        """Tell what became of one instance."""
        item = Dataset()
        if sop_instance_uid:
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
        if status == SUCCESS:
            self.stored.append(item)
        else:
            item.FailureReason = status
            self.failed.append(item)

    def __len__(self) -> int:
        return len(self.stored) + len(self.failed)

    def response(self, media_type: str = JSON) -> Response:
        """200 all stored, 202 some, 409 none, 503 none because there is no room (PS3.18 Table 10.5.3-1).

        400 with the same content when the request itself broke off: `warning` says how.
        """
        full = bool(self.failed) and all(item.FailureReason == OUT_OF_RESOURCES for item in self.failed)
        status = 200 if not self.failed else 202 if self.stored else 503 if full else 409
        headers = {"Retry-After": "60"} if status == 503 else {}
        if self.warning:
            status, headers = 400, {"Warning": f'299 gateway "{self.warning}"'}
        content = self.module().to_json() if media_type == JSON else native_model(self.module())
        return Response(content, status_code=status, media_type=media_type, headers=headers)

    def module(self) -> Dataset:
        """The data set."""
        body = Dataset()
        if self.stored:
            body.ReferencedSOPSequence = self.stored
        if self.failed:
            body.FailedSOPSequence = self.failed
        return body


def native_model(dataset: Dataset) -> bytes:
    """A data set of text, numbers and sequences in the Native DICOM Model (PS3.19 A.1)."""
    root = Element("NativeDicomModel", {"xmlns": "http://dicom.nema.org/PS3.19/models/NativeDICOM"})
    _attributes(root, dataset)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _attributes(parent: Element, dataset: Dataset) -> None:
    element: DataElement
    for element in dataset:
        names = {"tag": f"{int(element.tag):08X}", "vr": element.VR, "keyword": keyword_for_tag(element.tag)}
        attribute = SubElement(parent, "DicomAttribute", names)
        values = element.value if element.VR == "SQ" or element.VM > 1 else [element.value]
        for number, value in enumerate(values, start=1):
            if element.VR == "SQ":
                _attributes(SubElement(attribute, "Item", {"number": str(number)}), value)
            else:
                SubElement(attribute, "Value", {"number": str(number)}).text = str(value)
