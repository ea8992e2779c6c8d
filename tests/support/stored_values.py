"""Searches what is stored for a text, byte by byte."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

import supertable

_ZSTANDARD = b"\x28\xb5\x2f\xfd"


def has(data: bytes, text: str) -> bool:
    """Whether the bytes hold the text: as it is, or within Base64, and in Zstandard frames too.

    Of Base64, where the text's place in a group of three is unknown, all but three bytes at each end is searched for.
    """
    assert len(text) >= 12
    frames = [data[at:] for at in range(len(data)) if data.startswith(_ZSTANDARD, at)]
    plain = b"\n".join([data, *map(_decompressed, frames)])
    raw = text.encode()
    coded = [base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4].strip(b"=") for shift in range(3)]
    return any(each in plain for each in (raw, *coded))


def _decompressed(data: bytes) -> bytes:
    """As much of a frame as is there: in a file of the catalog, other bytes follow it."""
    text = b""
    with suppress(OSError), pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        while part := stream.read(16):
            text += part
    return text


def places_of(home: Path, text: str) -> list[str]:
    """The files of a lake that hold the text, the catalog's too, and the logs of which the catalog has it."""
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    found = [str(path.relative_to(home)) for path in files if has(path.read_bytes(), text)]
    with supertable.connect(home=home) as lake:
        catalog = lake._container.catalog()
        heads = catalog.cut(dict.fromkeys(catalog.logs(""), 0)).heads
    return found + [log for log, head in heads.items() if any(has(record, text) for record in head.records)]
