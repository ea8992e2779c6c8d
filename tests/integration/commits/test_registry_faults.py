"""Faults at every storage step of every registry change leave the old state or the new one, and a retry is safe."""

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
from supertable.domain.errors import CommitUncertain, StoreUnavailable, TableExists, TableNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import todays
from tests.support.faulty_store import Crash, Fault, FaultyStore

SCHEMA = pa.schema([("id", pa.int64())])

State = dict[str, Any]
BEFORE: State = {"t": (3, {"early": 2}), "dropped": ["gone"]}


def rename(lake: Lake) -> None:
    lake.rename("t", "u")


def drop(lake: Lake) -> None:
    lake.drop("t")


def undrop(lake: Lake) -> None:
    lake.undrop("gone", as_name="back")


def tag(lake: Lake) -> None:
    lake.table("t").tag("late", 3)


def move_tag(lake: Lake) -> None:
    lake.table("t").tag("early", 3, replace=True)


def clone(lake: Lake) -> None:
    lake.clone("t", "c", "early")


CHANGES: dict[Callable[[Lake], None], State] = {
    rename: {"u": (3, {"early": 2}), "dropped": ["gone"]},
    drop: {"dropped": ["t", "gone"]},
    undrop: {"t": (3, {"early": 2}), "back": (0, {}), "dropped": []},
    tag: {"t": (3, {"early": 2, "late": 3}), "dropped": ["gone"]},
    move_tag: {"t": (3, {"early": 3}), "dropped": ["gone"]},
    clone: {"t": (3, {"early": 2}), "c": (1, {}), "dropped": ["gone"]},
}


@pytest.fixture
def origin(home: Path) -> Path:
    with supertable.connect(home=home) as lake:
        lake.create_table("gone", SCHEMA)
        lake.drop("gone")
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", pa.table({"id": [1]}))
        lake.write("t", pa.table({"id": [2, 3]}))
        lake.table("t").tag("early", 2)
    return home


def state(lake: Lake) -> State:
    """The rows and tags of every table, and the names of those that were dropped."""
    found: State = {info.name: (info.rows, lake.table(info.name).tags()) for info in lake.tables()}
    return {**found, "dropped": [table.name for table in lake.dropped_tables()]}


def faulty(home: Path, fault: Fault, at: int) -> tuple[Lake, FaultyStore]:
    lake = supertable.connect(home=home)
    store = FaultyStore(LocalObjectStore(home / "storage"), fault, at)
    lake._container.store.override(providers.Object(store))
    return lake, store


def acknowledged(change: Callable[[Lake], None], lake: Lake) -> bool:
    try:
        change(lake)
    except (StoreUnavailable, CommitUncertain, Crash):
        return False
    finally:
        lake.close()
    return True


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_fault_leaves_the_old_or_the_new_state(
    origin: Path, tmp_path: Path, change: Callable[[Lake], None], fault: Fault
) -> None:
    after = CHANGES[change]
    for at in todays(range(1, 100), f"{change.__name__} {fault}"):
        home = tmp_path / f"{at}"
        shutil.copytree(origin, home)
        lake, store = faulty(home, fault, at)
        done = acknowledged(change, lake)
        if at % 2:
            shutil.rmtree(home / "catalog")
        with supertable.connect(home=home) as other:
            found = state(other)
            assert found == after if done else found in (BEFORE, after), store.calls[at - 1]
            try:
                change(other)
            except (TableExists, TableNotFound):
                assert found == after
            assert state(other) == after
            if change is clone:
                assert other.sql("SELECT id FROM c").arrow().to_pylist() == [{"id": 1}]
        shutil.rmtree(home)
        if not store.met:
            assert at > 3
            return
    pytest.fail("a fault was still met at the last step")
