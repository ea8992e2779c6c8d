"""A private DuckDB instance that reads text files as a stream of record batches, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.text.scan_errors import unreadable
from supertable.application.ports.readers import OpenedFiles

_LIMIT_MB = 300
_MB_PER_COLUMN = 0.25
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": f"{_LIMIT_MB}MB",
    "threads": 2,
    "preserve_insertion_order": True,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_BATCH_BYTES = 8 * 1024 * 1024
_MIN_BATCH_ROWS = 1_000
_MAX_BATCH_ROWS = 65_536

SqlValue = str | bool | int | Sequence[str] | Mapping[str, str]


class TextScanner:
    """Runs one table function of DuckDB, such as `read_csv`, over the files. Its methods raise `UnreadableInput`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, function: str, files: Sequence[PreparedFile]) -> None:
        self.connection = connection
        self._function = function
        self.files = files
        self._at_end = False

    def columns(self, arguments: Mapping[str, SqlValue]) -> list[str]:
        """The names of the columns, in their order."""
        with self._errors_translated():
            rows = self.connection.execute(f"DESCRIBE SELECT * FROM {self._call(arguments)}").fetchall()
        return [name for name, *_ in rows]

    def sniffed(self, arguments: Mapping[str, SqlValue]) -> tuple[str, int]:
        """The delimiter of a CSV file, and the number of its columns."""
        call = self._call(arguments, "sniff_csv")
        with self._errors_translated():
            (row,) = self.connection.execute(f"SELECT Delimiter, len(Columns) FROM {call}").fetchall()
        return row[0], row[1]

    def prepare_for(self, columns: int) -> None:
        """Raise the limit of memory for files of very many columns. Each takes some, however few the rows are."""
        megabytes = max(_LIMIT_MB, columns * _MB_PER_COLUMN)
        self.connection.execute(f"SET memory_limit = '{int(megabytes)}MB'")

    def rows(self, arguments: Mapping[str, SqlValue], most: int) -> pa.Table:
        """The first rows, at most so many."""
        with self._errors_translated():
            return self.connection.sql(f"SELECT * FROM {self._call(arguments)} LIMIT {most}").to_arrow_table()

    def read(self, arguments: Mapping[str, SqlValue], select: str = "*") -> OpenedFiles:
        """The rows, with the columns of the SQL list `select`."""
        total = sum(file.bytes for file in self.files)
        self._at_end = False
        with self._errors_translated():
            reader = self.connection.sql(f"SELECT {select} FROM {self._call(arguments)}").to_arrow_reader(
                _batch_rows(self.files)
            )
        return OpenedFiles(
            reader=pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader)),
            total_bytes=total,
            bytes_read=lambda: int(total * self._share_read()),
        )

    def rejected(self) -> list[tuple[int, str, str]]:
        """The rows that the last reading of the only file rejected (`store_rejects`): line, text and reason."""
        path = literal(str(self.files[0].path))
        return self.connection.execute(
            "SELECT line, any_value(csv_line), any_value(error_message) FROM reject_errors AS e "
            "JOIN reject_scans AS s USING (scan_id, file_id) "
            f"WHERE file_path = {path} AND scan_id = (SELECT max(scan_id) FROM reject_scans WHERE file_path = {path}) "
            "GROUP BY line ORDER BY line"
        ).fetchall()

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        while True:
            with self._errors_translated():
                batch = next(reader, None)
            if batch is None:
                self._at_end = True
                return
            yield batch

    def _share_read(self) -> float:
        return 1.0 if self._at_end else min(max(self.connection.query_progress(), 0.0), 100.0) / 100

    @contextmanager
    def _errors_translated(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise unreadable(str(error), self.files) from error
        except RuntimeError as error:  # DuckDB's error after Ctrl-C
            if "interrupted" in str(error):
                raise KeyboardInterrupt from error
            raise

    def _call(self, arguments: Mapping[str, SqlValue], function: str = "") -> str:
        paths = literal(str(self.files[0].path) if function else [str(file.path) for file in self.files])
        named = "".join(f", {name}={literal(value)}" for name, value in arguments.items())
        return f"{function or self._function}({paths}{named})"


@contextmanager
def scanner(function: str, files: Sequence[PreparedFile]) -> Iterator[TextScanner]:
    with duckdb.connect(":memory:", config=_CONFIG) as connection:
        spill = str(files[0].path.parent / "spill")
        connection.execute(
            f"SET temp_directory={literal(spill)}; SET TimeZone='UTC'; "
            "SET enable_progress_bar=true; SET enable_progress_bar_print=false; SET progress_bar_time=0"
        )
        yield TextScanner(connection, function, files)


def literal(value: SqlValue) -> str:
    """The value as a literal of DuckDB's SQL."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(name)}: {literal(item)}" for name, item in value.items()) + "}"
    return "[" + ", ".join(literal(item) for item in value) + "]"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _batch_rows(files: Sequence[PreparedFile]) -> int:
    """The rows of a batch of about `_BATCH_BYTES`, estimated from the first lines."""
    head = first_bytes(files[0])
    row_bytes = len(head) / max(head.count(b"\n"), 1)
    return int(min(max(_BATCH_BYTES / max(row_bytes, 1), _MIN_BATCH_ROWS), _MAX_BATCH_ROWS))


def first_bytes(file: PreparedFile) -> bytes:
    with file.path.open("rb") as stream:
        return stream.read(256 * 1024)
