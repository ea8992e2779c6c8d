"""Files that results are written to: format and compression by the name, and replacing a file as a whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.encoding.results import Encoding, encode_result

_BY_SUFFIX = {
    ".json": Encoding.JSON,
    ".ndjson": Encoding.NDJSON,
    ".jsonl": Encoding.NDJSON,
    ".csv": Encoding.CSV,
    ".tsv": Encoding.TSV,
    ".tab": Encoding.TSV,
    ".parquet": Encoding.PARQUET,
    ".pq": Encoding.PARQUET,
    ".arrow": Encoding.ARROW_FILE,
    ".feather": Encoding.ARROW_FILE,
    ".ipc": Encoding.ARROW_FILE,
    ".arrows": Encoding.ARROW,
}
_PACKINGS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_ALIKE = frozenset({Encoding.ARROW, Encoding.ARROW_FILE})


def encoding_by_name(path: Path) -> Encoding | None:
    """The format that the file's suffix names, before that of a compression; None if it names none."""
    return _BY_SUFFIX.get(_bare(path).suffix.lower())


def require_encoding(path: Path) -> Encoding:
    """As `encoding_by_name`. Raises `InvalidInput`, which lists the suffixes, if the name has none of them."""
    found = encoding_by_name(path)
    if found is None:
        raise InvalidInput(
            f"{path.name!r} does not say its format. Nothing was written. Use one of the suffixes "
            f"{', '.join(_BY_SUFFIX)}; all but those of Parquet may be followed by .gz or .zst."
        )
    return found


def write_file(reader: pa.RecordBatchReader, path: Path, encoding: Encoding) -> None:
    """Write all rows to a file, compressed if its name ends in .gz or .zst.

    Raises `InvalidInput` if the name is that of another format, and `OSError`. An existing file stays as it was then.
    """
    named = encoding_by_name(path)
    if named is not None and named is not encoding and not {named, encoding} <= _ALIKE:
        raise InvalidInput(
            f"{path.name!r} is the name of a file in another format than {encoding}. Nothing was written."
        )
    packing = _PACKINGS.get(path.suffix.lower())
    if packing and encoding is Encoding.PARQUET:
        raise InvalidInput("Parquet files are compressed inside. Leave out the second suffix. Nothing was written.")
    with open_output(path) as sink:
        if packing is None:
            write_encoded(reader, encoding, sink)
            return
        with pa.CompressedOutputStream(pa.PythonFile(sink, "w"), packing) as packed:
            write_encoded(reader, encoding, packed)


def write_encoded(reader: pa.RecordBatchReader, encoding: Encoding, sink: BinaryIO | pa.NativeFile) -> None:
    for piece in encode_result(reader, encoding):
        for part in piece:
            sink.write(part)


@contextmanager
def open_output(output: Path | None) -> Iterator[BinaryIO]:
    """Open standard output (None) or a file for writing.

    A file is written under a temporary name and replaces `output` only when the block succeeds. A pipe or a device,
    such as /dev/null, is written in place. Raises `OSError`, which names `output`.
    """
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():
        with output.open("wb") as sink:
            yield sink
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as sink:
            yield sink
        partial.replace(output)
    except OSError as error:
        error.filename = str(output) if error.filename == str(partial) else error.filename
        raise
    finally:
        partial.unlink(missing_ok=True)


def _bare(path: Path) -> Path:
    """The name without the suffix of a compression."""
    return path.with_suffix("") if path.suffix.lower() in _PACKINGS else path
