"""The file reader: local files, pipes and standard input, in every supported format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from supertable.adapters.readers.command_line_hints import without_hints
from supertable.adapters.readers.prepared_files import FilePreparer, PreparedFile
from supertable.adapters.readers.sources import expanded
from supertable.application.ports.readers import COMPRESSIONS, FORMATS, OpenedFiles, ReadOptions, RowsOfTexts
from supertable.domain.errors import InvalidInput, UnreadableInput

Opener = Callable[[Sequence[PreparedFile], ReadOptions], AbstractContextManager[OpenedFiles]]

_DEFAULTS = ReadOptions()
_CSV_OPTIONS = {
    "delimiter": "delimiter",
    "quote": "quote",
    "escape": "escape",
    "header": "header",
    "skip_lines": "skip_lines",
    "null_strings": "null",
    "column_names": "columns",
    "decimal_mark": "decimal",
    "lenient": "lenient",
}
"""The names that users know, by field of `ReadOptions`."""
_TEXT_OPTIONS = {"encoding": "encoding", "date_formats": "date_format", "all_text": "all_text", "rejects": "on_error"}


class FileReaderAdapter:
    """`temporary_folder` receives unpacked files; None: the system's own."""

    def __init__(self, temporary_folder: Path | None = None) -> None:
        self._temporary_folder = temporary_folder

    @contextmanager
    def open(self, sources: Sequence[str], options: ReadOptions | None = None) -> Iterator[OpenedFiles]:
        options = options or ReadOptions()
        _check(options)
        paths = expanded(sources)
        if self._temporary_folder is not None:
            self._temporary_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="supertable-load-", dir=self._temporary_folder) as folder:
            preparer = FilePreparer(Path(folder), options)
            with _errors_named(options):
                files = [file for path in paths for file in preparer.prepare(path)]
                format_ = _common_format(files)
                _require_fit(options, format_)
                opener = _begun(_opener(format_, options))
                with ExitStack() as stack:
                    opened = stack.enter_context(opener(files, options))
                    every_row = replace(options, sample_rows=-1)
                    anew = None if options.sample_rows < 0 else lambda: stack.enter_context(opener(files, every_row))
                    yield replace(opened, inferred_anew=anew)

    def rows(self, text: bytes, options: ReadOptions) -> pa.Table:
        from supertable.adapters.readers.json.typed_json import rows_in

        return rows_in(text, options.format or "json", options)

    def rows_of_texts(self, texts: Sequence[bytes], options: ReadOptions) -> RowsOfTexts | None:
        from supertable.adapters.readers.json.text_rows import rows_of_texts

        return rows_of_texts(texts, options.format or "json", options)


def _begun(opener: Opener) -> Opener:
    """The opener. It tells the sink of rejected rows that it begins."""

    def begin(files: Sequence[PreparedFile], options: ReadOptions) -> AbstractContextManager[OpenedFiles]:
        if options.rejects is not None:
            options.rejects.begin()
        return opener(files, options)

    return begin


@contextmanager
def _errors_named(options: ReadOptions) -> Iterator[None]:
    """With `options.name`, errors name the source by it and leave out the hints for the command line."""
    try:
        yield
    except UnreadableInput as error:
        if options.name is None:
            raise
        raise type(error)(options.name, without_hints(error.reason)) from error


def _check(options: ReadOptions) -> None:
    for what, value, known in (
        ("format", options.format, FORMATS),
        ("compression", options.compression, COMPRESSIONS),
    ):
        if value is not None and value not in known:
            raise InvalidInput(f"Unknown {what} {value!r}. Use one of {', '.join(known)}.")
    if options.sample_rows < -1 or options.sample_rows == 0:
        raise InvalidInput(f"The sample size is a number of rows, or -1 for all, and not {options.sample_rows:,}.")
    if options.decimal_mark not in (".", ","):
        raise InvalidInput(f"The decimal mark is . or , and not {options.decimal_mark!r}.")
    if options.delimiter is not None and not 1 <= len(options.delimiter.encode()) <= 4:
        raise InvalidInput(f"The delimiter must be one character, not {options.delimiter!r}.")
    for what, mark in (("quote", options.quote), ("escape", options.escape)):
        if len(mark.encode()) > 1:
            raise InvalidInput(f"The {what} must be one ASCII character, or empty for none, not {mark!r}.")


def _require_fit(options: ReadOptions, format_: str) -> None:
    """Raises `InvalidInput` for an option that the format does not have, and that would be ignored."""
    if format_ in ("csv", "tsv"):
        return
    refused = _CSV_OPTIONS if format_ in ("json", "ndjson") else {**_CSV_OPTIONS, **_TEXT_OPTIONS}
    for field, name in refused.items():
        if getattr(options, field) != getattr(_DEFAULTS, field):
            raise InvalidInput(f"The option {name} does not apply to {format_}. Leave it out.")


def _common_format(files: Sequence[PreparedFile]) -> str:
    """The format of all files. JSON and NDJSON may mix, because the layout is detected from the content."""
    first = files[0]
    for file in files:
        if file.format != first.format and {file.format, first.format} != {"json", "ndjson"}:
            raise UnreadableInput(
                file.name,
                f"it is {file.format}, but {first.name} is {first.format}. Load each format separately.",
            )
    return "json" if {file.format for file in files} == {"json", "ndjson"} else first.format


def _opener(format_: str, options: ReadOptions) -> Opener:
    # Imported here because DuckDB and Parquet are slow to import, and a process loads one format.
    if format_ in {"csv", "tsv"}:
        from supertable.adapters.readers.text.csv_files import open_csv

        return open_csv
    if format_ in {"json", "ndjson"} and options.columns is not None:
        from supertable.adapters.readers.json.typed_json import open_typed_json

        return open_typed_json
    if format_ in {"json", "ndjson"}:
        from supertable.adapters.readers.json.json_files import open_json

        return open_json
    if format_ == "parquet":
        from supertable.adapters.readers.columnar.parquet_files import open_parquet

        return open_parquet
    from supertable.adapters.readers.columnar.arrow_files import open_arrow

    return open_arrow
