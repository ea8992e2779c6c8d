"""The client of one Redis or Valkey server, or of the master that Sentinels name."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection

from supertable.domain.errors import CatalogDamaged, CatalogUnavailable, InvalidSetting

_CONNECT_SECONDS = 1.0
_ANSWER_SECONDS = 2.0
_FAIL_FAST_SECONDS = 1.0
_RETRIES = 2

Argument = str | bytes | int


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """How to reach a server. A URL overrides host, port, database, username and password; Sentinels override host and
    port.
    """

    host: str = "localhost"
    port: int = 6379
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    sentinels: tuple[tuple[str, int], ...] = ()
    sentinel_master: str = "mymaster"
    sentinel_password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Without secrets."""
        options = _options(self)
        if self.sentinels:
            listed = ",".join(f"{host}:{port}" for host, port in self.sentinels)
            return f"{self.sentinel_master} of the Sentinels {listed}, database {options.get('db', 0)}"
        if "path" in options:
            return f"{options['path']}, database {options.get('db', 0)}"
        return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}, database {options.get('db', 0)}"


class RedisServer:
    """Safe for any number of threads, and for forks. Connects at the first use.

    After a failed connection, every use in the next second fails immediately instead of waiting for another timeout.
    """

    def __init__(self, address: RedisAddress) -> None:
        self.address = address
        self._redis, self._sentinels = _clients(address)
        self._failed_at = float("-inf")
        self._reason = ""

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """The client of `redis`. Its errors in the block become `CatalogUnavailable` and `CatalogDamaged`."""
        if time.monotonic() - self._failed_at < _FAIL_FAST_SECONDS:
            raise CatalogUnavailable(self._reason)
        try:
            yield self._redis
        except (redis.ConnectionError, redis.TimeoutError) as error:
            self._reason = f"Redis at {self.address}: {error}"
            self._failed_at = time.monotonic()
            raise CatalogUnavailable(self._reason) from error
        except redis.RedisError as error:
            if str(error).startswith(("WRONGTYPE", "DAMAGED")):
                raise CatalogDamaged(str(error)) from error
            raise CatalogUnavailable(f"Redis at {self.address}: {error}") from error

    def require_master(self, process: str) -> None:
        """Raises `CatalogUnavailable` unless most Sentinels name this process as the master. No-op if it is empty.

        A master that was cut off and replaced may still answer clients that are cut off with it; their writes would be
        invisible to all others.
        """
        if not process:
            return
        votes = sum(self._is_master(process, sentinel) for sentinel in self._sentinels)
        if 2 * votes <= len(self._sentinels):
            raise CatalogUnavailable(
                f"Redis at {self.address}: the server is not the one that most Sentinels name as the master"
            )

    def _is_master(self, process: str, sentinel: redis.Redis) -> bool:
        try:
            master: Any = sentinel.sentinel_master(self.address.sentinel_master)
        except redis.RedisError:
            return False
        if not master["runid"]:  # the Sentinel has just promoted this master and does not know its process yet
            pool: Any = self._redis.connection_pool
            return bool((master["ip"], master["port"]) == pool.master_address)
        return bool(master["runid"] == process)

    def close(self) -> None:
        """Close the connections that are not in use; the next use opens new ones."""
        self._redis.connection_pool.disconnect(inuse_connections=False)


class RedisScript:
    """A Lua script of this folder. A call is one round trip, and atomic."""

    def __init__(self, server: RedisServer, name: str) -> None:
        folder = Path(__file__).parent
        text = "\n".join((folder / f"{part}.lua").read_text() for part in ("common", name))
        self._server = server
        self._script = server._redis.register_script(text)

    def __call__(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Raises `CatalogUnavailable` and `CatalogDamaged`."""
        with self._server.client() as client:
            return self._script(keys=keys, args=arguments, client=client)


class _MasterConnection(SentinelManagedConnection):
    """Closed after every error, as other connections are: a late answer must not be read as that of the next call."""

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        return super().read_response(*arguments, **{"disconnect_on_error": True, **options})


class _SecureMasterConnection(_MasterConnection, SSLConnection):
    pass


def _clients(address: RedisAddress) -> tuple[redis.Redis, list[redis.Redis]]:
    """The client of the server, and those of the Sentinels if there are any."""
    options = {
        **_options(address),
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _ANSWER_SECONDS,
        "retry": Retry(ExponentialBackoff(cap=0.1, base=0.02), _RETRIES, (redis.ConnectionError,)),
    }
    if not address.sentinels:
        return redis.Redis(connection_pool=redis.ConnectionPool(**options)), []
    for name in ("host", "port", "path"):
        options.pop(name, None)
    is_secure = options.pop("connection_class", None) is SSLConnection
    sentinel_options = {
        "password": address.sentinel_password,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),  # go to the next Sentinel at once; by default each is retried for minutes
    }
    sentinel = Sentinel(list(address.sentinels), sentinel_kwargs=sentinel_options, **options)  # type: ignore[no-untyped-call]
    connection_class = _SecureMasterConnection if is_secure else _MasterConnection
    master: redis.Redis = sentinel.master_for(address.sentinel_master, connection_class=connection_class)  # type: ignore[no-untyped-call]
    return master, list(sentinel.sentinels)


def _options(address: RedisAddress) -> dict[str, Any]:
    if address.url is None:
        return {
            "host": address.host,
            "port": address.port,
            "db": address.db,
            "username": address.username,
            "password": address.password,
        }
    try:
        options: dict[str, Any] = dict(parse_url(address.url))  # type: ignore[no-untyped-call]
    except ValueError:
        raise InvalidSetting(
            "SUPERTABLE_REDIS_URL", "it does not have the form rediss://user:password@host:port/0"
        ) from None
    return options
