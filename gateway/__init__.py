"""pml-gateway: MRI second opinions for natalizumab surveillance, from a PACS push to a report back in that PACS.

A study's path, and where each part of it lives:

    receive     dicom_nodes.receiver, gateway.web.upload      objects come in
    keep        gateway.intake                                durable, then acknowledged
    steps       gateway.pipeline (see its steps.py)   complete, route, prepare, forward, compose, return, confirm
    replies     the same door and engine: what a reading site sends back is restored, returned, confirmed
    people      gateway.web                                   the queue, the report form, the pages
    memory      gateway.records                               every row, every state change, every byte kept
    privacy     gateway.privacy, gateway.profiles             identity off, proven off, and back on; a site's profiles
    reporting   gateway.reporting                             what a reader signs, as DICOM SR and as print
"""

__version__ = "0.1.0"
