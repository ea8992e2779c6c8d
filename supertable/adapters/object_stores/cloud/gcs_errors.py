"""What the errors of Google's SDK mean, in words without addresses or credentials."""

from __future__ import annotations

import http.client

import requests
import urllib3
from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS or GCP_SA_JSON, or the machine's own credentials"

_TRANSIENT = {408, 429, 500, 502, 503, 504}
_LOST = (
    ConnectionError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
)

_ENDS = {"content-length", "transfer-encoding"}  # every answer says by one of these where it ends


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


class Garbled(requests.ConnectionError):
    """What broke off in its headers looks like an answer without a body."""


def check_headers(answer: requests.Response, *_: object, **__: object) -> None:
    """For a session's hook. Raises `Garbled`, so that the request is tried again."""
    if answer.status_code in (200, 206) and not _ENDS & {name.lower() for name in answer.headers}:
        raise Garbled


def status(error: Exception) -> int:
    """The answer's HTTP status; 0 where none came."""
    if isinstance(error, GoogleAPICallError):
        return int(error.code or 0)
    return int(error.response.status_code) if isinstance(error, InvalidResponse) else 0


def is_transient(error: Exception) -> bool:
    """Whether the same request may well succeed if it is repeated."""
    return status(error) in _TRANSIENT or isinstance(error, (*_LOST, TransportError))


def had_no_effect(error: Exception) -> bool:
    """Whether the failed attempt surely changed nothing: it was refused, or never sent."""
    if isinstance(error, GoogleAuthError | requests.exceptions.ConnectTimeout):
        return True
    if isinstance(error, requests.ConnectionError):
        why = getattr(error.args[0] if error.args else None, "reason", None)
        return isinstance(why, urllib3.exceptions.NewConnectionError)
    return 400 <= status(error) < 500 and status(error) not in (408, 409)


def reason(error: Exception, bucket: str) -> str:
    if isinstance(error, RetryError) and isinstance(error.cause, Exception):
        return reason(error.cause, bucket)
    if status(error):
        return _answered(error, bucket)
    if isinstance(error, CannotSign):
        return str(error)
    if isinstance(error, GoogleAuthError):
        return f"no usable credentials; check {CREDENTIALS}"
    if isinstance(error, DataCorruption):
        return "the bytes that came are not what their checksum says"
    if isinstance(error, _LOST):
        return "it could not be reached, or did not answer in time; check STORAGE_ENDPOINT_URL"
    return type(error).__name__


def _answered(error: Exception, bucket: str) -> str:
    if status(error) == 404:
        return f"there is no bucket {bucket}; make it, or check GCS_BUCKET (else STORAGE_BUCKET)"
    if status(error) in (401, 403):
        said = f"the credentials were refused (status {status(error)})"
        return f"{said}; check {CREDENTIALS}, and what they may do in bucket {bucket}"
    return f"it answered with status {status(error)}"
