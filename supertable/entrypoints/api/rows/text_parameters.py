"""Query parameters that say how CSV and TSV are to be read."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar.params import QueryParameter

from supertable.application.ports.readers import TextOptions
from supertable.domain.errors import InvalidInput

Null = Annotated[
    list[str] | None, QueryParameter(description="CSV: texts that mean null, besides the empty one. Repeatable.")
]
DateFormat = Annotated[
    list[str] | None,
    QueryParameter(
        description="CSV: the format of dates, such as `%d/%m/%Y`, of all columns or, as `column=format`, of one. "
        "Repeatable."
    ),
]
Decimal = Annotated[Literal[".", ","], QueryParameter(description="CSV: the decimal mark of numbers.")]
Delimiter = Annotated[
    str | None,
    QueryParameter(max_length=4, description="CSV: the character between columns; detected by default."),
]
Header = Annotated[bool, QueryParameter(description="CSV: whether the first row has the names of the columns.")]
Columns = Annotated[
    str | None,
    QueryParameter(max_length=16_000, description="CSV: names for the columns, in order, separated by commas."),
]


def text_options(
    format_: str,
    null: list[str] | None,
    date_format: list[str] | None,
    decimal: str,
    delimiter: str | None,
    header: bool,
    columns: str | None,
) -> TextOptions:
    """Raises `InvalidInput` for options of a format that has none, and for rows without any names."""
    formats = {}
    for text in date_format or ():
        column, equals, pattern = text.rpartition("=")
        formats[column if equals else ""] = pattern
    names = tuple(columns.split(",")) if columns else ()
    options = TextOptions(delimiter, header, names, tuple(null or ()), formats, decimal)
    if options != TextOptions() and format_ not in ("csv", "tsv"):
        raise InvalidInput("The parameters for text apply to CSV and TSV only. Nothing was written.")
    if not header and not names:
        raise InvalidInput("Rows without a header need names: give `columns`. Nothing was written.")
    return options
