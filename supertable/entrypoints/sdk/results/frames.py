"""Results as pandas and polars frames, with every value as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.queries.result_batches import with_distinct_names
from supertable.domain.errors import InvalidInput, MissingExtra

if TYPE_CHECKING:
    import pandas
    import polars

_DAY_US = 24 * 60 * 60 * 10**6
_NULLABLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")


def polars_frame(table: pa.Table) -> polars.DataFrame:
    """Columns of the same name are numbered. Raises `MissingExtra`, and `InvalidInput` for a type polars lacks."""
    try:
        import polars
    except ImportError:
        raise MissingExtra("A polars DataFrame", "polars") from None
    _require_times(table)
    interval = next((field.name for field in table.schema if pa.types.is_interval(field.type)), None)
    if interval is not None:
        raise InvalidInput(f"polars has no intervals, such as in column {interval!r}. Cast it to text in the query.")
    try:
        frame = polars.from_arrow(with_distinct_names(table.to_reader()).read_all())
    except polars.exceptions.PolarsError as error:
        raise InvalidInput(f"polars cannot hold this result: {error}. Cast the column to text in the query.") from None
    assert isinstance(frame, polars.DataFrame)
    return frame


def pandas_frame(table: pa.Table) -> pandas.DataFrame:
    """Integers with nulls are pandas' nullable integers, since floats would change large ones."""
    try:
        import pandas
    except ImportError:
        raise MissingExtra("A pandas DataFrame", "pandas") from None
    _require_times(table)
    nullable: dict[pa.DataType, Any] = {
        pa.type_for_alias(name.lower()): pandas.api.types.pandas_dtype(name) for name in _NULLABLE
    }
    kept = [i for i, column in enumerate(table.columns) if column.type in nullable and column.null_count]
    placeholder = pa.chunked_array([pa.nulls(table.num_rows, pa.float64())])
    reduced = table
    for i in kept:
        reduced = reduced.set_column(i, table.field(i).name, placeholder)
    try:
        frame: pandas.DataFrame = reduced.to_pandas(integer_object_nulls=True)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"pandas cannot hold this result: {error}. Cast the column to text in the query, or take it with arrow()."
        ) from None
    for i in kept:
        frame.isetitem(i, table.column(i).to_pandas(types_mapper=nullable.get))
    return frame


def _require_times(table: pa.Table) -> None:
    """Raises `InvalidInput` for 24:00:00, which frames would take for midnight."""
    for field, column in zip(table.schema, table.columns, strict=True):
        if (
            pa.types.is_time(field.type)
            and pc.any(pc.greater_equal(column.cast(pa.time64("us")).cast(pa.int64()), _DAY_US)).as_py()
        ):
            raise InvalidInput(
                f"Column {field.name!r} has the time 24:00:00, which frames do not have. Cast it to text in the query."
            )
