"""The settings of Redis, and what they select."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supertable.config.backends.catalogs_and_locks import redis_address, redis_server, selected_backends
from supertable.config.settings.settings import load_settings
from supertable.domain.errors import InvalidSetting


@pytest.fixture
def environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def set_variables(environment: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        environment.setenv(name, value)


def test_the_short_names_are_read(environment: pytest.MonkeyPatch) -> None:
    set_variables(environment, REDIS_HOST="cache", REDIS_PORT="7000", REDIS_DB="3", REDIS_PASSWORD="secret")
    address = redis_address(load_settings())
    assert (address.host, address.port, address.db, address.password) == ("cache", 7000, 3, "secret")


def test_the_longer_names_override_the_short_ones(environment: pytest.MonkeyPatch) -> None:
    set_variables(environment, REDIS_HOST="cache", REDIS_PORT="7000", REDIS_DB="3", REDIS_PASSWORD="secret")
    set_variables(environment, SUPERTABLE_REDIS_HOST="own", SUPERTABLE_REDIS_PORT="7001", SUPERTABLE_REDIS_DB="0")
    set_variables(environment, SUPERTABLE_REDIS_PASSWORD="other", SUPERTABLE_REDIS_USERNAME="me")
    address = redis_address(load_settings())
    found = (address.host, address.port, address.db, address.username, address.password)
    assert found == ("own", 7001, 0, "me", "other")


def test_the_url_overrides_all_others(environment: pytest.MonkeyPatch) -> None:
    set_variables(environment, REDIS_HOST="cache", SUPERTABLE_REDIS_URL="rediss://me:secret@far:7002/5")
    server = redis_server(load_settings())
    options = server._redis.connection_pool.connection_kwargs
    assert (options["host"], options["port"], options["db"], options["username"]) == ("far", 7002, 5, "me")
    assert server._redis.connection_pool.connection_class.__name__ == "SSLConnection"


def test_sentinels_are_read(environment: pytest.MonkeyPatch) -> None:
    set_variables(environment, SUPERTABLE_REDIS_SENTINEL="true", SUPERTABLE_REDIS_SENTINELS="a:26379, b:26380")
    set_variables(environment, SUPERTABLE_REDIS_SENTINEL_MASTER="main", SUPERTABLE_REDIS_SENTINEL_PASSWORD="secret")
    address = redis_address(load_settings())
    assert address.sentinels == (("a", 26379), ("b", 26380))
    assert (address.sentinel_master, address.sentinel_password) == ("main", "secret")


@pytest.mark.parametrize("listed", ["", "a", "a:b", "a:1,,b:2"])
def test_malformed_sentinels_are_refused(environment: pytest.MonkeyPatch, listed: str) -> None:
    set_variables(environment, SUPERTABLE_REDIS_SENTINEL="true", SUPERTABLE_REDIS_SENTINELS=listed)
    with pytest.raises(InvalidSetting, match="SUPERTABLE_REDIS_SENTINELS"):
        redis_address(load_settings())


def test_locks_in_redis_require_a_configured_redis(environment: pytest.MonkeyPatch) -> None:
    set_variables(environment, LOCKING_BACKEND="redis")
    with pytest.raises(InvalidSetting, match="LOCKING_BACKEND"):
        redis_address(load_settings())


def test_an_error_about_a_malformed_url_does_not_show_its_password(environment: pytest.MonkeyPatch) -> None:
    set_variables(environment, SUPERTABLE_REDIS_URL="http://me:secret@far")
    with pytest.raises(InvalidSetting) as caught:
        redis_server(load_settings())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("backend", ["redis", "local", None])
def test_the_selected_backends_are_shown_without_secrets(environment: pytest.MonkeyPatch, backend: str | None) -> None:
    assert [line.value.split()[0] for line in selected_backends(load_settings())] == ["SQLite", "files"]
    set_variables(environment, SUPERTABLE_REDIS_URL="rediss://me:hunter2@far:7002/5")
    if backend:
        set_variables(environment, LOCKING_BACKEND=backend)
    settings = load_settings()
    values = [line.value for line in selected_backends(settings)]
    assert values[0] == "Redis at far:7002, database 5"
    assert values[1].startswith("files" if backend == "local" else "Redis")
    shown = [selected_backends(settings), settings.describe(), redis_address(settings), repr(settings)]
    assert "hunter2" not in str(shown)


def test_redis_is_imported_only_where_it_is_configured() -> None:
    script = "import supertable, sys; supertable.connect()._container.catalog(); sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
