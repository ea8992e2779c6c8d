"""The same random histories with catalog, locks and leases in Redis, which is wiped and restored from older dumps."""

from __future__ import annotations

import shutil
import tempfile
import time
from functools import cache
from pathlib import Path

from dependency_injector import providers
from hypothesis import settings
from hypothesis.stateful import rule

from supertable.adapters.redis.catalog import RedisCatalog
from supertable.adapters.redis.leases import RedisLeases
from supertable.config.backends.catalogs_and_locks import redis_keys
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.property.test_histories import WRITERS, Histories
from tests.servers.valkey import Valkey
from tests.support.budgets import BUDGET

_EXPECTED_SECONDS = 0.3  # short, so that heads are trusted within a history
_LEASES_LAST_SECONDS = 0.5


@cache
def valkey() -> Valkey:
    """One server for all histories. It stops with the tests."""
    return Valkey(Path(tempfile.mkdtemp(prefix="supertable-valkey-")))


class RedisHistories(Histories):
    def open(self) -> Lake:
        settings = load_settings(home=self.home, redis_host="127.0.0.1", redis_port=valkey().port)
        lake = Lake(Container(settings=settings), "main", owner("default"))
        container = lake._container
        shared = container.redis(), redis_keys(container.deployment())
        container.catalog.override(providers.Object(RedisCatalog(*shared, _EXPECTED_SECONDS)))
        container.leases.override(providers.Object(RedisLeases(*shared, _LEASES_LAST_SECONDS)))
        return lake

    @rule(writer=WRITERS)
    def lose_the_catalog(self, writer: int) -> None:
        with valkey().client() as client:
            client.flushall()

    @rule()
    def copy_the_catalog(self) -> None:
        with valkey().client() as client:
            client.save()
        shutil.copy(valkey().folder / "dump.rdb", self.home / "older.rdb")

    @rule()
    def restore_the_copy(self) -> None:
        valkey().kill()
        older = self.home / "older.rdb"
        if older.exists():
            shutil.copy(older, valkey().folder / "dump.rdb")
        valkey().restart()
        time.sleep(1.1)  # after a failure, clients do not try again for a second


TestRedisHistories = RedisHistories.TestCase
TestRedisHistories.settings = settings(max_examples=BUDGET.redis_histories, stateful_step_count=BUDGET.redis_steps)
