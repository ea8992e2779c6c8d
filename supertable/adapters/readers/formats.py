"""The format, compression and encoding of a file: by its first bytes where they identify it, else by its name."""

from __future__ import annotations

import codecs
from pathlib import PurePath

from supertable.adapters.readers import command_line_hints as hints
from supertable.domain.errors import UnreadableInput

HEAD_BYTES = 64 * 1024

TEXT_FORMATS = frozenset({"csv", "tsv", "json", "ndjson"})

_BY_SUFFIX = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_PACKED_SUFFIXES = frozenset({".gz", ".gzip", ".zst", ".zstd", ".zip"})

_COMPRESSION_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
_FORMAT_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
_OTHER_MAGIC = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"SQLite format 3": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"\x7fELF": "a program",
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def compression_of(head: bytes) -> str:
    return next((name for magic, name in _COMPRESSION_MAGIC.items() if head.startswith(magic)), "none")


def format_of(name: str, head: bytes) -> str:
    """The format of an unpacked file; `name` may still end with the suffix of a compression."""
    by_content = next((name for magic, name in _FORMAT_MAGIC.items() if head.startswith(magic)), None)
    by_name = format_by_name(name)
    return by_content or (_text_format(head) if by_name is None or _is_any_text(name) else by_name)


def _is_any_text(name: str) -> bool:
    return ".txt" in (suffix.lower() for suffix in PurePath(name).suffixes)


def format_by_name(name: str) -> str | None:
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    while suffixes and suffixes[-1] in _PACKED_SUFFIXES:
        suffixes.pop()
    return _BY_SUFFIX.get(suffixes[-1]) if suffixes else None


def encoding_of(name: str, head: bytes) -> str:
    """The encoding of a text file by its byte order mark; UTF-8 without one.

    Raises `UnreadableInput` for a binary file.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    for magic, what in _OTHER_MAGIC.items():
        if head.startswith(magic):
            raise UnreadableInput(name, f"it is {what}, not text.")
    if b"\0" in head:
        raise UnreadableInput(name, f"it is binary, not text. {hints.UTF_16}")
    return "utf-8"


def _text_format(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return {b"{": "json", b"[": "json"}.get(start, "csv")
