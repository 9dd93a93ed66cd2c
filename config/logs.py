"""Logging: one JSON object per line, or readable text in debug.

Log lines have no personal data: no query strings, no request bodies, and outside debug no exception texts,
since database errors repeat the refused values.
"""

import json
import logging
import traceback
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson

#: Different refusals that a process logs.
MOST_REFUSALS = 100

#: What a line has besides its message, of records that have it.
EXTRA_NAMES = ("method", "path", "status", "ms", "metrics")

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class RefusalFilter(logging.Filter):
    """Let refused requests be no errors, and no flood: anybody can send as many as they like.

    The line of each request has its status. Here stays what an operator may have to mend, such as a host that
    is not allowed: once each, as a warning without a traceback.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request":
            # Django's second line for 4xx.
            return getattr(record, "status_code", 500) >= 500
        if not record.name.startswith("django.security."):
            return True
        message = record.getMessage()
        if message in self._seen or len(self._seen) >= MOST_REFUSALS:
            return False
        self._seen.add(message)
        record.levelno, record.levelname, record.exc_info = logging.WARNING, "WARNING", None
        return True


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON. Of exceptions it has types and places, never the text."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        given = record.__dict__
        line |= {name: given[name] for name in EXTRA_NAMES if name in given}
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _chain(record.exc_info[1])
        return _encoded(line)


def _encoded(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line).decode()
    except orjson.JSONEncodeError:
        # Half a surrogate pair is valid in a str, but cannot be encoded as UTF-8.
        return json.dumps(line, default=str)


def _chain(error: BaseException) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = []
    link: BaseException | None = error
    while link is not None:
        links.append({"type": type(link).__qualname__, "at": _places(link.__traceback__)})
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def logging_config(*, debug: bool, debug_loggers: Iterable[str] = ()) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, DEBUG only of the named loggers."""
    # No format uses them, and collecting them costs time for each record. The last is the caller's place,
    # which Python's documentation switches off in this way.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "config.logs.RequestIdFilter"},
            "one_line": {"()": "config.failures.OneLine"},
            "refusals": {"()": "config.logs.RefusalFilter"},
        },
        "formatters": {
            "json": {"()": "config.logs.JsonFormatter"},
            "text": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["refusals", "request_id"],
                "formatter": "text" if debug else "json",
            }
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # Django's default handlers would log twice, and mail exception reports with local variables.
            "django.request": {"filters": ["one_line"]},
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # It logs query strings. config.middleware logs requests without them.
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            **{name: {"level": "DEBUG"} for name in debug_loggers},
        },
    }
