"""Lakes on SeaweedFS whose requests may go through a proxy, and which do not wait long for answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dependency_injector import providers

from supertable.adapters.object_stores.remote import RemoteObjectStore
from supertable.adapters.object_stores.s3 import S3Bucket, S3Patience
from supertable.config.container import Container
from supertable.config.settings import load_settings
from supertable.entrypoints.sdk.lake import Lake
from tests.servers.fault_proxy import FaultProxy
from tests.servers.seaweedfs import ACCESS_KEY, SECRET_KEY, SeaweedFS


def impatient_lakes(server: SeaweedFS, proxy: FaultProxy, home: Path, prefix: str) -> Callable[[str, bool], Lake]:
    """`open(machine, faulty)`: machines share nothing but the bucket."""

    def open_lake(machine: str, faulty: bool) -> Lake:
        folder = home / machine
        address = replace(server.address, patience=S3Patience(1, 0.5, 3))
        if faulty:
            address = replace(address, endpoint=proxy.endpoint)
        settings = load_settings(
            home=folder,
            prefix=prefix,
            storage_type="MINIO",
            storage_endpoint_url=address.endpoint,
            storage_access_key=ACCESS_KEY,
            storage_secret_key=SECRET_KEY,
        )
        container = Container(settings=settings)
        container.store.override(providers.Object(RemoteObjectStore(S3Bucket(address), prefix, folder / "uploads")))
        return Lake(container, "main")

    return open_lake
