"""Queries that run, and their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query; None: no bound. More than `max_rows` rows raise `ResultTooLarge`; no result is cut short.

    `user`: the caller; an engine that many users share is fair between them.
    """

    max_rows: int | None = None
    timeout_seconds: float | None = None
    user: str = ""

    def within(self, seconds: float | None) -> Limits:
        """The same bounds with a time limit of at most `seconds`; None: of any length."""
        limits = [limit for limit in (self.timeout_seconds, seconds) if limit is not None]
        return replace(self, timeout_seconds=min(limits, default=None))


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """A part of a result as the bytes of an Arrow stream, and how many rows begin in it."""

    num_rows: int
    parts: list[bytes]


class RunningQuery(Protocol):
    """A query whose rows have not all been read. Holds engine resources until it is exhausted or closed.

    `instead`: why LITE answers in place of the engine that was asked: words that may follow a colon, in ASCII, which
    the caller may read. Empty: it does not. Known once the query has started.
    """

    instead: str

    @property
    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream. The first access starts the query.

        Raises, here or while reading, `InvalidStatement` for errors that only planning finds, `QueryFailed` and
        `Damaged`.
        """

    def encoded(self) -> Iterator[EncodedRows] | None:
        """The rows as one Arrow stream, in place of `reader`; None: the engine has only that.

        Columns of the same name are numbered. Raises what `reader` raises.
        """

    def cancel(self) -> None:
        """Stop the query, from any thread: its reader raises `QueryCancelled`. No-op after the end."""

    def close(self) -> None:
        """Stop the query if it still runs, and release its resources. No-op the second time."""


Stopped = Callable[[], bool]
"""Returns whether the query was cancelled or has exceeded its time."""
