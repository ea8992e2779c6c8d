"""A restore between the probe of an upsert or delete and its commit: revived rows are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.interleaved_store import InterleavedStore

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])


def upsert(lake: Lake) -> Any:
    lake.write("t", pa.table({"id": [1], "v": ["new"]}), mode="upsert")


def delete(lake: Lake) -> Any:
    lake.delete("t", where="id = 1")


def delete_keys(lake: Lake) -> Any:
    lake.delete("t", keys=pa.table({"id": [1]}))


@pytest.mark.parametrize("write", [upsert, delete, delete_keys], ids=lambda write: write.__name__)
def test_revived_rows_are_found(home: Path, write: Callable[[Lake], Any]) -> None:
    with supertable.connect(home=home) as lake, supertable.connect(home=home) as other:
        other._container.locks.override(providers.Object(InMemoryLocks()))
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", pa.table({"id": [1, 2, 3], "v": ["a", "b", "c"]}))
        lake.delete("t", where="id = 1")

        def interfere() -> None:
            other.table("t").restore(2)
            other.delete("t", where="id = 3")  # the file then has as many dead rows as before

        store = InterleavedStore(
            LocalObjectStore(home / "storage"), lambda call: call.startswith("put_if_absent"), interfere
        )
        with supertable.connect(home=home) as third:
            third._container.store.override(providers.Object(store))
            write(third)
        assert store.acted
        found = lake.sql("SELECT * FROM t ORDER BY id").arrow().to_pylist()
        assert found == ([{"id": 1, "v": "new"}] if write is upsert else []) + [{"id": 2, "v": "b"}]
