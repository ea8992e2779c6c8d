"""Frames in the caller's scope and files on this machine, as SQL of the owner of an embedded lake reads them."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import pyarrow as pa

from supertable.application.ports.engines.sources import Given
from supertable.application.ports.readers import FileReader, ReadOptions
from supertable.domain.errors import InvalidInput, StatementRefused
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.inputs.frames import library_of
from supertable.entrypoints.sdk.inputs.sources import rows_of

_LIBRARIES = frozenset({"pandas", "polars", "pyarrow", "duckdb", "_duckdb", "supertable"})
_FRAMES = frozenset({"DataFrame", "LazyFrame"})
_EVERY_ROW = ReadOptions(sample_rows=-1)
"""Types are inferred from all rows: a query cannot begin again, as a load does, where a late value does not fit."""


def callers_scope(frame: FrameType | None) -> Mapping[str, Any]:
    """The variables that the caller of a public method sees; none if the caller is SuperTable itself."""
    while frame is not None and frame.f_globals.get("__name__") == door.__module__:
        frame = frame.f_back
    if frame is None or str(frame.f_globals.get("__name__", "")).partition(".")[0] == "supertable":
        return {}
    return ChainMap(frame.f_locals, frame.f_globals)


class CallersRows:
    """`frames`: by name, anything that has rows. `scope`: variables; those that are frames can be named too."""

    def __init__(self, reader: Callable[[], FileReader], frames: Mapping[str, Any], scope: Mapping[str, Any]) -> None:
        self._reader = reader
        self._frames = frames
        self._scope = scope
        self._found: dict[str, Given] = {}

    def has_frame(self, name: str) -> bool:
        return self._frame(name) is not None

    def frame(self, name: str) -> Given:
        if name not in self._found:
            self._found[name] = _given(_FrameRows(name, self._frame(name)))
        return self._found[name]

    def files(self, pattern: str) -> Given:
        if pattern == "-":
            raise InvalidInput("SQL cannot read standard input. Use `supertable load -`, or give the name of a file.")
        if "://" in pattern:
            raise StatementRefused(f"FROM reads tables and local files, and {pattern!r} is neither.")
        if pattern not in self._found:
            self._found[pattern] = _given(_FileRows(self._reader(), [pattern]))
        return self._found[pattern]

    def forget(self) -> None:
        """Drop the frames and variables, which the result of the statement must not keep alive."""
        self._frames, self._scope, self._found = {}, {}, {}

    def _frame(self, name: str) -> Any:
        """What has the rows, as it was given; None: nothing."""
        if name in self._frames:
            return self._frames[name]
        found = self._scope.get(name)
        is_frame = type(found).__name__ in _FRAMES or hasattr(found, "__arrow_c_stream__")
        return found if is_frame and library_of(found) in _LIBRARIES else None


class _Rows:
    """Rows whose columns are known once they are opened. The first reader is opened at once, further ones anew."""

    def __init__(self) -> None:
        self._first: pa.RecordBatchReader | None = self.open()
        self.names = tuple(self._first.schema.names)

    def open(self) -> pa.RecordBatchReader:
        raise NotImplementedError

    def read(self) -> pa.RecordBatchReader:
        first, self._first = self._first, None
        return first or self.open()


class _FrameRows(_Rows):
    def __init__(self, name: str, data: Any) -> None:
        self._name = name
        self._data = data
        self._taken = False
        super().__init__()

    def open(self) -> pa.RecordBatchReader:
        if self._taken:
            raise InvalidInput(f"{self._name} is a stream, whose rows can be read once. Make a table or frame of it.")
        self._taken = isinstance(self._data, pa.RecordBatchReader | Iterator)
        return rows_of(self._data)


class _FileRows(_Rows):
    def __init__(self, reader: FileReader, sources: Sequence[str]) -> None:
        self._reader = reader
        self._sources = sources
        super().__init__()

    def open(self) -> pa.RecordBatchReader:
        opening = self._reader.open(self._sources, _EVERY_ROW)
        opened = opening.__enter__()

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                yield from opened.reader
            finally:
                opening.__exit__(None, None, None)

        return pa.RecordBatchReader.from_batches(opened.reader.schema, batches())


def _given(rows: _Rows) -> Given:
    return Given(rows.names, rows.read)
