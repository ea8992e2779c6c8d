"""A container of Azure Blob Storage, over azure-storage-blob."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.identity import DefaultAzureCredential
from azure.storage.blob import (
    BlobPrefix,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ExponentialRetry,
    UserDelegationKey,
    generate_blob_sas,
)

from supertable.adapters.object_stores.cloud import azure_errors
from supertable.adapters.object_stores.cloud.azure_errors import (
    FAILURES,
    CannotSign,
    CorruptedResponse,
    NotDeleted,
    check_headers,
    code,
    status,
)
from supertable.adapters.object_stores.cloud.buckets import ByteRange, ObjectInfo, Replaced, past_end
from supertable.application.ports.object_stores import PutAmbiguous, PutConflict, StoredObject

PAGE_KEYS = 5_000  # Azure's maximum
_BLOCK_BYTES = 8 * 1024 * 1024
_PARALLEL_REQUESTS = 4
_NO_BLOB = "BlobNotFound"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(minutes=15)
_DELEGATION_LIFETIME = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class AzureTimeouts:
    """Seconds to wait for one connection and for one response; at most `attempts` attempts, with back-off between."""

    connect_seconds: float = 5
    read_seconds: float = 20
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class AzureAddress:
    """How to reach a container. With neither `key` nor `sas_token`, the identity of the machine or workload is used.

    `endpoint` is the address of the blob service. `account` is required except with a SAS token.
    """

    container: str
    endpoint: str
    account: str | None = None
    key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)
    timeouts: AzureTimeouts = AzureTimeouts()


class AzureBucket:
    """See `Bucket`. The client is created at the first use in each process: connections do not survive a fork."""

    failures = FAILURES
    max_deleted_keys = 256

    def __init__(self, address: AzureAddress) -> None:
        self._address = address
        self._cached_client: tuple[int, BlobServiceClient, ContainerClient] | None = None
        self._delegation: tuple[datetime, UserDelegationKey] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    def reason(self, error: Exception) -> str:
        return azure_errors.reason(error, self._address.container)

    def is_hierarchical(self) -> bool:
        """Whether the account has a hierarchical namespace. False if it does not tell, because it is not allowed to."""
        try:
            return bool(self._client.get_account_information(retry_total=0).get("is_hns_enabled"))
        except AzureError:
            return False

    def create(self, key: str, data: bytes) -> None:
        attempts = _Attempts()
        try:
            self._client.upload_blob(key, data, overwrite=False, retry_hook=attempts.failed)
        except AzureError as error:
            raise self._not_created(error, attempts.may_be_ours) from None

    def put(self, key: str, data: bytes) -> None:
        self._client.upload_blob(key, data, overwrite=True)

    def upload(self, key: str, path: Path) -> None:
        with path.open("rb") as file:
            length = path.stat().st_size
            self._client.upload_blob(key, file, length=length, overwrite=True, max_concurrency=_PARALLEL_REQUESTS)

    def get(self, key: str) -> bytes | None:
        found = self._download(key)
        return None if found is None else found.data

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> ByteRange | None:
        pinned = {"etag": tag, "match_condition": MatchConditions.IfNotModified} if tag else {}
        try:
            return self._download(key, offset=start, length=length, **pinned)
        except HttpResponseError as error:
            if status(error) == 412:
                raise Replaced(key) from None
            if status(error) != 416:
                raise
            return past_end(self, key, tag)

    def find(self, key: str) -> ObjectInfo | None:
        try:
            response = self._client.get_blob_client(key).get_blob_properties()
        except ResourceNotFoundError as error:
            if code(error) == _NO_BLOB:
                return None
            raise
        if response.size is None or response.etag is None:  # type: ignore[redundant-expr] # a header may be missing
            raise CorruptedResponse
        return ObjectInfo(response.size, str(response.etag))

    def list(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        """Compares each key, because `start_from` includes the key itself, and older servers ignore it."""
        found = self._client.list_blobs(prefix or None, start_from=start_after or None, results_per_page=PAGE_KEYS)
        for entry in found:
            if entry.name > start_after:
                yield StoredObject(entry.name, entry.size, _microseconds(entry.last_modified))

    def folders(self, prefix: str) -> Iterator[str]:
        for entry in self._client.walk_blobs(name_starts_with=prefix or None, delimiter="/"):
            if isinstance(entry, BlobPrefix):
                yield entry.name[len(prefix) : -1]

    def delete(self, keys: Sequence[str]) -> None:
        responses = self._client.delete_blobs(*keys, delete_snapshots="include", raise_on_any_failure=False)
        kept = [response.status_code for response in responses if response.status_code not in (202, 404)]
        if kept:
            raise NotDeleted(f"{len(kept):,} of {len(keys):,} objects could not be deleted (status {kept[0]})")

    def url(self, key: str) -> str:
        return f"az://{self._address.container}/{key}"

    def signed_url(self, key: str, seconds: int) -> str:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        address = self._address
        signed = generate_blob_sas(
            str(address.account),
            address.container,
            key,
            permission=BlobSasPermissions(read=True),
            expiry=until,
            **self._signing_key(until),
        )
        return f"{address.endpoint}/{address.container}/{key}?{signed}"

    def _download(self, key: str, **options: Any) -> ByteRange | None:
        try:
            stream = self._client.download_blob(key, **options)
            data = stream.readall()
        except ResourceNotFoundError as error:
            if code(error) == _NO_BLOB:
                return None
            raise
        except ValueError:  # the SDK raises it for a missing header
            raise CorruptedResponse from None
        if stream.properties.etag is None:
            raise CorruptedResponse
        object_bytes = int(str(stream.properties.content_range).rpartition("/")[2])
        return ByteRange(data, ObjectInfo(object_bytes, str(stream.properties.etag)))

    def _not_created(self, error: AzureError, may_be_ours: bool) -> Exception:
        """The error of `create`. `may_be_ours`: an earlier attempt may have created the object."""
        never_sent = isinstance(error, ServiceRequestError | ClientAuthenticationError)
        refused = 400 <= status(error) < 500 and status(error) != 408 and bool(code(error))
        if may_be_ours or not (never_sent or refused):
            return PutAmbiguous(self.reason(error))
        if code(error) == "BlobAlreadyExists" or status(error) == 412:
            return PutConflict(self.reason(error))
        return error

    def _signing_key(self, until: datetime) -> dict[str, Any]:
        if self._address.key:
            return {"account_key": self._address.key}
        if self._address.sas_token:
            raise CannotSign(
                "AZURE_SAS_TOKEN cannot sign addresses; set SUPERTABLE_DUCKDB_PRESIGNED to false, or use "
                "AZURE_STORAGE_KEY or an identity"
            )
        return {"user_delegation_key": self._delegation_key(until)}

    def _delegation_key(self, until: datetime) -> UserDelegationKey:
        """The key with which Azure lets this identity sign, cached until it expires."""
        if self._delegation is None or self._delegation[0] < until:
            now = datetime.now(UTC)
            end = max(until, now + _DELEGATION_LIFETIME)
            self._delegation = end, self._service.get_user_delegation_key(now - _CLOCK_SKEW, end)
        return self._delegation[1]

    @property
    def _client(self) -> ContainerClient:
        return self._clients[1]

    @property
    def _service(self) -> BlobServiceClient:
        return self._clients[0]

    @property
    def _clients(self) -> tuple[BlobServiceClient, ContainerClient]:
        if self._cached_client is None or self._cached_client[0] != os.getpid():
            service = _service(self._address)
            self._cached_client = os.getpid(), service, service.get_container_client(self._address.container)
        return self._cached_client[1:]


class _Attempts:
    """The failed attempts of one request. `may_be_ours`: one of them may have created the object."""

    def __init__(self) -> None:
        self.may_be_ours = False

    def failed(self, error: Exception | None = None, **_: Any) -> None:
        """Record a failed attempt before the SDK retries. Without `error`, it failed by the response's status."""
        self.may_be_ours = self.may_be_ours or not isinstance(error, ServiceRequestError)


def _service(address: AzureAddress) -> BlobServiceClient:
    timeouts = address.timeouts
    retries = timeouts.attempts - 1
    return BlobServiceClient(
        address.endpoint,
        credential=_credential(address),
        connection_timeout=timeouts.connect_seconds,
        read_timeout=timeouts.read_seconds,
        retry_policy=ExponentialRetry(
            initial_backoff=-1,  # plus the powers of the base: 0.6, 1.6, 3.1, 5.6 seconds
            increment_base=1.6,  # type: ignore[arg-type]
            random_jitter_range=0.5,  # type: ignore[arg-type]
            retry_total=retries,
            retry_connect=retries,
            retry_read=retries,
            retry_status=retries,
        ),
        raw_response_hook=check_headers,
        max_single_put_size=_BLOCK_BYTES,
        max_block_size=_BLOCK_BYTES,
    )


def _credential(address: AzureAddress) -> Any:
    if address.key:
        return AzureNamedKeyCredential(str(address.account), address.key)
    if address.sas_token:
        return AzureSasCredential(address.sas_token.removeprefix("?"))
    return DefaultAzureCredential()


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
