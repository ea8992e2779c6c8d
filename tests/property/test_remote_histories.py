"""Fewer of the random histories, on servers of object stores."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends.object_storage import object_store
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.domain.access.sessions import owner
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.property.test_histories import Histories
from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.seaweedfs import SeaweedFS
from tests.support.budgets import BUDGET

FEWER = settings(
    max_examples=BUDGET.remote_histories,
    stateful_step_count=BUDGET.remote_steps,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class RemoteHistories(Histories):
    """`environment`: the settings that name the server. Every history has its own prefix."""

    environment: dict[str, Any]
    steps = 0

    def __init__(self) -> None:
        self.prefix = f"histories_{uuid4().hex}"
        super().__init__()

    @property
    def settings(self) -> Settings:
        return Settings(SUPERTABLE_HOME=self.home, SUPERTABLE_PREFIX=self.prefix, **self.environment)

    def open(self) -> Lake:
        return Lake(Container(settings=self.settings), "main", owner("default"))

    def store(self) -> ObjectStore:
        return object_store(self.settings)


@pytest.mark.slow
class TestHistoriesOnS3(RemoteHistories.TestCase):  # type: ignore[misc, valid-type]
    settings = FEWER

    @pytest.fixture(autouse=True)
    def server(self, seaweedfs: SeaweedFS) -> None:
        RemoteHistories.environment = seaweedfs.environment

    def runTest(self) -> None:  # noqa: N802 - unittest's name
        super().runTest()
        assert RemoteHistories.steps >= BUDGET.remote_histories * BUDGET.remote_steps // 2


class HistoriesOnAzure(RemoteHistories):
    steps = 0


@pytest.mark.slow
class TestHistoriesOnAzure(HistoriesOnAzure.TestCase):  # type: ignore[misc, valid-type]
    settings = FEWER

    @pytest.fixture(autouse=True)
    def server(self, azurite: Azurite) -> None:
        HistoriesOnAzure.environment = azurite.environment

    def runTest(self) -> None:  # noqa: N802 - unittest's name
        super().runTest()
        assert HistoriesOnAzure.steps >= BUDGET.remote_histories * BUDGET.remote_steps // 2


class HistoriesOnGoogle(RemoteHistories):
    steps = 0


@pytest.mark.slow
class TestHistoriesOnGoogle(HistoriesOnGoogle.TestCase):  # type: ignore[misc, valid-type]
    settings = FEWER

    @pytest.fixture(autouse=True)
    def server(self, fake_gcs: FakeGcs) -> None:
        HistoriesOnGoogle.environment = fake_gcs.environment

    def runTest(self) -> None:  # noqa: N802 - unittest's name
        super().runTest()
        assert HistoriesOnGoogle.steps >= BUDGET.remote_histories * BUDGET.remote_steps // 2
