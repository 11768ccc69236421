"""What the processes print: one record a line, with case and study numbers bound, never an identity.

By an allow-list: only the gateway's own loggers speak. What a library says may quote whatever it works on (pynetdicom
prints messages, highdicom a UID of the study with each report), so of others only that and where they report an error
is told, unless `[log] libraries` raises one, with its level and a reason. Exceptions are told by their class and place.

A record whose field is named like a patient attribute is refused: programming errors of that kind
must be loud in tests and harmless in a hospital, so the value is replaced and the name kept.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, TextIO

import structlog

from gateway.settings import LogSettings
from gateway.withheld import trace, without_uids

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


OWN = ("gateway", "dicom_nodes", "routing_rules")
"""The packages whose loggers speak by default."""
WITHHELD_RECORD = "a library reports an error; its words are withheld"


def refuse_identity(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace the value of any field that would identify a patient."""
    for field in IDENTIFYING_FIELDS & event.keys():
        event[field] = "(withheld)"
    return event


class AllowList(logging.Filter):
    """Which records are printed: our own and those of raised libraries from their levels on, of others errors alone."""

    def __init__(self, settings: LogSettings) -> None:
        super().__init__()
        self._levels = dict.fromkeys(OWN, settings.level) | {
            library.logger: library.level for library in settings.raised
        }

    def level_of(self, name: str) -> str | None:
        """The level from which a logger may speak; None: it may not."""
        parts = name.split(".")
        prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self._levels[prefix] for prefix in prefixes if prefix in self._levels), None)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is printed at all."""
        return record.levelno >= logging.getLevelNamesMapping()[self.level_of(record.name) or "ERROR"]

    def withhold(
        self, _logger: Any, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Of a library that may not speak: which, where, and the class of what was raised."""
        record: logging.LogRecord = event["_record"]
        if self.level_of(record.name) is not None:
            return event
        told = {
            "event": WITHHELD_RECORD,
            "library": record.name,
            "at": f"{Path(record.pathname).name}:{record.lineno}",
        }
        kept = ("_record", "_from_structlog", "exc_info")
        return told | {key: event[key] for key in kept if key in event}


def told_exception(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """An exception as its trace, without its words."""
    about = event.pop("exc_info", None)
    if about is True:
        about = sys.exc_info()
    if isinstance(about, tuple):
        about = about[1]
    if isinstance(about, BaseException):
        event["exception"] = trace(about)
    return event


def no_uids(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The same record without any UID: whatever names an original object links a pseudonym to it."""
    return {key: value if key.startswith("_") else without_uids(value) for key, value in event.items()}


def configure(settings: LogSettings) -> None:
    """Send structlog and the standard library's records of this process to stderr."""
    global _in_force
    _in_force = settings
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    allow_list = AllowList(settings)
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
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(allow_list)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[allow_list.withhold, *shared],
            processors=[
                told_exception,
                no_uids,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.ERROR)
    for name in OWN:
        logging.getLogger(name).setLevel(settings.level)
    for library in settings.raised:
        logging.getLogger(library.logger).setLevel(library.level)
    warnings.showwarning = _told_warning
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


_in_force = LogSettings()


def in_force() -> LogSettings:
    """The settings that this process was configured with, for the processes it starts."""
    return _in_force


def _told_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001  as the standard library calls it
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Warnings of libraries quote values, too: of one that is too long, or not what its VR allows."""
    del message
    get(__name__).debug("a warning", kind=category.__name__, at=f"{Path(filename).name}:{lineno}")


def catch_uncaught() -> None:
    """What nobody caught in a thread is told like any other exception: without its words."""

    def in_a_thread(uncaught: threading.ExceptHookArgs) -> None:
        if not issubclass(uncaught.exc_type, SystemExit):
            name = uncaught.thread.name if uncaught.thread else ""
            get(__name__).critical("a thread ended", thread=name, exc_info=uncaught.exc_value)

    def unraisable(uncaught: Any) -> None:
        get(__name__).error("an exception could not be raised", exc_info=uncaught.exc_value)

    threading.excepthook, sys.unraisablehook = in_a_thread, unraisable


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
