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
from supertable.adapters.object_stores.cloud.buckets import ByteRange, ObjectInfo, Replaced, past_end
from supertable.adapters.object_stores.cloud.gcs_errors import (
    FAILURES,
    CannotSign,
    CorruptedResponse,
    check_headers,
    had_no_effect,
    is_transient,
)
from supertable.application.ports.object_stores import PutAmbiguous, PutConflict, StoredObject

PAGE_KEYS = 1_000  # Google's maximum
_SCOPES = ["https://www.googleapis.com/auth/devstorage.read_write"]
_BYTES = "application/octet-stream"
_CHUNK_BYTES = 8 * 1024 * 1024
_PARALLEL_REQUESTS = 8
_ANY_FAILURE: tuple[type[Exception], ...] = (*FAILURES, OSError)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GcsTimeouts:
    """Seconds to wait for one connection, for one response, and for all attempts with the back-off between them."""

    connect_seconds: float = 5
    read_seconds: float = 20
    all_seconds: float = 40


@dataclass(frozen=True, slots=True)
class GcsAddress:
    """How to reach a bucket. `endpoint`: None: Google's. `credentials`: as JSON text.

    Without credentials, the machine's own are used; with an endpoint, none, as test servers require.
    """

    bucket: str
    endpoint: str | None = None
    project: str | None = None
    credentials: str | None = field(default=None, repr=False)
    timeouts: GcsTimeouts = GcsTimeouts()


class GcsBucket:
    """See `Bucket`. The client is created at the first use in each process: connections do not survive a fork.

    A tag consists of an object's generation and size, so that reading by tag needs no second request for the size.
    Uploads are resumable and sequential: Google's parallel uploads leave parts behind when they are interrupted.
    """

    failures = FAILURES
    max_deleted_keys = 1_000

    def __init__(self, address: GcsAddress) -> None:
        self._address = address
        self._cached_client: tuple[int, Client] | None = None
        self._bucket_exists = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address!r})"

    def reason(self, error: Exception) -> str:
        return gcs_errors.reason(error, self._address.bucket)

    def create(self, key: str, data: bytes) -> None:
        attempts = _Attempts()
        options = self._request_options(attempts)
        try:
            self._blob(key).upload_from_string(data, _BYTES, if_generation_match=0, **options)
        except PreconditionFailed as error:
            if attempts.may_be_ours:
                raise PutAmbiguous(self.reason(error)) from None
            raise PutConflict(self.reason(error)) from None
        except _ANY_FAILURE as error:
            if attempts.may_be_ours or not (attempts.had_no_effect or had_no_effect(error)):
                raise PutAmbiguous(self.reason(error)) from None
            raise

    def put(self, key: str, data: bytes) -> None:
        self._blob(key).upload_from_string(data, _BYTES, **self._request_options())

    def upload(self, key: str, path: Path) -> None:
        blob = self._blob(key)
        blob.chunk_size = _CHUNK_BYTES
        blob.upload_from_filename(str(path), _BYTES, **self._request_options())

    def get(self, key: str) -> bytes | None:
        blob = self._blob(key)
        try:
            return bytes(blob.download_as_bytes(**self._request_options()))
        except NotFound:
            self._require_bucket()
            return None

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> ByteRange | None:
        info = _info(tag) if tag else self.find(key)
        if info is None:
            return None
        if info.bytes <= start:
            return past_end(self, key, tag)
        blob = self._blob(key, int(info.tag.partition("-")[0]))
        try:
            data = blob.download_as_bytes(start=start, end=start + length - 1, **self._request_options())
            return ByteRange(data, info)
        except (NotFound, RequestRangeNotSatisfiable):
            raise Replaced(key) from None

    def find(self, key: str) -> ObjectInfo | None:
        blob = self._blob(key)
        try:
            blob.reload(**self._request_options())
        except NotFound:
            self._require_bucket()
            return None
        if blob.generation is None or blob.size is None:
            raise CorruptedResponse
        return _info(f"{blob.generation}-{blob.size}")

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
        with ThreadPoolExecutor(min(_PARALLEL_REQUESTS, len(keys)), "delete") as pool:
            list(pool.map(self._delete, keys))

    def url(self, key: str) -> str:
        return f"gs://{self._address.bucket}/{key}"

    def signed_url(self, key: str, seconds: int) -> str:
        """Without credentials, the plain address: the server then requires none."""
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
            self._blob(key).delete(**self._request_options())
        except NotFound:
            pass

    def _entries(self, prefix: str, **options: Any) -> Any:
        options |= self._request_options()
        return self._client.list_blobs(self._address.bucket, prefix=prefix or None, page_size=PAGE_KEYS, **options)

    def _require_bucket(self) -> None:
        """Raises NotFound if there is no bucket. A missing object has the same error, so the first one is checked."""
        if not self._bucket_exists:
            next(iter(self._entries("", max_results=1)), None)
            self._bucket_exists = True

    def _signer(self) -> dict[str, Any]:
        """The arguments for signing. Without a private key, Google signs for the account, if that has the right to."""
        credentials = self._client._credentials
        if isinstance(credentials, Signing):
            return {}
        credentials.refresh(Request())
        email = getattr(credentials, "service_account_email", None)
        if email is None:
            raise CannotSign(
                "these credentials cannot sign addresses; set SUPERTABLE_DUCKDB_PRESIGNED to false, or use a service "
                "account"
            )
        return {"service_account_email": email, "access_token": credentials.token}

    def _blob(self, key: str, generation: int | None = None) -> Blob:
        return self._client.bucket(self._address.bucket).blob(key, generation=generation)

    def _request_options(self, attempts: _Attempts | None = None) -> dict[str, Any]:
        timeouts = self._address.timeouts
        retry = Retry(
            predicate=is_transient,
            initial=0.5,
            maximum=8,
            timeout=timeouts.all_seconds,
            on_error=attempts.failed if attempts else None,
        )
        return {"timeout": (timeouts.connect_seconds, timeouts.read_seconds), "retry": retry}

    @property
    def _client(self) -> Client:
        if self._cached_client is None or self._cached_client[0] != os.getpid():
            self._cached_client = os.getpid(), _client(self._address)
        return self._cached_client[1]


class _Attempts:
    """The failed attempts of one request that the SDK has retried.

    `may_be_ours`: one of them may have created the object. `had_no_effect`: there were some, and none can have.
    """

    def __init__(self) -> None:
        self.may_be_ours = False
        self.had_no_effect = False

    def failed(self, error: Exception) -> None:
        self.may_be_ours = self.may_be_ours or not had_no_effect(error)
        self.had_no_effect = not self.may_be_ours


def _client(address: GcsAddress) -> Client:
    credentials, project = _credentials(address)
    options = {"universe_domain": credentials.universe_domain}  # some clouds of Google have other addresses
    if address.endpoint:
        options["api_endpoint"] = address.endpoint
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.hooks["response"].append(check_headers)
    return Client(address.project or project, credentials, session, client_options=options)


def _credentials(address: GcsAddress) -> tuple[Any, str | None]:
    """The credentials, and their project if they name one."""
    if address.credentials:
        content = json.loads(address.credentials)
        with warnings.catch_warnings(action="ignore"):  # it warns of untrusted input, but these are the operator's own
            found = google.auth.load_credentials_from_dict(content, scopes=_SCOPES)  # type: ignore[no-untyped-call]
        return found[0], found[1]
    if _is_anonymous(address):
        return AnonymousCredentials(), None  # type: ignore[no-untyped-call]
    credentials, project = google.auth.default(scopes=_SCOPES)
    return credentials, project


def _is_anonymous(address: GcsAddress) -> bool:
    return address.endpoint is not None and address.credentials is None


def _info(tag: str) -> ObjectInfo:
    return ObjectInfo(int(tag.rpartition("-")[2]), tag)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
