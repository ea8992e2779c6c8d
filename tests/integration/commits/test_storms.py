"""Writers on each object store behind a failing network, for every row of the failure table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from dependency_injector import providers

from supertable.adapters.object_stores.cloud.azure import AzureBucket, AzureTimeouts
from supertable.adapters.object_stores.cloud.buckets import Bucket
from supertable.adapters.object_stores.cloud.cloud_store import CloudObjectStore
from supertable.adapters.object_stores.cloud.gcs import GcsBucket, GcsTimeouts
from supertable.adapters.object_stores.cloud.s3 import S3Bucket, S3Timeouts
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.domain.access.sessions import owner
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.fault_proxy import FaultProxy, WireFault
from tests.servers.seaweedfs import SeaweedFS
from tests.support.budgets import BUDGET, todays
from tests.support.failure_table import record_failure
from tests.support.write_storms import run_write_storm

Server = SeaweedFS | Azurite | FakeGcs
SERVERS = {"seaweedfs": "S3 (SeaweedFS)", "azurite": "Azure (Azurite)", "fake_gcs": "Google (fake-gcs-server)"}


def impatient_bucket(server: Server, proxy: FaultProxy | None) -> Bucket:
    if isinstance(server, SeaweedFS):
        s3 = replace(server.address, timeouts=S3Timeouts(1, 0.5, 3))
        return S3Bucket(replace(s3, endpoint=proxy.endpoint) if proxy else s3)
    if isinstance(server, Azurite):
        azure = replace(server.address, timeouts=AzureTimeouts(1, 1, 2))
        return AzureBucket(replace(azure, endpoint=f"{proxy.endpoint}/{azure.account}") if proxy else azure)
    google = replace(server.address, timeouts=GcsTimeouts(1, 1, 3))
    return GcsBucket(replace(google, endpoint=proxy.endpoint) if proxy else google)


def machines(server: Server, proxy: FaultProxy, home: Path) -> Callable[[str, bool], Lake]:
    """`open(machine, faulty)`: machines share nothing but the bucket, and do not wait long for its answers."""
    prefix = f"storm_{uuid4().hex}"

    def open_lake(machine: str, faulty: bool) -> Lake:
        folder = home / machine
        container = Container(
            settings=Settings(SUPERTABLE_HOME=folder, SUPERTABLE_PREFIX=prefix, **dict[str, Any](server.environment))
        )
        bucket = impatient_bucket(server, proxy if faulty else None)
        container.store.override(providers.Object(CloudObjectStore(bucket, prefix, folder / "uploads")))
        return Lake(container, "main", owner("default"))

    return open_lake


CASES = [(kind, fault) for fault in WireFault for kind in todays(list(SERVERS), f"storms with {fault.name}")]
"""Each fault on one store, another one each day; in long runs on all of them."""


@pytest.mark.slow
@pytest.mark.failures
@pytest.mark.parametrize(("kind", "fault"), CASES, ids=[f"{kind}-{fault.name.lower()}" for kind, fault in CASES])
def test_writers_lose_and_duplicate_no_rows(
    kind: str, fault: WireFault, home: Path, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    proxy = FaultProxy(server.endpoint)
    try:
        failure = run_write_storm(
            SERVERS[kind], fault, machines(server, proxy, home), proxy, writers=3, turns=BUDGET.storm_turns
        )
    finally:
        proxy.stop()
    record_failure(failure)
    assert failure.times > 5
    assert (failure.lost, failure.doubled, failure.stale) == (0, 0, 0)
