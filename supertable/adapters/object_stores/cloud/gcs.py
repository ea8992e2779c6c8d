"""A bucket of Google Cloud Storage, over google-cloud-storage."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import google.auth
from google.api_core.exceptions import NotFound, PreconditionFailed, RequestRangeNotSatisfiable
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials, Signing
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud.storage import Blob, Client

from supertable.adapters.object_stores.cloud import gcs_errors
from supertable.adapters.object_stores.cloud.buckets import Found, Piece, Replaced
from supertable.adapters.object_stores.cloud.gcs_errors import (
    FAILURES,
    CannotSign,
    Garbled,
    check_headers,
    had_no_effect,
    is_transient,
)
from supertable.application.ports.object_stores import PutAmbiguous, PutConflict, StoredObject

_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_BYTES = "application/octet-stream"
_CHUNK_BYTES = 8 * 1024 * 1024
_AT_ONCE = 8
_ANY_FAILURE: tuple[type[Exception], ...] = (*FAILURES, OSError)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GcsPatience:
    """Seconds to wait for one connection, for one answer, and for all attempts with the back-off between them."""

    connect_seconds: float = 5
    read_seconds: float = 20
    all_seconds: float = 40


@dataclass(frozen=True, slots=True)
class GcsAddress:
    """How to reach a bucket. Without an `endpoint` it is Google's. `credentials` are their JSON.

    Without credentials the machine's are used, or none where there is an endpoint: so test servers are reached.
    """

    bucket: str
    endpoint: str | None = None
    project: str | None = None
    credentials: str | None = field(default=None, repr=False)
    patience: GcsPatience = GcsPatience()


class GcsBucket:
    """See `Bucket`. Its client is made at the first use in each process: connections do not survive a fork.

    A tag is an object's generation and its size, so that a pinned read needs no second request for the size.
    Uploads are resumable ones, part by part. Google's parallel uploads leave parts behind when they are broken off.
    """

    failures = FAILURES
    most_deleted = 1_000

    def __init__(self, address: GcsAddress) -> None:
        self._address = address
        self._made: tuple[int, Client] | None = None
        self._is_there = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    def reason(self, error: Exception) -> str:
        return gcs_errors.reason(error, self._address.bucket)

    def create(self, key: str, data: bytes) -> None:
        attempts = _Attempts()
        asked = self._asked(attempts)
        try:
            self._blob(key).upload_from_string(data, _BYTES, if_generation_match=0, **asked)
        except PreconditionFailed as error:
            if attempts.may_be_ours:
                raise PutAmbiguous(self.reason(error)) from None
            raise PutConflict(self.reason(error)) from None
        except _ANY_FAILURE as error:
            if attempts.may_be_ours or not (attempts.had_no_effect or had_no_effect(error)):
                raise PutAmbiguous(self.reason(error)) from None
            raise

    def put(self, key: str, data: bytes) -> None:
        self._blob(key).upload_from_string(data, _BYTES, **self._asked())

    def upload(self, key: str, path: Path) -> None:
        blob = self._blob(key)
        blob.chunk_size = _CHUNK_BYTES
        blob.upload_from_filename(str(path), _BYTES, **self._asked())

    def get(self, key: str) -> bytes | None:
        blob = self._blob(key)
        try:
            return bytes(blob.download_as_bytes(**self._asked()))
        except NotFound:
            self._check_bucket()
            return None

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> Piece | None:
        found = _of(tag) if tag else self.find(key)
        if found is None:
            return None
        if found.bytes <= start:
            return Piece(b"", found)
        blob = self._blob(key, int(found.tag.partition("-")[0]))
        try:
            return Piece(blob.download_as_bytes(start=start, end=start + length - 1, **self._asked()), found)
        except (NotFound, RequestRangeNotSatisfiable):
            raise Replaced(key) from None

    def find(self, key: str) -> Found | None:
        blob = self._blob(key)
        try:
            blob.reload(**self._asked())
        except NotFound:
            self._check_bucket()
            return None
        if blob.generation is None or blob.size is None:
            raise Garbled
        return _of(f"{blob.generation}-{blob.size}")

    def list(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        fields = "items(name,size,updated),nextPageToken"
        for entry in self._entries(prefix, start_offset=start_after or None, fields=fields):
            if entry.name != start_after:
                yield StoredObject(entry.name, entry.size, _microseconds(entry.updated))

    def folders(self, prefix: str) -> Iterator[str]:
        entries = self._entries(prefix, delimiter="/", fields="prefixes,nextPageToken")
        for page in entries.pages:
            for folder in page.prefixes:
                yield folder[len(prefix) : -1]

    def delete(self, keys: Sequence[str]) -> None:
        with ThreadPoolExecutor(min(_AT_ONCE, len(keys)), "delete") as pool:
            list(pool.map(self._delete, keys))

    def url(self, key: str) -> str:
        return f"gs://{self._address.bucket}/{key}"

    def signed_url(self, key: str, seconds: int) -> str:
        """The plain address where there are no credentials: whoever wants none can be read without any."""
        if _is_anonymous(self._address):
            return f"{self._address.endpoint}/{self._address.bucket}/{key}"
        return str(
            self._blob(key).generate_signed_url(
                version="v4",
                expiration=timedelta(seconds=seconds),
                api_access_endpoint=self._client.api_endpoint,
                **self._signer(),
            )
        )

    def _delete(self, key: str) -> None:
        try:
            self._blob(key).delete(**self._asked())
        except NotFound:
            pass

    def _entries(self, prefix: str, **asked: Any) -> Any:
        return self._client.list_blobs(self._address.bucket, prefix=prefix or None, **asked, **self._asked())

    def _check_bucket(self) -> None:
        """Whether there is a bucket at all: "not found" does not tell, so the first such answer is followed up."""
        if not self._is_there:
            next(iter(self._entries("", max_results=1)), None)
            self._is_there = True

    def _signer(self) -> dict[str, Any]:
        """Credentials without a private key have Google sign, by the account's own right to do so."""
        credentials = self._client._credentials
        if isinstance(credentials, Signing):
            return {}
        credentials.refresh(Request())
        email = getattr(credentials, "service_account_email", None)
        if email is None:
            raise CannotSign(
                "these credentials cannot sign addresses: set SUPERTABLE_DUCKDB_PRESIGNED to false, or use a service "
                "account"
            )
        return {"service_account_email": email, "access_token": credentials.token}

    def _blob(self, key: str, generation: int | None = None) -> Blob:
        return self._client.bucket(self._address.bucket).blob(key, generation=generation)

    def _asked(self, attempts: _Attempts | None = None) -> dict[str, Any]:
        patience = self._address.patience
        retry = Retry(
            predicate=is_transient,
            initial=0.5,
            maximum=8,
            timeout=patience.all_seconds,
            on_error=attempts.failed if attempts else None,
        )
        return {"timeout": (patience.connect_seconds, patience.read_seconds), "retry": retry}

    @property
    def _client(self) -> Client:
        if self._made is None or self._made[0] != os.getpid():
            self._made = os.getpid(), _client(self._address)
        return self._made[1]


class _Attempts:
    """What became of the attempts of one request that failed in a way worth another attempt."""

    def __init__(self) -> None:
        self.may_be_ours = False
        self.had_no_effect = False

    def failed(self, error: Exception) -> None:
        self.may_be_ours = self.may_be_ours or not had_no_effect(error)
        self.had_no_effect = not self.may_be_ours


def _client(address: GcsAddress) -> Client:
    credentials, project = _credentials(address)
    options = {"universe_domain": credentials.universe_domain}  # where Google's own addresses end differently
    if address.endpoint:
        options["api_endpoint"] = address.endpoint
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.hooks["response"].append(check_headers)
    return Client(address.project or project, credentials, session, client_options=options)


def _credentials(address: GcsAddress) -> tuple[Any, str | None]:
    """And the project they are of, where they say so."""
    if address.credentials:
        content = json.loads(address.credentials)
        with warnings.catch_warnings(action="ignore"):  # they are the operator's own, of whatever kind
            found = google.auth.load_credentials_from_dict(content, scopes=_SCOPES)  # type: ignore[no-untyped-call]
        return found[0], found[1]
    if _is_anonymous(address):
        return AnonymousCredentials(), None  # type: ignore[no-untyped-call]
    credentials, project = google.auth.default(scopes=_SCOPES)
    return credentials, project


def _is_anonymous(address: GcsAddress) -> bool:
    return address.endpoint is not None and address.credentials is None


def _of(tag: str) -> Found:
    return Found(int(tag.rpartition("-")[2]), tag)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
