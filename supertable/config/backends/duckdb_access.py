"""DuckDB's own access to the object store: by credentials, or by signed URLs."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from supertable.adapters.engines.duckdb import RemoteAccess, Secret
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType

SIGNED_SECONDS = 12 * 3600
"""Lifetime of a signed URL. A query that takes longer may fail, as may one that outlives temporary credentials."""
_REUSED_SECONDS = 600
_MAX_SIGNED = 100_000
_NAME = "-"


class SignedLocations:
    """Signed URLs. Each is reused for a while, so that DuckDB recognizes the file in its caches."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._signed: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def __call__(self, key: str) -> str:
        location, until = self._signed.get(key, ("", 0.0))
        if time.monotonic() < until:
            return location
        location = self._store.signed_location(key, SIGNED_SECONDS)
        self._signed[key] = location, time.monotonic() + _REUSED_SECONDS
        while len(self._signed) > _MAX_SIGNED:
            self._signed.popitem(last=False)
        return location


def remote_access(settings: Settings, store: ObjectStore) -> RemoteAccess | None:
    """None: the store is a folder on this machine."""
    if settings.storage_type is StorageType.LOCAL:
        return None
    secret = None if settings.duckdb_presigned else _SECRETS[settings.storage_type](settings)
    return RemoteAccess(
        folder=lambda: _folder(store, signed=secret is None),
        extensions=["azure"] if secret and secret.kind == "azure" else ["httpfs"],
        extra=_EXTRAS[settings.storage_type],
        secret=secret,
        http_timeout_seconds=settings.duckdb_http_timeout_seconds,
        http_metadata_cache=settings.duckdb_http_metadata_cache,
    )


def _folder(store: ObjectStore, signed: bool) -> str:
    location = store.signed_location(_NAME, SIGNED_SECONDS) if signed else store.location(_NAME)
    return location.partition("?")[0].removesuffix(_NAME)


def _s3(settings: Settings) -> Secret | None:
    """None where boto3 finds the credentials: those may change, and a secret in DuckDB would not."""
    from supertable.config.backends.s3_address import s3_address

    address = s3_address(settings)
    if address.keys is None:
        return None
    options = _keys(address.keys.access_key, address.keys.secret_key)
    options |= _endpoint(address.endpoint, address.path_style, address.use_ssl)
    options["REGION"] = address.region or "us-east-1"
    if address.keys.session_token:
        options["SESSION_TOKEN"] = address.keys.session_token
    return Secret("s3", options)


def _gcs(settings: Settings) -> Secret | None:
    """None without HMAC keys, the only credentials of Google that DuckDB accepts; others sign URLs."""
    access, secret = settings.storage_access_key, settings.storage_secret_key
    if access is None or secret is None:
        return None
    options = _keys(access.get_secret_value(), secret.get_secret_value())
    return Secret("gcs", options | _endpoint(settings.storage_endpoint_url, True, True))


def _azure(settings: Settings) -> Secret | None:
    """None for managed and workload identities, which sign URLs."""
    from supertable.config.backends.azure_address import azure_address

    address = azure_address(settings)
    if address.key:
        account = f"AccountName={address.account};AccountKey={address.key}"
    elif address.sas_token:
        account = f"SharedAccessSignature={address.sas_token.removeprefix('?')}"
    else:
        return None
    protocol = address.endpoint.partition(":")[0]
    text = f"DefaultEndpointsProtocol={protocol};BlobEndpoint={address.endpoint};{account};"
    return Secret("azure", {"CONNECTION_STRING": text})


def _keys(access_key: str, secret_key: str) -> dict[str, str]:
    return {"KEY_ID": access_key, "SECRET": secret_key}


def _endpoint(url: str | None, path_style: bool, use_ssl: bool) -> dict[str, str]:
    protocol, _, host = (url or "").rpartition("://")
    options = {"URL_STYLE": "path" if path_style else "vhost"}
    options["USE_SSL"] = str(protocol != "http" and use_ssl).lower()
    return options | ({"ENDPOINT": host} if host else {})


_SECRETS: dict[StorageType, Callable[[Settings], Secret | None]] = {
    StorageType.S3: _s3,
    StorageType.MINIO: _s3,
    StorageType.AZURE: _azure,
    StorageType.GCP: _gcs,
}
_EXTRAS = {StorageType.S3: "s3", StorageType.MINIO: "s3", StorageType.AZURE: "azure", StorageType.GCP: "gcs"}
