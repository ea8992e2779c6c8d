"""The catalog of an installation without servers: one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from supertable.adapters.catalogs.sqlite_file import SqliteFile
from supertable.application.ports.catalogs import Cut, Head
from supertable.domain.errors import CatalogDamaged

_KEPT_RECORDS = 128
_REMOVED_AT_ONCE = 16

_SCHEMA = """
CREATE TABLE identity (id TEXT NOT NULL);
INSERT INTO identity VALUES (lower(hex(randomblob(16))));
CREATE TABLE heads (log TEXT PRIMARY KEY, version INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE records (
    log TEXT NOT NULL, version INTEGER NOT NULL, record BLOB NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (log, version)
);
"""
_CUT = """
SELECT (SELECT id FROM identity), heads.log, heads.version, heads.seal, records.version, records.record, records.seal
FROM (SELECT 1)
LEFT JOIN json_each(?) AS requested
LEFT JOIN heads ON heads.log = json_extract(requested.value, '$[0]')
LEFT JOIN records ON records.log = heads.log AND records.version > json_extract(requested.value, '$[1]')
"""
"""One statement sees one state. There is a row for each requested log, and one if none is requested."""
_SET_HEAD = """
INSERT INTO heads VALUES (?, ?, ?)
ON CONFLICT (log) DO UPDATE SET version = excluded.version, seal = excluded.seal
"""
_IN_PREFIX = "log >= ?1 AND substr(log, 1, length(?1)) = ?1"
_LOGS = f"SELECT log FROM heads WHERE {_IN_PREFIX} ORDER BY log"
_EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"
"""The write-ahead log has what was removed too. It stays as it is while another process reads the file."""

# A record's version, bytes and checksum; of any types when the file is damaged.
_Row = tuple[object, object, object]


class SqliteCatalog:
    """Heads and the newest records of each log, at least 128, in write-ahead mode: reads and writes do not block each
    other.

    A power loss may undo the latest `advance`s, but never leaves half of one. Every row has a checksum, so that a
    flipped bit is `CatalogDamaged`, not a wrong head. The records of a log never have gaps: `advance` by more than one
    version removes the earlier ones. `clear` replaces a damaged file, and keeps it as `.damaged`.
    """

    def __init__(self, path: Path, busy_seconds: float = 10.0) -> None:
        self._file = SqliteFile(path, _SCHEMA, busy_seconds)

    def cut(self, known: Mapping[str, int]) -> Cut:
        requested = json.dumps(list(known.items()))
        with self._file.opened() as opened:
            rows = opened.connection.execute(_CUT, (requested,)).fetchall()
        identity = rows[0][0]
        if identity is None:
            raise CatalogDamaged("the catalog's file has lost its identity")
        heads = _heads(row[1:] for row in rows if row[1] is not None)
        return Cut(heads, dict.fromkeys(known, f"{identity}-{opened.file}"), frozenset())

    def expect(self, log: str, version: int) -> None:
        """No-op: every head of this catalog is checked against storage."""

    def advance(self, log: str, version: int, record: bytes) -> bool:
        with self._file.opened() as opened:
            connection = opened.connection
            connection.execute("BEGIN IMMEDIATE")
            present = _present_version(connection, log)
            if version <= present:
                connection.execute("ROLLBACK")
                return False
            if version != present + 1:
                connection.execute("DELETE FROM records WHERE log = ?", (log,))
            elif version % _REMOVED_AT_ONCE == 0:
                oldest = version - _KEPT_RECORDS + 1
                connection.execute("DELETE FROM records WHERE log = ? AND version < ?", (log, oldest))
            connection.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?)", (log, version, record, _checksum(log, version, record))
            )
            connection.execute(_SET_HEAD, (log, version, _checksum(log, version)))
            connection.execute("COMMIT")
            return True

    def forget_records(self, log: str, up_to: int) -> None:
        with self._file.opened() as opened:
            connection = opened.connection
            connection.execute("DELETE FROM records WHERE log = ? AND version <= ?", (log, up_to))
            connection.execute(_EMPTY_LOG)

    def logs(self, prefix: str) -> list[str]:
        with self._file.opened() as opened:
            rows = opened.connection.execute(_LOGS, (prefix,)).fetchall()
        return [log for (log,) in rows]

    def clear(self, prefix: str) -> None:
        try:
            self._clear(prefix)
        except CatalogDamaged:
            self._file.set_aside()
            self._clear(prefix)

    def close(self) -> None:
        """Close the connections that are not in use; the next use opens new ones."""
        self._file.close()

    def _clear(self, prefix: str) -> None:
        with self._file.opened() as opened:
            connection = opened.connection
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"DELETE FROM heads WHERE {_IN_PREFIX}", (prefix,))
            connection.execute(f"DELETE FROM records WHERE {_IN_PREFIX}", (prefix,))
            connection.execute("UPDATE identity SET id = lower(hex(randomblob(16)))")
            connection.execute("COMMIT")
            connection.execute(_EMPTY_LOG)


def _heads(rows: Iterable[tuple[Any, ...]]) -> dict[str, Head]:
    versions: dict[str, int] = {}
    records: dict[str, list[_Row]] = {}
    for log, version, checksum, *record in rows:
        _verified(log, version, b"", checksum)
        versions[log] = version
        newer = records.setdefault(log, [])
        if record[0] is not None:
            newer.append((record[0], record[1], record[2]))
    return {log: Head(versions[log], _records(log, versions[log], records[log])) for log in versions}


def _present_version(connection: sqlite3.Connection, log: str) -> int:
    """0 when the log has no head."""
    row = connection.execute("SELECT version, seal FROM heads WHERE log = ?", (log,)).fetchone()
    if row is None:
        return 0
    version, checksum = row
    _verified(log, version, b"", checksum)
    return int(version)


def _records(log: str, head: int, rows: Iterable[_Row]) -> tuple[bytes, ...]:
    """The records in order of version. Raises `CatalogDamaged` unless they are intact and lead up to `head`."""
    found = {version: _verified(log, version, record, checksum) for version, record, checksum in rows}
    expected = range(head - len(found) + 1, head + 1)
    if found.keys() != set(expected):
        raise CatalogDamaged(f"the records of {log} do not lead up to its head")
    return tuple(found[version] for version in expected)


def _verified(log: str, version: object, record: object, checksum: object) -> bytes:
    if not isinstance(record, bytes) or _checksum(log, version, record) != checksum:
        raise CatalogDamaged(f"the entry of {log} does not match its checksum")
    return record


def _checksum(log: str, version: object, record: bytes = b"") -> int:
    return zlib.crc32(record, zlib.crc32(f"{log}@{version!r}".encode()))
