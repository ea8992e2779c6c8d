"""A lake whose store fails at a chosen call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dependency_injector import providers

import supertable
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.domain.errors import CommitUncertain, StoreUnavailable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.faulty_store import Crash, Fault, FaultyStore


def acted_with_fault(home: Path, fault: Fault, at: int, act: Callable[[Lake], object]) -> FaultyStore:
    """Opens the lake, acts, and closes it, whatever the fault at call number `at` does. Returns the lake's store."""
    lake = supertable.connect(home=home)
    store = FaultyStore(LocalObjectStore(home / "storage"), fault, at)
    lake._container.store.override(providers.Object(store))
    try:
        act(lake)
    except (StoreUnavailable, CommitUncertain, Crash):
        pass
    finally:
        lake.close()
    return store
