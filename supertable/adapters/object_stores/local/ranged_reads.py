"""Reads of parts of a file."""

from __future__ import annotations

import os
from pathlib import Path

from supertable.adapters.object_stores.local.file_system import FileSystem
from supertable.application.ports.object_stores import ObjectChanged, ObjectRange


def read_range(files: FileSystem, path: Path, start: int, length: int, fingerprint: str | None) -> ObjectRange:
    """See the port. All bytes are of one open file, which nobody changes. Raises OSError if there is none."""
    descriptor = files.open(path)
    try:
        found = files.stat_open(descriptor)
        if fingerprint not in (None, fingerprint_of(found)):
            raise ObjectChanged(path.name)
        return ObjectRange(_bytes(files, descriptor, start, length), found.st_size, fingerprint_of(found))
    finally:
        files.close(descriptor)


def fingerprint_of(found: os.stat_result) -> str:
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"


def _bytes(files: FileSystem, descriptor: int, start: int, length: int) -> bytes:
    parts: list[bytes] = []
    end = start + length
    while start < end and (part := files.read_at(descriptor, start, end - start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
