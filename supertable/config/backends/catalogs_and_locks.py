"""The catalog, locks and leases: in Redis where it is configured, otherwise in files on this machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from supertable.adapters.catalogs.sqlite import SqliteCatalog
from supertable.adapters.leases.files import FileLeases
from supertable.adapters.locks.files import FileLocks
from supertable.application.ports.catalogs import Catalog
from supertable.application.ports.leases import Leases
from supertable.application.ports.locks import Locks
from supertable.application.storage.deployment import Deployment
from supertable.config.settings.redis import LockingBackend, RedisSettings
from supertable.config.settings.settings import Settings, SettingValue
from supertable.domain.errors import InvalidSetting, MissingExtra

if TYPE_CHECKING:
    from supertable.adapters.redis.client import RedisAddress, RedisServer
    from supertable.adapters.redis.keys import Keys


def catalog(settings: Settings, deployment: Deployment, redis: Callable[[], RedisServer]) -> Catalog:
    """`redis` is called only where Redis is configured, here and in `locks` and `leases`."""
    if not settings.redis_configured:
        return SqliteCatalog(settings.folder("catalog") / "catalog.sqlite")
    server = redis()
    from supertable.adapters.redis.catalog import RedisCatalog

    return RedisCatalog(server, redis_keys(deployment))


def locks(settings: Settings, deployment: Deployment, redis: Callable[[], RedisServer]) -> Locks:
    backend = settings.locking_backend
    if backend is LockingBackend.LOCAL or (backend is None and not settings.redis_configured):
        return FileLocks(settings.folder("locks"))
    server = redis()
    from supertable.adapters.redis.locks import RedisLocks

    return RedisLocks(server, redis_keys(deployment))


def leases(settings: Settings, deployment: Deployment, redis: Callable[[], RedisServer]) -> Leases:
    if not settings.redis_configured:
        return FileLeases(settings.folder("leases"))
    server = redis()
    from supertable.adapters.redis.leases import RedisLeases

    return RedisLeases(server, redis_keys(deployment))


def selected_backends(settings: Settings) -> list[SettingValue]:
    """Where the catalog and the locks are, without secrets."""
    redis = f"Redis at {_shown_address(settings)}" if settings.redis_configured else ""
    local_catalog = f"SQLite in {settings.folder('catalog')}"
    local_locks = f"files in {settings.folder('locks')}"
    locks_in_redis = redis and settings.locking_backend is not LockingBackend.LOCAL
    return [
        SettingValue("(catalog)", redis or local_catalog, "the settings", "Where the catalog is stored."),
        SettingValue("(locks)", redis if locks_in_redis else local_locks, "the settings", "Where writers' locks are."),
    ]


def _shown_address(settings: RedisSettings) -> str:
    try:
        return str(redis_address(settings))
    except MissingExtra as error:
        return str(error)


def redis_server(settings: RedisSettings) -> RedisServer:
    """Raises `InvalidSetting`, and `MissingExtra` without redis-py."""
    address = redis_address(settings)
    from supertable.adapters.redis.client import RedisServer

    return RedisServer(address)


def redis_address(settings: RedisSettings) -> RedisAddress:
    """Raises `InvalidSetting` and `MissingExtra`."""
    try:
        from supertable.adapters.redis.client import RedisAddress
    except ImportError:
        raise MissingExtra("A catalog or locks in Redis", "redis") from None
    if not settings.redis_configured:
        raise InvalidSetting("LOCKING_BACKEND", "redis needs REDIS_HOST, SUPERTABLE_REDIS_URL or the Sentinels")
    password = settings.supertable_redis_password or settings.redis_password
    url, sentinel_password = settings.supertable_redis_url, settings.supertable_redis_sentinel_password
    own_db = settings.supertable_redis_db
    return RedisAddress(
        host=settings.supertable_redis_host or settings.redis_host or "localhost",
        port=settings.supertable_redis_port or settings.redis_port,
        db=settings.redis_db if own_db is None else own_db,
        username=settings.supertable_redis_username,
        password=password.get_secret_value() if password else None,
        url=url.get_secret_value() if url else None,
        sentinels=_sentinels(settings) if settings.supertable_redis_sentinel else (),
        sentinel_master=settings.supertable_redis_sentinel_master,
        sentinel_password=sentinel_password.get_secret_value() if sentinel_password else None,
    )


def _sentinels(settings: RedisSettings) -> tuple[tuple[str, int], ...]:
    sentinels = []
    for part in (settings.supertable_redis_sentinels or "").split(","):
        host, _, port = part.strip().rpartition(":")
        if not host or not port.isdigit():
            raise InvalidSetting("SUPERTABLE_REDIS_SENTINELS", "it is not of the form host:port,host:port")
        sentinels.append((host, int(port)))
    return tuple(sentinels)


def redis_keys(deployment: Deployment) -> Callable[[], Keys]:
    """Reads the deployment's id from the object store at first use."""
    from supertable.adapters.redis.keys import Keys

    return cache(lambda: Keys(deployment.id()))
