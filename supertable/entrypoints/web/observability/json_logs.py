"""Logs as JSON on standard error: one event per line, with the id of its request."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

GRANIAN_LOGGING: dict[str, Any] = {
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": [], "propagate": True}},
}
"""The logging configuration of granian: its messages go to the same log."""
_LEAKY_LOGGERS = (
    "azure",
    "boto3",
    "botocore",
    "google",
    "httpcore",
    "httpx",
    "opentelemetry",
    "s3transfer",
    "urllib3",
)
"""Below WARNING, these log headers and addresses, which may be signed."""


def configure_logs(level: str) -> None:
    """Configure the logs of the whole process. `level`: a name, like INFO."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _LEAKY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
