"""Files prepared for reading: unpacked, in UTF-8, and under plain names that no reader mistakes for a pattern or a URL.

Compressed files are unpacked to disk, and their checksums verified, before a row is read: DuckDB reads a truncated gzip
file as if it were complete. One chunk at a time is in memory; `max_unpacked_bytes` and the free space bound the disk.
"""

from __future__ import annotations

import codecs
import gzip
import shutil
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import pyarrow as pa

from supertable.adapters.readers.formats import (
    HEAD_BYTES,
    TEXT_FORMATS,
    compression_of,
    encoding_of,
    format_by_name,
    format_of,
)
from supertable.adapters.readers.sources import STANDARD_INPUT
from supertable.application.ports.readers import ReadOptions
from supertable.domain.errors import UnreadableInput

_CHUNK_BYTES = 1024 * 1024
_FREE_BYTES_KEPT = 256 * 1024 * 1024
_MAX_NESTING = 3


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """One file, ready to read. `name` is its name in errors; `bytes` its size, unpacked."""

    path: Path
    name: str
    format: str
    bytes: int


class FilePreparer:
    """Prepares files in `folder`, which its user removes afterwards."""

    def __init__(self, folder: Path, options: ReadOptions) -> None:
        self._folder = folder
        self._options = options
        self._unpacked_bytes = 0
        self._count = 0

    def prepare(self, source: str) -> list[PreparedFile]:
        """The files of one path or of standard input: several for a zip. Raises `UnreadableInput`."""
        name = self._options.name or ("standard input" if source == STANDARD_INPUT else source)
        try:
            path = self._seekable(source, name)
            return [self._ready(file, inner) for file, inner in self._unpacked(path, name, depth=0)]
        except (
            OSError,
            EOFError,
            zlib.error,
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise UnreadableInput(name, _unpacking_failure(error)) from error

    def _seekable(self, source: str, name: str) -> Path:
        if source == STANDARD_INPUT:
            return self._spool(_chunks(sys.stdin.buffer), name)
        path = Path(source)
        if path.is_file():
            return path.absolute()
        with path.open("rb") as pipe:
            return self._spool(_chunks(pipe), name)

    def _unpacked(self, path: Path, name: str, depth: int) -> Iterator[tuple[Path, str]]:
        compression = (depth == 0 and self._options.compression) or compression_of(_head(path))
        if compression == "none" or depth == _MAX_NESTING:
            yield path, name
        elif compression == "zip":
            yield from self._unzipped(path, name, depth)
        else:
            yield from self._unpacked(self._spool(_decompressed(path, name, compression), name), name, depth + 1)

    def _unzipped(self, path: Path, name: str, depth: int) -> Iterator[tuple[Path, str]]:
        with zipfile.ZipFile(path) as archive:
            for member in _members(archive, name, self._options.format):
                inner = f"{name}/{member.filename}"
                with archive.open(member) as stream:
                    spooled = self._spool(_chunks(stream), inner)
                yield from self._unpacked(spooled, inner, depth + 1)

    def _ready(self, path: Path, name: str) -> PreparedFile:
        head = _head(path)
        if not head.strip():
            raise UnreadableInput(name, "it is empty.")
        found = self._options.format or format_of(name, head)
        if found in TEXT_FORMATS:
            path = self._in_utf8(path, name, head)
        ready = self._folder / f"{self._next_number()}.{found}"
        ready.symlink_to(path)
        return PreparedFile(ready, name, found, ready.stat().st_size)

    def _in_utf8(self, path: Path, name: str, head: bytes) -> Path:
        encoding = self._options.encoding or encoding_of(name, head)
        try:
            if codecs.lookup(encoding).name in {"utf-8", "ascii"}:
                return path
            return self._spool(_recoded(path, encoding), name)
        except LookupError:
            raise UnreadableInput(
                name, f"unknown encoding {encoding!r}. Use one that Python knows, such as latin-1, cp1252 or utf-16."
            ) from None
        except UnicodeError as error:
            raise UnreadableInput(name, f"it is not {encoding} text: {_decoding_failure(error)}.") from error

    def _spool(self, chunks: Iterable[bytes], name: str) -> Path:
        path = self._folder / f"{self._next_number()}.part"
        with path.open("wb") as file:
            for chunk in chunks:
                self._require_room(len(chunk), name)
                file.write(chunk)
        return path

    def _require_room(self, count: int, name: str) -> None:
        """Raises `UnreadableInput` when so many bytes more exceed the limit or leave too little free disk space."""
        self._unpacked_bytes += count
        limit = self._options.max_unpacked_bytes
        if self._unpacked_bytes > limit:
            raise UnreadableInput(name, f"it unpacks to more than the limit of {limit:,} bytes.")
        if shutil.disk_usage(self._folder).free < _FREE_BYTES_KEPT:
            raise UnreadableInput(
                name, f"too little disk space is left in {self._folder.parent} to unpack it. Free some and try again."
            )

    def _next_number(self) -> int:
        self._count += 1
        return self._count


def _members(archive: zipfile.ZipFile, name: str, wanted: str | None) -> list[zipfile.ZipInfo]:
    """The members to read, sorted by name: those of a known format, else the only member."""
    members = [member for member in archive.infolist() if not member.is_dir() and not _is_clutter(member.filename)]
    known = [member for member in members if _is_wanted(format_by_name(member.filename), wanted)]
    named = [member for member in known if not _may_be_prose(member.filename)]
    chosen = named or known or (members if len(members) == 1 else [])
    if not chosen:
        raise UnreadableInput(
            name, f"none of its {len(members):,} members is named as a {wanted or 'CSV, JSON, Parquet or Arrow'} file."
        )
    return sorted(chosen, key=lambda member: member.filename)


def _is_clutter(member: str) -> bool:
    """Whether it is a hidden file, or one that macOS adds to archives."""
    return any(part == "__MACOSX" or part.startswith(".") for part in PurePosixPath(member).parts)


def _may_be_prose(member: str) -> bool:
    """Whether the name is that of text in general, such as README.txt. It is read only where no other file is data."""
    return ".txt" in (suffix.lower() for suffix in PurePosixPath(member).suffixes)


def _is_wanted(found: str | None, wanted: str | None) -> bool:
    return found is not None if wanted is None else found == wanted


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _chunks(stream: _Readable) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _decompressed(path: Path, name: str, compression: str) -> Iterator[bytes]:
    if compression == "gzip":
        with gzip.open(path, "rb") as stream:
            yield from _chunks(stream)
    elif compression == "zstd":
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            yield from _chunks(stream)
    else:
        raise UnreadableInput(
            name, f"{compression} compression is not supported; gzip, zstd and zip are. Unpack the file first."
        )


def _recoded(path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        for chunk in _chunks(file):
            yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _decoding_failure(error: UnicodeError) -> str:
    """Without the position, which counts from a chunk's start, not from the file's."""
    return error.reason if isinstance(error, UnicodeDecodeError) else str(error)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _unpacking_failure(error: Exception) -> str:
    if isinstance(error, EOFError) or "Truncated compressed" in str(error):
        return "its compressed data is cut off. Transfer it again."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    if isinstance(error, RuntimeError) and "password" in str(error):
        return "it is encrypted. Decrypt it first."
    reason = str(error).rstrip(".")
    if isinstance(error, NotImplementedError):
        return f"it cannot be unpacked: {reason}. Unpack the file first."
    return f"it is damaged: {reason}."
