"""The errors of Google's SDK, and messages for them without addresses or credentials."""

from __future__ import annotations

import http.client

import requests
import urllib3
from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS or GCP_SA_JSON, or the machine's own credentials"

_TRANSIENT = {408, 429, 500, 502, 503, 504}
_CONNECTION_ERRORS = (
    ConnectionError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
)

_LENGTH_HEADERS = {"content-length", "transfer-encoding"}  # every response has one of these


class CannotSign(Exception):
    """These credentials cannot sign addresses."""


FAILURES: tuple[type[Exception], ...] = (
    GoogleAPIError,
    GoogleAuthError,
    InvalidResponse,
    DataCorruption,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    CannotSign,
)


class CorruptedResponse(requests.ConnectionError):
    """A response ended within its headers; the SDK would take it for one without a body."""


def check_headers(response: requests.Response, *_: object, **__: object) -> None:
    """A hook of the session. Raises `CorruptedResponse`, so that the SDK retries the request."""
    if response.status_code in (200, 206) and not _LENGTH_HEADERS & {name.lower() for name in response.headers}:
        raise CorruptedResponse


def status(error: Exception) -> int:
    """The response's HTTP status; 0 without a response."""
    if isinstance(error, GoogleAPICallError):
        return int(error.code or 0)
    return int(error.response.status_code) if isinstance(error, InvalidResponse) else 0


def is_transient(error: Exception) -> bool:
    """Whether a retry of the same request may succeed."""
    return status(error) in _TRANSIENT or isinstance(error, (*_CONNECTION_ERRORS, TransportError))


def had_no_effect(error: Exception) -> bool:
    """Whether the failed attempt certainly changed nothing: it was refused, or never sent."""
    if isinstance(error, GoogleAuthError | requests.exceptions.ConnectTimeout):
        return True
    if isinstance(error, requests.ConnectionError):
        cause = getattr(error.args[0] if error.args else None, "reason", None)
        return isinstance(cause, urllib3.exceptions.NewConnectionError)
    return 400 <= status(error) < 500 and status(error) not in (408, 409)


def reason(error: Exception, bucket: str) -> str:
    """See `Bucket.reason`."""
    if isinstance(error, RetryError) and isinstance(error.cause, Exception):
        return reason(error.cause, bucket)
    if status(error):
        return _response_reason(error, bucket)
    if isinstance(error, CannotSign):
        return str(error)
    if isinstance(error, GoogleAuthError):
        return f"no usable credentials; check {CREDENTIALS}"
    if isinstance(error, DataCorruption):
        return "the received bytes do not match their checksum"
    if isinstance(error, _CONNECTION_ERRORS):
        return "the connection failed, or the response timed out; check STORAGE_ENDPOINT_URL"
    return type(error).__name__


def _response_reason(error: Exception, bucket: str) -> str:
    if status(error) == 404:
        return f"bucket {bucket} does not exist; create it, or check GCS_BUCKET (else STORAGE_BUCKET)"
    if status(error) in (401, 403):
        refusal = f"the credentials were refused (status {status(error)})"
        return f"{refusal}; check {CREDENTIALS}, and their rights in bucket {bucket}"
    return f"the store responded with status {status(error)}"
