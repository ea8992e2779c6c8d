"""The sizes of the pages of Parquet files, read from the pages' own headers. A footer may lie; a header cannot:
a page that unpacks to another size is an error of the decoder.

The format: https://github.com/apache/parquet-format, and Thrift's compact protocol.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8, "BYTE_ARRAY": 4}
_UNCOMPRESSED = 0
_CODECS = {1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4_raw"}
_DICTIONARY_PAGE = 2
_FEW_BYTES, _MANY_BYTES = 1024, 4 * 1024 * 1024
_MOST_DEPTH = 16
_MOST_ELEMENTS = 1_000_000
"""As in PyArrow."""
Struct: TypeAlias = "dict[int, Value]"
Value: TypeAlias = "int | Struct | list[Struct] | None"


@dataclass(frozen=True, slots=True)
class ColumnPages:
    """The pages of one column in one row group. Sizes in bytes: of all its values unpacked, and of its largest page.

    `repeated`: at most the size of a value that may be stored once and stand for many.
    """

    unpacked: int
    largest: int
    repeated: int


def pages_of_groups(path: Path, schema: pq.ParquetSchema) -> Iterator[list[ColumnPages]]:
    """The pages of every column, for each row group. `schema`: that of the file.

    The footer is read here too: PyArrow's own objects for a column end the process on some damaged footers.
    Raises `ValueError` for a footer or headers that are damaged.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            footer, _ = _struct(data, len(data) - 8 - int.from_bytes(data[-8:-4], "little"), 0)
            for group in _structs(footer.get(4)):
                chunks = _structs(group.get(1))
                if len(chunks) != len(schema):
                    raise IndexError
                yield [_pages_of(data, chunk.get(3), schema.column(number)) for number, chunk in enumerate(chunks)]
        except (IndexError, RecursionError):
            raise ValueError("its footer or the header of a page is damaged") from None


def _pages_of(data: mmap.mmap, chunk: Value, column: Any) -> ColumnPages:
    """`chunk`: the ColumnMetaData of the footer. `column`: its column in the schema."""
    if not isinstance(chunk, dict):
        raise IndexError
    codec, count, packed_bytes, start = (_number(chunk.get(field)) for field in (4, 5, 7, 9))
    at = min(start, _number(chunk.get(11)) or start)
    end = at + packed_bytes
    width = _WIDTHS.get(column.physical_type) or max(column.length or 1, 1)
    unpacked = largest = repeated = seen = 0
    while at < end and seen < count:
        header, at = _struct(data, at, 0)
        page, packed = _number(header.get(2)), _number(header.get(3))
        values = 0
        if header.get(1) != _DICTIONARY_PAGE:
            values = max(_first(header.get(5)), _first(header.get(8)))
        elif column.physical_type == "BYTE_ARRAY":
            repeated = max(repeated, _longest_entry(data[at : at + packed], codec, page))
        seen += values
        unpacked += max(page, values * width)
        largest = max(largest, page)
        at += packed
    return ColumnPages(unpacked, largest, max(repeated, width))


def _number(value: Value) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or value < 0:
        raise IndexError
    return value


def _structs(value: Value) -> list[Struct]:
    return value if isinstance(value, list) else []


def _longest_entry(packed: bytes, codec_number: int, unpacked: int) -> int:
    """The length of the longest text in a dictionary page; the size of the page where it would take long to tell."""
    codec = _CODECS.get(codec_number)
    if not _FEW_BYTES < unpacked <= _MANY_BYTES or (codec is None and codec_number != _UNCOMPRESSED):
        return unpacked
    try:
        entries = pa.Codec(codec).decompress(packed, unpacked, asbytes=True) if codec else packed
    except (pa.ArrowException, OSError):
        return unpacked
    at = longest = 0
    while at + 4 <= len(entries):
        length = int.from_bytes(entries[at : at + 4], "little")
        longest = max(longest, length)
        at += 4 + length
    return longest


def _first(header: Value) -> int:
    """The first field of a page header of one kind: the number of values."""
    return _number(header.get(1)) if isinstance(header, dict) else 0


def _struct(data: mmap.mmap, at: int, depth: int) -> tuple[Struct, int]:
    """The integers, structs and lists of structs of a struct, by field id; and the position after it."""
    if depth > _MOST_DEPTH or at < 0:
        raise IndexError
    fields: Struct = {}
    field = 0
    while (head := data[at]) != 0:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            field, at = _integer(data, at)
        value, at = _value(data, at, head & 15, depth)
        if value is not None:
            fields[field] = value
    return fields, at + 1


def _value(data: mmap.mmap, at: int, kind: int, depth: int) -> tuple[Value, int]:
    """A value that is an integer, a struct or a list of structs, else None; and the position after it."""
    if kind in (1, 2):  # true and false, which have no bytes of their own
        return kind == 1, at
    if kind in (4, 5, 6):
        return _integer(data, at)
    if kind == 12:
        return _struct(data, at, depth + 1)
    if kind in (9, 10):
        return _list(data, at, depth)
    return None, _after(data, at, kind)


def _after(data: mmap.mmap, at: int, kind: int) -> int:
    """The position after a byte, a double or a binary."""
    if kind == 3:
        return at + 1
    if kind == 7:
        return at + 8
    if kind == 8:
        length, at = _varint(data, at)
        return at + length
    raise IndexError


def _list(data: mmap.mmap, at: int, depth: int) -> tuple[list[Struct], int]:
    """The structs of a list, none if its elements are not structs; and the position after it."""
    count, element, at = data[at] >> 4, data[at] & 15, at + 1
    if count == 15:
        count, at = _varint(data, at)
    if count > _MOST_ELEMENTS:
        raise IndexError
    found: list[Struct] = []
    for _ in range(count):
        if element in (1, 2):  # true and false, which have a byte here
            at += 1
        else:
            value, at = _value(data, at, element, depth + 1)
            if isinstance(value, dict):
                found.append(value)
        if at > len(data):
            raise IndexError
    return found, at


def _integer(data: mmap.mmap, at: int) -> tuple[int, int]:
    number, at = _varint(data, at)
    return (number >> 1) ^ -(number & 1), at


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    result = shift = 0
    while (byte := data[at]) & 0x80:
        result |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if shift > 63:
            raise IndexError
    return result | byte << shift, at + 1
