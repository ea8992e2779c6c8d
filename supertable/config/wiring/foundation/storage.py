"""The settings, the object store, and the objects and identifiers that everything else is built on."""

from __future__ import annotations

from dependency_injector import providers

from supertable.adapters.clocks.system import SystemClock, UuidIdentifiers
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.deployment import Deployment
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton


def _vectors(*, store: ObjectStore, identifiers: Identifiers, settings: Settings) -> DeletionVectors:
    return DeletionVectors(store, identifiers, settings.inline_rows)


settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
clock: providers.Provider[Clock] = singleton(SystemClock)
identifiers: providers.Provider[Identifiers] = singleton(UuidIdentifiers)
store = singleton(object_store, settings=provided(settings))
deployment = singleton(Deployment, store=provided(store), identifiers=provided(identifiers))
vectors = singleton(_vectors, store=provided(store), identifiers=provided(identifiers), settings=provided(settings))
