"""Query parameters that say how uploaded rows are read: the options of a load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar.params import QueryParameter

from supertable.application.ddl.load_options import LoadOptions, OnError
from supertable.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Reading:
    """What a client chose. `options` has only what was given."""

    options: LoadOptions
    on_error: OnError

    @property
    def is_default(self) -> bool:
        return not self.options and self.on_error == "stop"


def _text(description: str, most: int, **more: Any) -> QueryParameter:
    return QueryParameter(description=description, max_length=most, **more)


def _texts(description: str, **more: Any) -> QueryParameter:
    return QueryParameter(description=f"{description} Repeatable.", max_items=2_000, **more)


def reading(
    on_error: Annotated[
        Literal["stop", "skip", "rejects"],
        QueryParameter(
            description="Text: what to do with rows that do not fit: `stop` writes nothing, `skip` leaves them out, "
            "`rejects` returns the first of them, too."
        ),
    ] = "stop",
    type_: Annotated[list[str] | None, _texts("Text: the type of a column, as `column=type`.", name="type")] = None,
    date_format: Annotated[
        list[str] | None,
        _texts("Text: the format of dates, such as `%d/%m/%Y`, of all columns or, as `column=format`, of one."),
    ] = None,
    null: Annotated[list[str] | None, _texts("CSV: texts that mean null, besides the empty one.")] = None,
    encoding: Annotated[str | None, _text("Text: its encoding, such as `latin-1`; UTF-8 by default.", 40)] = None,
    sample_size: Annotated[
        int | None, QueryParameter(ge=-1, description="Text: how many rows types are inferred from; -1: all.")
    ] = None,
    all_text: Annotated[bool | None, QueryParameter(description="Text: read every column as text.")] = None,
    decimal: Annotated[str | None, _text("CSV: the decimal mark of numbers, `.` by default or `,`.", 1)] = None,
    delimiter: Annotated[str | None, _text("CSV: the character between columns; detected by default.", 4)] = None,
    header: Annotated[
        bool | None,
        QueryParameter(
            description="CSV: whether the first row has names of columns; true by default, with `create` detected."
        ),
    ] = None,
    columns: Annotated[str | None, _text("CSV: names for the columns, in order, separated by commas.", 16_000)] = None,
    skip_lines: Annotated[
        int | None, QueryParameter(ge=0, description="CSV: how many lines precede the header.")
    ] = None,
    lenient: Annotated[
        bool | None, QueryParameter(description="CSV: accept short rows, mixed line ends and stray quotes.")
    ] = None,
) -> Reading:
    """Raises `InvalidInput` for a `type` without a column."""
    given = {
        "types": _types(type_ or ()),
        "date_format": _by_column(date_format or ()),
        "null": tuple(null or ()),
        "encoding": encoding,
        "sample_size": sample_size,
        "all_text": all_text,
        "decimal": decimal,
        "delimiter": delimiter,
        "header": header,
        "columns": tuple(columns.split(",")) if columns else (),
        "skip_lines": skip_lines,
        "lenient": lenient,
    }
    options = {name: value for name, value in given.items() if value not in (None, (), {})}
    return Reading(LoadOptions(**options), on_error)  # type: ignore[typeddict-item]


def _types(given: list[str] | tuple[()]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    wrong = next((name for name, equals, _ in pairs if not name or not equals), None)
    if wrong is not None:
        raise InvalidInput(f"{wrong!r} is no type of a column. Write `column=type`, such as `zip=string`.")
    return {name: kind for name, _, kind in pairs}


def _by_column(given: list[str] | tuple[()]) -> dict[str, str]:
    """Formats by column; that of the empty name is for all others."""
    parts = [text.rpartition("=") for text in given]
    return {column if equals else "": pattern for column, equals, pattern in parts}
