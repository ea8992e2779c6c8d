"""Lakes that older versions wrote open, answer and go on alike. `older/lake-*` has one for each such version."""

from __future__ import annotations

import shutil
import tarfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import IdempotencyKeyReused
from supertable.entrypoints.sdk.lakes.lake import Lake

ARCHIVES = sorted((Path(__file__).parent / "older").glob("lake-*.tar.gz"))
ORDERS: list[dict[str, Any]] = [
    {"id": 2, "day": date(2024, 1, 2), "amount": Decimal("9.99"), "remark": "again", "tags": ["b", "c"]},
    {"id": 3, "day": date(2024, 2, 29), "amount": Decimal("-3.00"), "remark": "ünï", "tags": None},
    {"id": 4, "day": None, "amount": None, "remark": "", "tags": [None]},
]


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "home"


def rows(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return list(lake.sql(sql).arrow().to_pylist())


def check_answers(lake: Lake) -> None:
    assert rows(lake, "SELECT * FROM orders ORDER BY id") == ORDERS
    assert rows(lake, "SELECT count(*) AS n, sum(n) AS s FROM events") == [{"n": 5, "s": 15}]
    assert rows(lake, 'SELECT DISTINCT "at" FROM events') == [{"at": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)}]


def test_rows_versions_and_history_are_the_same(older: Path) -> None:
    with supertable.connect(older) as lake:
        check_answers(lake)
        history = [(entry.version, str(entry.operation)) for entry in lake.table("orders").history()]
        assert history == [(5, "alter"), (4, "delete"), (3, "upsert"), (2, "append"), (1, "create")]
        assert list(lake.table("orders").tags()) == ["before-delete"]
        assert [one["id"] for one in rows(lake, "SELECT id FROM orders AT (VERSION => 3) ORDER BY id")] == [1, 2, 3, 4]
        assert [role.name for role in lake.roles.list()] == ["superadmin", "clerk"]
        assert lake.fsck().sound
        assert lake.audit.verify().whole
    with supertable.connect(older, role="clerk") as lake:
        assert [one["id"] for one in rows(lake, "SELECT id FROM orders ORDER BY id")] == [3, 4]


def test_writing_maintaining_and_repeating_go_on(older: Path) -> None:
    with supertable.connect(older) as lake:
        schema = lake.sql("SELECT * FROM orders").arrow().schema
        with pytest.raises(IdempotencyKeyReused):  # it was stored without its user: never applied twice
            lake.write("orders", pa.Table.from_pylist(ORDERS[:1], schema=schema), idempotency_key="batch-1")
        lake.write("orders", pa.Table.from_pylist([{**ORDERS[0], "remark": "new"}], schema=schema), mode="upsert")
        assert lake.maintain().failures == []
        lake.table("orders").compact()
        lake.vacuum()
        assert rows(lake, "SELECT * FROM orders ORDER BY id") == [{**ORDERS[0], "remark": "new"}, *ORDERS[1:]]
        assert lake.fsck().sound
        assert lake.audit.verify().whole


def test_a_vacuum_takes_removed_values_out_of_older_records(older: Path) -> None:
    def texts(lake: Lake) -> set[object]:
        table = lake._container.tables().open(lake._namespace, "orders", Permission.META)
        records = [lake._container.snapshots().record(table.folder, n) for n in range(1, table.snapshot.version + 1)]
        ranges = [one for record in records for file in record.change.added for one in file.ranges.values()]
        return {end for one in ranges for end in (one.low, one.high) if isinstance(end, str)}

    with supertable.connect(older) as lake:
        assert texts(lake) >= {"first", "ünï"}
        lake.vacuum(0)
        assert texts(lake) >= {"first", "ünï"}  # of the version with a tag
        lake.table("orders").untag("before-delete")
        lake.table("orders").compact(everything=True)
        lake.vacuum(0)
        assert texts(lake) == {"", "ünï"}
    with supertable.connect(older) as lake:
        check_answers(lake)
        assert lake.fsck().sound
        assert lake.audit.verify().whole


def test_storage_alone_is_enough(older: Path) -> None:
    for folder in older.iterdir():
        if folder.name != "storage":
            shutil.rmtree(folder)
    with supertable.connect(older) as lake:
        check_answers(lake)
