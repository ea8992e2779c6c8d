"""A bucket of S3, or of a store that speaks its protocol, over boto3."""

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

from supertable.adapters.object_stores.cloud import s3_errors
from supertable.adapters.object_stores.cloud.buckets import Found, Piece, Replaced
from supertable.adapters.object_stores.cloud.ordered_listing import ordered
from supertable.adapters.object_stores.cloud.s3_errors import (
    BROKEN_OFF,
    FAILURES,
    UNSENT,
    AnswerCutOff,
    NotDeleted,
    code,
    retried,
    status,
)
from supertable.application.ports.object_stores import PutAmbiguous, PutConflict, StoredObject
from supertable.domain.errors import UnsafeStore

_PART_BYTES = 8 * 1024 * 1024
_TRANSFER = TransferConfig(
    multipart_threshold=2 * _PART_BYTES,
    multipart_chunksize=_PART_BYTES,
    max_concurrency=4,
    preferred_transfer_client="classic",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Somebody else's conditional write of the key was under way: seconds to wait before asking again.
_CONFLICT_PAUSES = (0.05, 0.2, 0.8)


@dataclass(frozen=True, slots=True)
class S3Keys:
    """Shown by no repr."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class S3Patience:
    """Seconds to wait for one connection and for one answer; `attempts` at most in all, with back-off between."""

    connect_seconds: float = 5
    read_seconds: float = 20
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class S3Address:
    """How to reach a bucket. Without an `endpoint` it is Amazon's; without `keys`, boto3 looks where it always does."""

    bucket: str
    endpoint: str | None = None
    region: str | None = None
    keys: S3Keys | None = None
    path_style: bool = True
    use_ssl: bool = True
    creates_bucket: bool = False
    patience: S3Patience = S3Patience()


class S3Bucket:
    """See `Bucket`. Its client is made at the first use in each process: boto3's clients do not survive a fork."""

    failures = FAILURES
    most_deleted = 1_000

    def __init__(self, address: S3Address) -> None:
        self._address = address
        self._name = address.bucket
        self._made: tuple[int, Any] = (0, None)

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
        except KeyError:  # the upload manager missed something in an answer
            raise AnswerCutOff from None

    def get(self, key: str) -> bytes | None:
        answer = self._get(key)
        return None if answer is None else answer[1]

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> Piece | None:
        asked = {"Range": f"bytes={start}-{start + length - 1}"} | ({"IfMatch": tag} if tag else {})
        try:
            answer = self._get(key, **asked)
        except ClientError as error:
            if status(error) == 412:
                raise Replaced(key) from None
            if status(error) != 416 or start > 0:
                raise
            answer = self._get(key)  # an object of no bytes has no ranges
        if answer is None:
            return None
        told, data = answer
        found = Found(_whole_length(told, data), _told(told, "ETag"))
        if tag and found.tag != tag:
            raise Replaced(key)
        return Piece(data, found)

    def find(self, key: str) -> Found | None:
        try:
            told = self._client.head_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if status(error) == 404:
                return None
            raise
        return Found(_told(told, "ContentLength"), _told(told, "ETag"))

    def list(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        return ordered(self._level, prefix, start_after)

    def folders(self, prefix: str) -> Iterator[str]:
        return (entry[len(prefix) : -1] for entry in self._level(prefix, "") if isinstance(entry, str))

    def delete(self, keys: Sequence[str]) -> None:
        wanted = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        told = self._client.delete_objects(Bucket=self._name, Delete=wanted)
        kept = [error for error in told.get("Errors", []) if error.get("Code") != "NoSuchKey"]
        if kept:
            raise NotDeleted(f"{len(kept):,} of {len(keys):,} could not be deleted ({kept[0].get('Code')})")

    def url(self, key: str) -> str:
        return f"s3://{self._name}/{key}"

    def signed_url(self, key: str, seconds: int) -> str:
        asked = {"Bucket": self._name, "Key": key}
        return str(self._client.generate_presigned_url("get_object", asked, ExpiresIn=seconds))

    def _get(self, key: str, **asked: str) -> tuple[dict[str, Any], bytes] | None:
        """The answer and its whole body. The SDK does not ask again once a body has begun to come, so we do."""
        for left in reversed(range(self._address.patience.attempts)):
            try:
                told = self._client.get_object(Bucket=self._name, Key=key, **asked)
            except ClientError as error:
                if code(error) == "NoSuchKey":
                    break
                raise
            try:
                return told, _body(told)
            except BROKEN_OFF:
                if not left:
                    raise
        return None

    def _level(self, prefix: str, start_after: str) -> Iterator[StoredObject | str]:
        asked = {"Bucket": self._name, "Prefix": prefix, "Delimiter": "/", "StartAfter": start_after}
        for page in self._client.get_paginator("list_objects_v2").paginate(**asked):
            _told(page, "IsTruncated")
            objects = [_stored(entry) for entry in page.get("Contents", [])]
            folders = [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
            yield from heapq.merge(objects, folders, key=lambda one: one if isinstance(one, str) else one.key)

    def _not_created(self, error: ClientError, may_be_ours: bool) -> Exception:
        if code(error) == "NotImplemented":
            return UnsafeStore("This object store does not know `If-None-Match: *`, which commits need.")
        if status(error) == 412 and not may_be_ours:
            return PutConflict(self.reason(error))
        if status(error) < 500 and not may_be_ours and status(error) != 409:
            refused: Exception = error
            return refused
        return PutAmbiguous(self.reason(error))

    @property
    def _client(self) -> Any:
        process, client = self._made
        if process != os.getpid():
            client = _client(self._address)
            if self._address.creates_bucket:
                _make_bucket(client, self._address)
            self._made = (os.getpid(), client)
        return client


def _client(address: S3Address) -> Any:
    keys = address.keys
    return Session().client(
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
    """Checksums of what is sent and of what comes, where the store keeps them, are the SDK's default."""
    patience = address.patience
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if address.path_style else "auto"},
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        max_pool_connections=32,
        tcp_keepalive=True,
    )


def _make_bucket(client: Any, address: S3Address) -> None:
    try:
        client.head_bucket(Bucket=address.bucket)
    except ClientError as error:
        if status(error) != 404:
            raise
        region = address.region or "us-east-1"
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            client.create_bucket(Bucket=address.bucket, **where)
        except ClientError as refused:
            if code(refused) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):  # somebody was faster
                raise


def _told(answer: dict[str, Any], name: str) -> Any:
    """What every answer of this kind has, unless the connection ended in the middle of its headers."""
    if name not in answer:
        raise AnswerCutOff
    return answer[name]


def _body(answer: dict[str, Any]) -> bytes:
    data: bytes = answer["Body"].read()
    if len(data) != _told(answer, "ContentLength"):
        raise AnswerCutOff
    return data


def _whole_length(answer: dict[str, Any], data: bytes) -> int:
    """Of the object that these bytes are a range of; the answer for an object of no bytes names none."""
    return int(_told(answer, "ContentRange").rpartition("/")[2]) if data else 0


def _stored(entry: dict[str, Any]) -> StoredObject:
    modified_at_us = (entry["LastModified"] - _EPOCH) // timedelta(microseconds=1)
    return StoredObject(entry["Key"], entry["Size"], modified_at_us)
