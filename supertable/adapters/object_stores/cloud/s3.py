"""A bucket of S3, or of a store with the same protocol, over boto3."""

from __future__ import annotations

import heapq
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from botocore.session import get_session

from supertable.adapters.object_stores.cloud import s3_errors
from supertable.adapters.object_stores.cloud.buckets import ByteRange, ObjectInfo, Replaced, past_end
from supertable.adapters.object_stores.cloud.ordered_listing import ordered
from supertable.adapters.object_stores.cloud.s3_errors import (
    FAILURES,
    INTERRUPTED,
    UNSENT,
    NotDeleted,
    TruncatedResponse,
    code,
    retried,
    status,
)
from supertable.application.ports.object_stores import PutAmbiguous, PutConflict, StoredObject
from supertable.domain.errors import UnsafeStore

PAGE_KEYS = 1_000  # S3's maximum
_PART_BYTES = 8 * 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=2 * _PART_BYTES,
    multipart_chunksize=_PART_BYTES,
    max_concurrency=4,
    preferred_transfer_client="classic",
)
_LOADER = create_loader()
"""Reads boto3's models of S3, which takes 60 ms, once for all clients."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds to wait before a retry, when another conditional write of the key is in progress.
_CONFLICT_PAUSES = (0.05, 0.2, 0.8)


@dataclass(frozen=True, slots=True)
class S3Keys:
    """Credentials, hidden from `repr`."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class S3Timeouts:
    """Seconds to wait for one connection and for one response; at most `attempts` attempts, with back-off between."""

    connect_seconds: float = 5
    read_seconds: float = 20
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class S3Address:
    """How to reach a bucket. `endpoint`: None: Amazon's. `keys`: None: boto3 searches its usual sources."""

    bucket: str
    endpoint: str | None = None
    region: str | None = None
    keys: S3Keys | None = None
    path_style: bool = True
    use_ssl: bool = True
    creates_bucket: bool = False
    timeouts: S3Timeouts = S3Timeouts()


class S3Bucket:
    """See `Bucket`. The client is created at the first use in each process: boto3's clients do not survive a fork."""

    failures = FAILURES
    max_deleted_keys = 1_000

    def __init__(self, address: S3Address) -> None:
        self._address = address
        self._name = address.bucket
        self._cached_client: tuple[int, Any] = (0, None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    def reason(self, error: Exception) -> str:
        return s3_errors.reason(error, self._name)

    def create(self, key: str, data: bytes) -> None:
        may_be_ours = False
        for pause in (*_CONFLICT_PAUSES, None):
            try:
                self._client.put_object(Bucket=self._name, Key=key, Body=data, IfNoneMatch="*")
                return
            except UNSENT:
                raise
            except BotoCoreError as error:
                raise PutAmbiguous(self.reason(error)) from None
            except ClientError as error:
                may_be_ours = may_be_ours or retried(error)
                if status(error) != 409 or code(error) == "NoSuchBucket" or pause is None:
                    raise self._not_created(error, may_be_ours) from None
                time.sleep(pause * random.uniform(0.5, 1))

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._name, Key=key, Body=data)

    def upload(self, key: str, path: Path) -> None:
        try:
            self._client.upload_file(str(path), self._name, key, Config=_TRANSFER)
        except KeyError:  # the upload manager did not find a header in a response
            raise TruncatedResponse from None

    def get(self, key: str) -> bytes | None:
        found = self._get(key)
        return None if found is None else found[1]

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> ByteRange | None:
        options = {"Range": f"bytes={start}-{start + length - 1}"} | ({"IfMatch": tag} if tag else {})
        try:
            found = self._get(key, **options)
        except ClientError as error:
            if status(error) == 412:
                raise Replaced(key) from None
            if status(error) != 416:
                raise
            return past_end(self, key, tag)
        if found is None:
            return None
        response, data = found
        info = ObjectInfo(_object_bytes(response, data), _required(response, "ETag"))
        if tag and info.tag != tag:
            raise Replaced(key)
        return ByteRange(data, info)

    def find(self, key: str) -> ObjectInfo | None:
        try:
            response = self._client.head_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if status(error) == 404:
                return None
            raise
        return ObjectInfo(_required(response, "ContentLength"), _required(response, "ETag"))

    def list(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        return ordered(self._level, prefix, start_after)

    def folders(self, prefix: str) -> Iterator[str]:
        return (entry[len(prefix) : -1] for entry in self._level(prefix, "") if isinstance(entry, str))

    def delete(self, keys: Sequence[str]) -> None:
        request = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        response = self._client.delete_objects(Bucket=self._name, Delete=request)
        errors = [error for error in response.get("Errors", []) if error.get("Code") != "NoSuchKey"]
        if errors:
            first = errors[0].get("Code")
            raise NotDeleted(f"{len(errors):,} of {len(keys):,} objects could not be deleted ({first})")

    def url(self, key: str) -> str:
        return f"s3://{self._name}/{key}"

    def signed_url(self, key: str, seconds: int) -> str:
        options = {"Bucket": self._name, "Key": key}
        return str(self._client.generate_presigned_url("get_object", options, ExpiresIn=seconds))

    def _get(self, key: str, **options: str) -> tuple[dict[str, Any], bytes] | None:
        """The response and its whole body. Retries after the body has begun, because the SDK does not."""
        for retries_left in reversed(range(self._address.timeouts.attempts)):
            try:
                response = self._client.get_object(Bucket=self._name, Key=key, **options)
            except ClientError as error:
                if code(error) == "NoSuchKey":
                    break
                raise
            try:
                return response, _body(response)
            except INTERRUPTED:
                if not retries_left:
                    raise
        return None

    def _level(self, prefix: str, start_after: str) -> Iterator[StoredObject | str]:
        options = {"Bucket": self._name, "Prefix": prefix, "Delimiter": "/", "StartAfter": start_after}
        for page in self._client.get_paginator("list_objects_v2").paginate(**options, MaxKeys=PAGE_KEYS):
            _required(page, "IsTruncated")
            objects = [_stored(entry) for entry in page.get("Contents", [])]
            folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
            yield from heapq.merge(objects, folders, key=lambda entry: entry if isinstance(entry, str) else entry.key)

    def _not_created(self, error: ClientError, may_be_ours: bool) -> Exception:
        """The error of `create`. `may_be_ours`: an earlier attempt may have created the object."""
        if code(error) == "NotImplemented":
            return UnsafeStore("This object store does not support `If-None-Match: *`, which commits need.")
        if status(error) == 412 and not may_be_ours:
            return PutConflict(self.reason(error))
        if status(error) < 500 and not may_be_ours and status(error) != 409:
            refused: Exception = error
            return refused
        return PutAmbiguous(self.reason(error))

    @property
    def _client(self) -> Any:
        process, client = self._cached_client
        if process != os.getpid():
            client = _client(self._address)
            if self._address.creates_bucket:
                _create_bucket(client, self._address)
            self._cached_client = (os.getpid(), client)
        return client


def _client(address: S3Address) -> Any:
    keys = address.keys
    core = get_session()
    core.register_component("data_loader", _LOADER)
    return Session(botocore_session=core).client(
        "s3",
        endpoint_url=address.endpoint,
        region_name=address.region or ("us-east-1" if address.endpoint else None),
        use_ssl=address.use_ssl,
        aws_access_key_id=keys and keys.access_key,
        aws_secret_access_key=keys and keys.secret_key,
        aws_session_token=keys and keys.session_token,
        config=_config(address),
    )


def _config(address: S3Address) -> Config:
    """By default, the SDK checks checksums of what it sends, and of what it receives if the store has them."""
    timeouts = address.timeouts
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if address.path_style else "auto"},
        retries={"mode": "standard", "total_max_attempts": timeouts.attempts},
        connect_timeout=timeouts.connect_seconds,
        read_timeout=timeouts.read_seconds,
        max_pool_connections=32,
        tcp_keepalive=True,
    )


def _create_bucket(client: Any, address: S3Address) -> None:
    """No-op if the bucket exists."""
    try:
        client.head_bucket(Bucket=address.bucket)
    except ClientError as error:
        if status(error) != 404:
            raise
        region = address.region or "us-east-1"
        location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            client.create_bucket(Bucket=address.bucket, **location)
        except ClientError as refused:
            if code(refused) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):  # created concurrently
                raise


def _required(response: dict[str, Any], name: str) -> Any:
    """A field that every such response has, unless the connection ended within its headers."""
    if name not in response:
        raise TruncatedResponse
    return response[name]


def _body(response: dict[str, Any]) -> bytes:
    data: bytes = response["Body"].read()
    if len(data) != _required(response, "ContentLength"):
        raise TruncatedResponse
    return data


def _object_bytes(response: dict[str, Any], data: bytes) -> int:
    """The size of the object of which `data` is a range; the response for an empty object does not have it."""
    return int(_required(response, "ContentRange").rpartition("/")[2]) if data else 0


def _stored(entry: dict[str, Any]) -> StoredObject:
    modified_at_us = (entry["LastModified"] - _EPOCH) // timedelta(microseconds=1)
    return StoredObject(entry["Key"], entry["Size"], modified_at_us)
