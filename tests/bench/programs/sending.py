"""The gateway's sender at work: `python -m bench.programs.sending FILE...` (told by send.py)."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench.programs.push import CALLING
from bench.workers import Order, work
from dicom_nodes.node import DimseNode, Role
from dicom_nodes.sender import OutgoingFile, store


def main(paths: list[str]) -> None:
    """Know the files, then send them as told."""
    files = [OutgoingFile.of(Path(path)) for path in paths]

    def send(order: Order) -> Order:
        roles = frozenset({Role.READER})
        node = DimseNode("sink", order["called"], "127.0.0.1", order["port"], roles)
        start, cpu = time.monotonic(), time.process_time()
        outcomes = store(node, files, calling_ae_title=CALLING)
        seconds, used = time.monotonic() - start, time.process_time() - cpu
        delivered = sum(one.outcome.delivered for one in outcomes)
        return {"seconds": seconds, "cpu": used, "delivered": delivered}

    work(send)


if __name__ == "__main__":
    main(sys.argv[1:])
