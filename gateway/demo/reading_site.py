"""The reading site's DICOM node: a C-STORE SCP that keeps whatever arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pynetdicom import evt
from pynetdicom.events import Event

from gateway.demo.file_store import FileStore, StoredFile
from gateway.demo.listener import Listener, Requestor
from gateway.demo.services import VERIFICATION, service_contexts, storage_classes, storage_contexts

_SUCCESS, _OUT_OF_RESOURCES, _CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000


class ReadingSite:
    """Takes every storage SOP class and syntax from every caller and keeps it in `folder`, bytes untouched.

    `store_status(header)` may return a failure status, for tests of refusals.
    """

    def __init__(self, ae_title: str, host: str, port: int, folder: Path) -> None:
        self.ae_title = ae_title
        self.host = host
        self.store = FileStore(folder)
        self.store_status: Callable[[Dataset], int] = _taken
        self._listener = Listener(Requestor(ae_title), host, port)

    @property
    def port(self) -> int:
        """The real port, also when 0 was asked for."""
        return self._listener.port

    def start(self) -> ReadingSite:
        """Listen; raises NodeNotListening when the port is taken."""
        contexts = service_contexts([VERIFICATION]) + storage_contexts(storage_classes())
        self._listener.start(
            contexts, [(evt.EVT_C_STORE, self._on_store), (evt.EVT_C_ECHO, lambda _event: _SUCCESS)]
        )
        return self

    def stop(self) -> None:
        """Stop listening; the files stay. Never hangs; twice is fine."""
        self._listener.stop()

    def __enter__(self) -> ReadingSite:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def files(self, **attributes: str) -> tuple[StoredFile, ...]:
        """What arrived, e.g. `files(Modality="MR")`."""
        return self.store.files(**attributes)

    def wait_for(
        self, enough: Callable[[tuple[StoredFile, ...]], bool], seconds: float = 10.0, **attributes: str
    ) -> tuple[StoredFile, ...]:
        """Wait for files that satisfy `enough`; raises TimeoutError."""
        return self.store.wait_for(enough, seconds, **attributes)

    def _on_store(self, event: Event) -> int:
        try:
            status = self.store_status(event.dataset)
            if status == _SUCCESS:
                self.store.keep(event.encoded_dataset())
        except (InvalidDicomError, AttributeError, ValueError):
            return _CANNOT_UNDERSTAND
        except OSError:
            return _OUT_OF_RESOURCES
        return status


def _taken(_header: Dataset) -> int:
    return _SUCCESS
