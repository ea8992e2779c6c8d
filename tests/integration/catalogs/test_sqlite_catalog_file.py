"""The file of the SQLite catalog: killed writers, replaced, removed, damaged and locked files."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from supertable.adapters.catalogs.sqlite import SqliteCatalog
from supertable.application.ports.catalogs import Head
from supertable.domain.errors import CatalogDamaged, CatalogUnavailable, FormatTooNew

ENDLESS_WRITER = """
import sys
from pathlib import Path
from supertable.adapters.catalogs.sqlite import SqliteCatalog
catalog = SqliteCatalog(Path(sys.argv[1]))
version = 0
while True:
    version += 1
    catalog.advance("a", version, b"%d" % version)
    print(version, flush=True)
"""


def epoch(catalog: SqliteCatalog) -> str:
    return catalog.cut({"a": 0}).epochs["a"]


def test_a_killed_writer_leaves_every_finished_advance_intact(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    for pause in (0.0, 0.01, 0.03):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", ENDLESS_WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        acknowledged = int((b"1\n" + writer.stdout.read()).split(b"\n")[-2])
        writer.wait()
        writer.stdout.close()
        head = SqliteCatalog(path).cut({"a": 0}).heads["a"]
        assert head.version in (acknowledged, acknowledged + 1)
        first = head.version - len(head.records) + 1
        assert head.records == tuple(b"%d" % version for version in range(first, head.version + 1))


def test_replacing_the_file_by_an_older_copy_changes_the_epoch(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog, other = SqliteCatalog(path), SqliteCatalog(path)
    catalog.advance("a", 1, b"1")
    catalog.close()
    other.close()
    shutil.copy(path, tmp_path / "backup.db")
    catalog.advance("a", 2, b"2")
    before = epoch(other)
    shutil.move(tmp_path / "backup.db", path)
    # The write-ahead log of the replaced file still exists, with version 2 in it.
    for handle in (catalog, other, SqliteCatalog(path)):
        assert handle.cut({"a": 0}).heads == {"a": Head(1, (b"1",))}
        assert epoch(handle) != before
    assert epoch(catalog) == epoch(other)
    assert other.advance("a", 3, b"3")
    assert catalog.cut({"a": 2}).heads == {"a": Head(3, (b"3",))}


def test_the_catalog_works_after_its_folder_was_removed(tmp_path: Path) -> None:
    folder = tmp_path / "catalogs"
    catalog = SqliteCatalog(folder / "catalog.db")
    catalog.advance("a", 1, b"1")
    shutil.rmtree(folder)
    assert catalog.cut({"a": 0}).heads == {}
    assert catalog.advance("a", 1, b"1")


def test_an_empty_file_becomes_a_catalog(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").touch()
    assert SqliteCatalog(tmp_path / "catalog.db").advance("a", 1, b"1")


@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_never_give_a_wrong_head(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "catalog.db"
    catalog = SqliteCatalog(path)
    expected = {}
    for number in range(20):
        for version in range(1, 4):
            catalog.advance(f"log-{number}", version, b"record" * 50 + b"%d" % version)
        expected.update(catalog.cut({f"log-{number}": 0}).heads)
    catalog.close()
    intact = path.read_bytes()
    rng = random.Random(seed)
    damaged = 0
    for _ in range(25):
        data = bytearray(intact)
        for _ in range(8):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        for suffix in ("", "-wal", "-shm", "-lock"):
            (tmp_path / f"catalog.db{suffix}").unlink(missing_ok=True)
        path.write_bytes(data)
        catalog = SqliteCatalog(path)
        try:
            heads = catalog.cut(dict.fromkeys(expected, 0)).heads
        except (CatalogDamaged, CatalogUnavailable, FormatTooNew):
            damaged += 1
        else:
            for log, head in heads.items():
                assert head.version == expected[log].version
                assert head.records == expected[log].records[3 - len(head.records) :]
        catalog.close()
    assert damaged > 5


def test_a_truncated_file_is_damaged_and_can_be_cleared(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = SqliteCatalog(path)
    for version in range(1, 100):
        catalog.advance("a", version, b"x" * 1_000)
    catalog.close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(CatalogDamaged):
        catalog.cut({"a": 0})
    catalog.clear("")
    assert catalog.cut({"a": 0}).heads == {}
    assert (tmp_path / "catalog.db.damaged").exists()


def test_the_database_of_another_program_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.close()
    before = path.read_bytes()
    catalog = SqliteCatalog(path)
    with pytest.raises(CatalogUnavailable, match="another program"):
        catalog.advance("a", 1, b"")
    with pytest.raises(CatalogUnavailable, match="another program"):
        catalog.clear("")
    assert path.read_bytes() == before


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = SqliteCatalog(path)
    epoch(catalog)
    catalog.close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(FormatTooNew):
        catalog.cut({})


def test_a_locked_file_fails_writes_but_not_reads(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    catalog = SqliteCatalog(path, busy_seconds=0.1)
    catalog.advance("a", 1, b"1")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CatalogUnavailable, match="locked"):
        catalog.advance("a", 2, b"2")
    assert catalog.cut({"a": 0}).heads == {"a": Head(1, (b"1",))}
    holder.execute("ROLLBACK")
    holder.close()
    assert catalog.advance("a", 2, b"2")


def test_a_folder_that_cannot_be_created_makes_the_catalog_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CatalogUnavailable, match="Not a directory|File exists"):
        epoch(SqliteCatalog(tmp_path / "file" / "catalog.db"))


def test_a_folder_in_place_of_the_file_makes_the_catalog_unavailable(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").mkdir()
    with pytest.raises(CatalogUnavailable):
        epoch(SqliteCatalog(tmp_path / "catalog.db"))


def test_a_forked_process_does_not_disturb_its_parent(tmp_path: Path) -> None:
    catalog = SqliteCatalog(tmp_path / "catalog.db")
    catalog.advance("a", 1, b"1")
    child = os.fork()
    if child == 0:
        succeeded = catalog.advance("a", 2, b"2") and catalog.cut({"a": 0}).heads["a"].version == 2
        os._exit(0 if succeeded else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert catalog.cut({"a": 0}).heads == {"a": Head(2, (b"1", b"2"))}
    assert catalog.advance("a", 3, b"3")
