"""Faults at every storage step of every kind of write leave the old state or the new one, and a retry is safe."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.domain.errors import CommitUncertain, StoreUnavailable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import todays
from tests.support.faulty_store import Crash, Fault, FaultyStore

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
BEFORE = [(1, "a"), (2, "b"), (3, "c")]


def table(*rows: tuple[int, str]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=SCHEMA)


def upsert(lake: Lake) -> Any:
    return lake.write("t", table((2, "B"), (4, "D")), mode="upsert", idempotency_key="once")


def overwrite(lake: Lake) -> Any:
    return lake.write("t", table((9, "z")), mode="overwrite", idempotency_key="once")


def delete(lake: Lake) -> Any:
    return lake.delete("t", where="id >= 2", idempotency_key="once")


def evolve(lake: Lake) -> Any:
    data = table((5, "e")).append_column("extra", pa.array([1]))
    return lake.write("t", data, evolve=True, idempotency_key="once")


WRITES: dict[Callable[[Lake], Any], list[tuple[int, str]]] = {
    upsert: [(1, "a"), (2, "B"), (3, "c"), (4, "D")],
    overwrite: [(9, "z")],
    delete: [(1, "a")],
    evolve: [*BEFORE, (5, "e")],
}


@pytest.fixture
def origin(home: Path) -> Path:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", table(*BEFORE))
    return home


def opened(home: Path, fault: Fault, at: int) -> tuple[Lake, FaultyStore]:
    lake = supertable.connect(home=home)
    store = FaultyStore(LocalObjectStore(home / "storage"), fault, at)
    lake._container.store.override(providers.Object(store))
    return lake, store


def rows(lake: Lake) -> list[tuple[Any, ...]]:
    found = lake.sql("SELECT id, v FROM t ORDER BY id").arrow()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_fault_leaves_the_old_or_the_new_state_at_every_step(
    origin: Path, tmp_path: Path, write: Callable[[Lake], Any], fault: Fault
) -> None:
    after = WRITES[write]
    for at in todays(range(1, 200), f"{write.__name__} {fault}"):
        home = tmp_path / f"{at}"
        shutil.copytree(origin, home)
        lake, store = opened(home, fault, at)
        acknowledged = False
        try:
            write(lake)
            acknowledged = True
        except (StoreUnavailable, CommitUncertain, Crash):
            pass
        finally:
            lake.close()
        with supertable.connect(home=home) as other:
            found = rows(other)
            assert found == after if acknowledged else found in (BEFORE, after), store.calls[at - 1]
            again = write(other)
            assert again.replayed == (found == after)
            assert rows(other) == after
            assert other.table("t").info().version == 3
        shutil.rmtree(home)
        if not store.met:
            assert at > 5
            return
    pytest.fail("a fault was still met after 200 steps")
