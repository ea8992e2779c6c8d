"""The clusters of the settings, and where they find the storage."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from supertable.adapters.engines.spark import Cluster, SparkOptions
from supertable.config.backends.azure_address import azure_address
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType
from supertable.domain.errors import InvalidSetting

SETTING = "SUPERTABLE_SPARK_CLUSTERS"
_AUTHS = ("NONE", "NOSASL", "LDAP", "CUSTOM", "KERBEROS")
_WITH_PASSWORD = frozenset({"LDAP", "CUSTOM"})
_NO_HOST = "it must name a host, and may name a port"
_EXAMPLE = "as in thrift://user:password@host:10000?auth=LDAP"
_OPTIONS = frozenset({"auth", "service", "min_bytes", "max_bytes"})


def spark_options(settings: Settings) -> SparkOptions:
    """Raises `InvalidSetting`."""
    listed = settings.spark_clusters.get_secret_value().split() if settings.spark_clusters else []
    return SparkOptions(
        clusters=tuple(parsed_cluster(each) for each in listed),
        root=settings.spark_storage or _storage_root(settings),
        query_seconds=settings.spark_query_timeout_seconds,
        connect_seconds=settings.spark_connect_timeout_seconds,
        batch_size=settings.spark_batch_size,
    )


def parsed_cluster(text: str) -> Cluster:
    """A cluster as `thrift://user:password@host:port?auth=LDAP&min_bytes=1&max_bytes=2`, or `host:port`. All but the
    host may be left out. Raises `InvalidSetting`, which quotes no password."""
    try:
        url = urlsplit(text if "://" in text else f"thrift://{text}")
    except ValueError:
        raise InvalidSetting(SETTING, f"{_NO_HOST}; {_EXAMPLE}") from None
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    auth = options.get("auth", "NONE").upper()
    wrong = _wrong(url, options, auth)
    if wrong:
        raise InvalidSetting(SETTING, f"{wrong}; {_EXAMPLE}")
    return Cluster(
        host=url.hostname or "",
        port=url.port or 10_000,
        auth=auth,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        service=options.get("service", "hive"),
        min_bytes=int(options.get("min_bytes", 0)),
        max_bytes=int(options["max_bytes"]) if "max_bytes" in options else None,
    )


def _wrong(url: SplitResult, options: dict[str, str], auth: str) -> str:
    """What is wrong with a cluster; empty: nothing."""
    try:
        there = bool(url.hostname) and url.port != 0
    except ValueError:
        there = False
    if url.scheme != "thrift" or not there or url.path.strip("/"):
        return _NO_HOST
    if unknown := sorted(options.keys() - _OPTIONS):
        return f"there is no option {unknown[0]!r:.40}"
    if auth not in _AUTHS:
        return f"auth must be one of {', '.join(_AUTHS)}"
    if auth in _WITH_PASSWORD and not url.password:
        return f"{auth} needs a user and a password"
    sizes = [options[name] for name in ("min_bytes", "max_bytes") if name in options]
    if not all(size.isascii() and size.isdigit() for size in sizes):
        return "min_bytes and max_bytes must be whole numbers"
    if len(sizes) == 2 and int(sizes[0]) > int(sizes[1]):
        return "min_bytes must not be more than max_bytes"
    return ""


def _storage_root(settings: Settings) -> str:
    """The URI of the deployment's storage, as Hadoop's file systems write it."""
    if settings.storage_type is StorageType.LOCAL:
        return f"file:{settings.folder('storage')}"
    prefix = f"/{settings.prefix}" if settings.prefix else ""
    if settings.storage_type is StorageType.GCP:
        return f"gs://{settings.gcs_bucket or settings.storage_bucket}{prefix}"
    if settings.storage_type is StorageType.AZURE:
        address = azure_address(settings)
        return f"abfss://{address.container}@{address.account}.dfs.core.windows.net{prefix}"
    return f"s3a://{settings.storage_bucket}{prefix}"
