"""A commit first tries the version that was just opened. What other writers committed since makes it lose the race."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.catalogs.sqlite import SqliteCatalog
from supertable.application.ports.catalogs import Cut
from supertable.domain.errors import AccessDenied, IdempotencyKeyReused, InvalidSchema, NotSignedIn, TableNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake

SCHEMA = pa.schema([("k", pa.int64()), ("v", pa.string())])


class CountingCatalog(SqliteCatalog):
    """Counts its cuts."""

    cuts = 0

    def cut(self, known: Mapping[str, int]) -> Cut:
        self.cuts += 1
        return super().cut(known)


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["k"])
        yield lake


@pytest.fixture
def other(home: Path, lake: Lake) -> Iterator[Lake]:
    """Another writer's lake, which the first one learns nothing from but by reading."""
    with supertable.connect(home=home) as other:
        yield other


def row(key: int, value: str) -> pa.Table:
    return pa.table({"k": [key], "v": [value]}, schema=SCHEMA)


def after(act: Callable[[], object], *rows: pa.Table) -> pa.RecordBatchReader:
    """The rows, as a stream; `act` runs once the table is open and before the rows are committed."""

    def batches() -> Iterator[pa.RecordBatch]:
        act()
        for each in rows:
            yield from each.to_batches()

    return pa.RecordBatchReader.from_batches(SCHEMA, batches())


def stored(lake: Lake) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lake.sql("SELECT k, v FROM t ORDER BY k").arrow().to_pylist()
    return found


def test_a_write_reads_the_catalog_once(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        catalog = CountingCatalog(home / "catalog.sqlite")
        lake._container.catalog.override(providers.Object(catalog))
        lake.create_table("t", SCHEMA, keys=["k"])
        lake.write("t", row(1, "a"), mode="upsert")
        counts = []
        for number in range(5):
            before = catalog.cuts
            lake.write("t", row(number, "b"), mode="upsert")
            counts.append(catalog.cuts - before)
        assert min(counts) == 1  # a machine that stands still for a moment makes it look again
        assert stored(lake) == [{"k": number, "v": "b"} for number in range(5)]


def test_a_version_that_came_in_between_is_kept(lake: Lake, other: Lake) -> None:
    result = lake.write("t", after(lambda: other.write("t", row(1, "theirs"), mode="upsert"), row(2, "ours")), "upsert")
    assert (result.version, result.rows_inserted) == (3, 1)
    assert stored(lake) == stored(other) == [{"k": 1, "v": "theirs"}, {"k": 2, "v": "ours"}]


def test_a_key_that_came_in_between_is_replaced(lake: Lake, other: Lake) -> None:
    result = lake.write("t", after(lambda: other.write("t", row(1, "theirs"), mode="upsert"), row(1, "ours")), "upsert")
    assert (result.version, result.rows_inserted, result.rows_updated) == (3, 0, 1)
    assert stored(lake) == stored(other) == [{"k": 1, "v": "ours"}]


def test_an_idempotency_key_that_came_in_between_is_known(lake: Lake, other: Lake) -> None:
    def same() -> None:
        other.write("t", row(1, "a"), mode="upsert", idempotency_key="x")

    result = lake.write("t", after(same, row(1, "a")), mode="upsert", idempotency_key="x")
    assert (result.version, result.replayed) == (2, True)

    def another() -> None:
        other.write("t", row(1, "b"), mode="upsert", idempotency_key="y")

    with pytest.raises(IdempotencyKeyReused):
        lake.write("t", after(another, row(1, "c")), mode="upsert", idempotency_key="y")
    assert stored(lake) == [{"k": 1, "v": "b"}]


def test_a_column_that_forbids_nulls_meanwhile_refuses_them(lake: Lake, other: Lake) -> None:
    def forbid() -> None:
        other.sql("ALTER TABLE t ALTER COLUMN v SET NOT NULL")

    with pytest.raises(InvalidSchema):
        lake.write("t", after(forbid, pa.table({"k": [1], "v": [None]}, schema=SCHEMA)), mode="upsert")
    assert stored(lake) == []


def test_a_table_that_was_dropped_by_this_process_is_not_written(lake: Lake) -> None:
    with pytest.raises(TableNotFound):
        lake.write("t", after(lambda: lake.drop("t"), row(1, "a")), mode="upsert")


def test_rights_that_another_process_took_meanwhile_are_missed(lake: Lake, home: Path) -> None:
    """They are read again before the record is stored, though the table was opened just before."""
    lake.roles.create("writes", "writer")
    lake.roles.grant("writes", "t")
    lake.users.create("eve", ["writes"])
    token = lake.tokens.create("tests", "eve")

    def change() -> None:
        lake.roles.grant("writes", "t", where="k < 9")
        time.sleep(0.006)

    def revoke() -> None:
        lake.tokens.revoke(lake.tokens.list()[0].id)
        time.sleep(0.006)

    with supertable.connect(home=home, token=token.secret) as eve:
        eve.write("t", row(1, "a"), mode="upsert")
        with pytest.raises(AccessDenied, match="changed during this request"):
            eve.write("t", after(change, row(2, "b")), mode="upsert")
        eve.write("t", row(3, "c"), mode="upsert")
        with pytest.raises(NotSignedIn):
            eve.write("t", after(revoke, row(4, "d")), mode="upsert")
    assert stored(lake) == [{"k": 1, "v": "a"}, {"k": 3, "v": "c"}]
