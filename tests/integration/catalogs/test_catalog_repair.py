"""A damaged catalog file repairs itself from storage, whoever meets the damage, and however many do."""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake


def no_database(file: Path) -> None:
    file.write_bytes(b"not a database" * 1000)


def half(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def wrong_head(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("UPDATE heads SET version = version + 7")
    database.close()


def no_tables(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("DROP TABLE heads")
    database.close()


def noise(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:8192] = random.Random(1).randbytes(4096)
    file.write_bytes(data)


DAMAGES = [no_database, half, wrong_head, no_tables, noise]


@pytest.fixture
def catalog_file(home: Path) -> Path:
    with supertable.connect(home) as lake:
        lake.create_table_from("t", pa.table({"id": [1]}))
        lake.write("t", pa.table({"id": [2]}))
        lake.create_table_from("u", pa.table({"id": [1]}))
    return home / "catalog" / "catalog.sqlite"


def rows(lake: Lake, table: str = "t") -> int:
    return int(lake.sql(f"SELECT count(*) AS n FROM {table}").arrow()["n"][0].as_py())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_reader_repairs_it(
    home: Path, catalog_file: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(catalog_file)
    with caplog.at_level(logging.WARNING), supertable.connect(home) as lake:
        assert (rows(lake), rows(lake, "u")) == (2, 1)
        assert lake._container.heads().repairs == 1
        lake.write("t", pa.table({"id": [3]}))
        assert rows(lake) == 3
    assert "filled from storage again" in caplog.text
    assert catalog_file.with_name("catalog.sqlite.damaged").exists() or damage not in (no_database, half)
    with supertable.connect(home) as lake:
        assert lake.fsck().sound
        assert lake._container.heads().repairs == 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_writer_repairs_it_between_its_read_and_its_commit(
    home: Path, catalog_file: Path, damage: Callable[[Path], None]
) -> None:
    with supertable.connect(home) as lake:
        assert rows(lake) == 2
        expected = lake._container.heads().expect("some/log", 1)
        damage(catalog_file)
        assert lake._container.heads().announce(expected, b"record")
        result = lake.write("t", pa.table({"id": [3]}))
        assert (result.version, rows(lake)) == (4, 3)


@pytest.mark.parametrize("damage", DAMAGES)
def test_many_at_once_repair_it_and_lose_no_write(
    home: Path, catalog_file: Path, damage: Callable[[Path], None]
) -> None:
    lakes = [supertable.connect(home) for _ in range(4)]

    def write(number: int) -> None:
        lakes[number % 4].write("t", pa.table({"id": [100 + number]}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
        damage(catalog_file)
        list(pool.map(write, range(8, 16)))
    assert [rows(lake) for lake in lakes] == [18] * 4
    for lake in lakes:
        lake.close()
