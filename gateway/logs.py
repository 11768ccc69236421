"""What the processes print: one record a line, with case and study numbers bound, never an identity.

A record whose field is named like a patient attribute is refused: programming errors of that kind
must be loud in tests and harmless in a hospital, so the value is replaced and the name kept.
"""

from __future__ import annotations

import logging
import sys
import warnings
from typing import Any

import structlog

from gateway.settings import LogSettings

IDENTIFYING_FIELDS = frozenset(
    {
        "patient_name",
        "patient_id",
        "patient_birth_date",
        "accession_number",
        "study_instance_uid",
        "series_instance_uid",
        "sop_instance_uid",
        "other_patient_ids",
        "name",
        "birth_date",
        "address_of_patient",
        "institution",
    }
)


def refuse_identity(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace the value of any field that would identify a patient."""
    for field in IDENTIFYING_FIELDS & event.keys():
        event[field] = "(withheld)"
    return event


def configure(settings: LogSettings) -> None:
    """Send structlog and the standard library's records of this process to stderr."""
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        refuse_identity,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level)
    quote_nothing()


def quote_nothing() -> None:
    """Keep this process from printing what libraries quote of the objects they look at."""
    # As warnings, too: of a value that is too long, or not what its VR allows.
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
    # These print whole messages with identifiers in them at INFO and below.
    for noisy in (
        "pynetdicom",
        "pydicom",
        "uvicorn.access",
        "apscheduler",
        "alembic",
        "dicomweb_client",
        "urllib3",
        "fontTools",
    ):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
