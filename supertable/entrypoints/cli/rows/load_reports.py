"""What a load did, or would do: the write, and how the columns of text were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count
from supertable.entrypoints.cli.terminal.output.write_reports import report_write
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.ddl.load_files import LoadPreview
    from supertable.application.ports.readers import ReadColumn
    from supertable.entrypoints.sdk.lakes.lake_loading import Loaded


def report_load(session: Session, loaded: Loaded, seconds: float, rejects: str | None) -> None:
    """One line for the write, and lines for what was inferred or left out; or JSON."""
    if session.as_json:
        write_json({**asdict(loaded.write), "columns": _described(loaded.columns), "rows_rejected": loaded.rejected})
        return
    report_write(session, loaded.write, f"Loaded {loaded.write.table}", seconds)
    _print_columns(loaded.columns)
    if loaded.rejected:
        where = f"; they are in {rejects}" if rejects else ""
        console().print(f"{format_count(loaded.rejected, 'row')} did not fit and were left out{where}.")


def report_preview(session: Session, table: str, preview: LoadPreview) -> None:
    """The columns and the first rows of a load that did not run."""
    import pyarrow as pa

    from supertable.entrypoints.cli.terminal.output.result_grid import write_grid

    if session.as_json:
        write_json({"table": table, "columns": _described(preview.columns), "rows": preview.rows.to_pylist()})
        return
    console().print(f"Nothing is written. {table} would get rows like these:")
    reader = pa.RecordBatchReader.from_batches(preview.rows.schema, preview.rows.to_batches())
    write_grid(reader, preview.rows.num_rows)
    _print_columns(preview.columns)


def _described(columns: Sequence[ReadColumn]) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "type": _type_name(column),
            "inferred": column.is_inferred,
            "date_format": column.date_format,
            "note": column.note,
        }
        for column in columns
    ]


def _print_columns(columns: Sequence[ReadColumn]) -> None:
    """The types that were inferred. Nothing where all were known."""
    inferred = [column for column in columns if column.is_inferred]
    if inferred:
        console().print(f"Inferred types: {', '.join(map(_text, inferred))}.", soft_wrap=True)
    for column in columns:
        if column.note:
            console().print(f"Column {column.name}: {column.note} with --date-format.", soft_wrap=True)


def _text(column: ReadColumn) -> str:
    return f"{column.name} {_type_name(column)}{column.date_format and f' ({column.date_format})'}"


def _type_name(column: ReadColumn) -> str:
    from supertable.application.storage.arrow.arrow_schemas import type_name

    return type_name(column.type)
