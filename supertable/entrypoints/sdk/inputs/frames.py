"""Data frames and relations of other libraries as Arrow data. These libraries are not imported: callers have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import Schema
from supertable.entrypoints.sdk.inputs.python_values import Place, array_of

_NOT_IN_ARROW = frozenset({"Object", "Int128", "UInt128"})
_NOT_STORED = {"period": "Convert it by .dt.to_timestamp()", "interval": "Write its ends as two columns"}


def library_of(data: Any) -> str:
    return type(data).__module__.partition(".")[0]


def table_of_pandas(frame: Any, known: Schema | None) -> pa.Table:
    """The columns of a pandas DataFrame. Missing values and NaN are null.

    Levels of the index that have names become columns, and come first; an index without a name is left out.
    """
    named = {name: frame.index.get_level_values(i) for i, name in enumerate(frame.index.names) if name is not None}
    names = [*named, *frame.columns]
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None:
        raise InvalidInput(f"The name of a column must be text, and not {wrong!r}. Rename it: df.columns = […].")
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InvalidInput(f"The frame has two columns {repeated!r}, or a column and an index of this name.")
    if not names:
        raise InvalidInput("The frame has no columns.")
    columns = {name: level.to_series() for name, level in named.items()} | {name: frame[name] for name in frame.columns}
    return pa.table({name: _of_series(series, name, known) for name, series in columns.items()})


def _of_series(series: Any, name: str, known: Schema | None) -> pa.Array:
    kind = str(series.dtype)
    if kind == "object":
        values = [None if _is_missing(value) else value for value in series.tolist()]
        field = known.find(name) if known else None
        return array_of(values, Place(name, range(1, len(values) + 1), field.type if field else None))
    for word, remedy in _NOT_STORED.items():
        if kind.startswith(word):
            raise InvalidInput(f"Column {name!r} has the pandas type {kind}, which no column holds. {remedy}.")
    try:
        return pa.array(series, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise InvalidInput(f"Column {name!r} has the pandas type {kind}, which no column holds.") from error


def _is_missing(value: Any) -> bool:
    return isinstance(value, float) and value != value


def reader_of_polars(frame: Any) -> pa.RecordBatchReader:
    """The rows of a polars DataFrame or LazyFrame. A LazyFrame is streamed where its version of polars can."""
    for name, kind in frame.collect_schema().items():
        if str(kind) in _NOT_IN_ARROW:
            raise InvalidInput(f"Column {name!r} has the polars type {kind}, which no column holds. Cast it first.")
    if type(frame).__name__ == "DataFrame":
        return pa.RecordBatchReader.from_stream(frame)
    empty = pa.table(frame.collect_schema().to_frame())
    if not hasattr(frame, "collect_batches"):
        return pa.RecordBatchReader.from_stream(frame.collect(engine="streaming"))

    def batches() -> Iterator[pa.RecordBatch]:
        for part in frame.collect_batches():
            yield from pa.table(part).to_batches()

    return pa.RecordBatchReader.from_batches(empty.schema, batches())
