"""Rows on the caller's own machine that SQL may read: frames in memory, and files."""

from __future__ import annotations

from typing import Protocol

from supertable.application.ports.engines.sources import Given


class LocalRows(Protocol):
    """What one statement of the owner of an embedded lake may name besides tables."""

    def has_frame(self, name: str) -> bool:
        """Whether there is a frame of this name. Opens nothing: a frame may be a query of its own."""

    def frame(self, name: str) -> Given:
        """The rows of the frame of this name. Raises `InvalidInput` for one without columns."""

    def files(self, pattern: str) -> Given:
        """The rows of the files of this path or glob pattern, as loading reads them. Raises `UnreadableInput`."""
