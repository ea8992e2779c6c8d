"""The deployment id of a store, and the check that commits are safe in that store."""

from __future__ import annotations

import pytest

from supertable.adapters.clocks.manual import SequentialIdentifiers
from supertable.adapters.clocks.system import UuidIdentifiers
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.application.ports.object_stores import PutConflict
from supertable.application.storage.deployment import DEPLOYMENT_KEY, Deployment
from supertable.domain.errors import ObjectDamaged, StoreUnavailable, UnsafeStore
from tests.support.faulty_store import Fault, FaultyStore


class Overwriting(InMemoryObjectStore):
    """A store that ignores the condition of put-if-absent, as some do."""

    def put_if_absent(self, key: str, data: bytes) -> None:
        self.put(key, data)


class RefusingButWriting(InMemoryObjectStore):
    """A store that reports a conflict but writes anyway."""

    def put_if_absent(self, key: str, data: bytes) -> None:
        exists = self.read(key) is not None
        self.put(key, data)
        if exists:
            raise PutConflict(key)


def test_all_users_of_a_store_have_the_same_id() -> None:
    store = InMemoryObjectStore()
    first = Deployment(store, UuidIdentifiers()).id()
    assert Deployment(store, UuidIdentifiers()).id() == first
    assert Deployment(InMemoryObjectStore(), UuidIdentifiers()).id() != first


def test_the_id_is_not_in_a_folder_that_could_be_an_organization() -> None:
    store = InMemoryObjectStore()
    Deployment(store, SequentialIdentifiers()).prove()
    assert list(store.folders("")) == []


def test_a_safe_store_is_proven_once() -> None:
    store = FaultyStore(InMemoryObjectStore())
    deployment = Deployment(store, SequentialIdentifiers())
    deployment.prove()
    calls = len(store.calls)
    deployment.prove()
    assert len(store.calls) == calls


@pytest.mark.parametrize("store", [Overwriting(), RefusingButWriting()])
def test_an_unsafe_store_is_refused_every_time_and_keeps_its_id(store: InMemoryObjectStore) -> None:
    deployment = Deployment(store, SequentialIdentifiers())
    for _ in range(2):
        with pytest.raises(UnsafeStore, match="conditional writes"):
            deployment.prove()
    assert Deployment(store, UuidIdentifiers()).id() == deployment.id()


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_ANSWER])
def test_a_fault_at_any_step_creates_no_second_id(fault: Fault) -> None:
    for at in range(1, 6):
        inner = InMemoryObjectStore()
        faulty = FaultyStore(inner, fault, at)
        try:
            Deployment(faulty, UuidIdentifiers()).prove()
        except StoreUnavailable:
            pass
        deployment = Deployment(inner, UuidIdentifiers())
        deployment.prove()
        assert len(list(inner.list(""))) == 1


def test_a_damaged_id_is_an_error() -> None:
    store = InMemoryObjectStore()
    for data in (b"", b"[]", b'{"deployment": 7}', b'{"deployment": "a b"}'):
        store.put(DEPLOYMENT_KEY, data)
        with pytest.raises(ObjectDamaged, match=DEPLOYMENT_KEY):
            Deployment(store, SequentialIdentifiers()).id()
