"""Gunicorn's own log lines as JSON, like all others."""

import logging
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.glogging import Logger

from config.logs import JsonFormatter


class StartFormatter(JsonFormatter):
    """JSON with the sentence of a refused setting: it was written to be read, and has no data of people."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ImproperlyConfigured):
            record = logging.makeLogRecord(record.__dict__)
            record.msg, record.args, record.exc_info = f"{record.getMessage()}: {error}", (), None
        return super().format(record)


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's logger with the format of the product: its own names the process, which is not collected."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(StartFormatter())
