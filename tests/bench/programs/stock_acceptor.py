"""pynetdicom's acceptor as documented, as a process: `python -m bench.programs.stock_acceptor PORT FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from pynetdicom import AE, AllStoragePresentationContexts, evt


def serve(port: int, folder: Path) -> None:
    """Store whatever comes as Part 10 files, without a sync, until the process is ended."""

    def store(event: evt.Event) -> int:
        uid = event.request.AffectedSOPInstanceUID  # type: ignore[union-attr]
        (folder / f"{uid}.dcm").write_bytes(event.encoded_dataset())
        return 0x0000

    ae = AE("STOCK")
    ae.supported_contexts = AllStoragePresentationContexts
    ae.maximum_pdu_size = 131072
    ae.start_server(("127.0.0.1", port), evt_handlers=[(evt.EVT_C_STORE, store)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
