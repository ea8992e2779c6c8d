"""The errors of Azure's SDK, and messages for them without addresses or credentials."""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline import PipelineResponse

CREDENTIALS = "AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_SAS_TOKEN, or the managed identity"

_REASONS: dict[type[Exception], str] = {
    IncompleteReadError: "the response ended too early",
    ServiceRequestError: "the connection failed; check AZURE_STORAGE_ACCOUNT and AZURE_BLOB_ENDPOINT",
    ServiceResponseTimeoutError: "the response timed out",
    ServiceResponseError: "the connection was closed before the response",
    ClientAuthenticationError: f"no usable credentials; check {CREDENTIALS}",
    HttpResponseError: "the response ended too early",  # one with neither a status nor a code
}

_LENGTH_HEADERS = {"content-length", "transfer-encoding"}  # every response has one of these


class NotDeleted(Exception):
    """The store did not delete some objects. The message has their number and the reason."""


class CorruptedResponse(Exception):
    """A response lacks a header that every response has."""

    def __init__(self) -> None:
        super().__init__("the response ended within its headers")


class CannotSign(Exception):
    """These credentials cannot sign addresses."""


FAILURES: tuple[type[Exception], ...] = (AzureError, NotDeleted, CorruptedResponse, CannotSign)


def check_headers(response: PipelineResponse[Any, Any]) -> None:
    """Raises an error that makes the SDK retry, for a response that ended within its headers. The SDK would take it for
    one without a body.
    """
    http = response.http_response
    if http.status_code in (200, 206) and not _LENGTH_HEADERS & {name.lower() for name in http.headers}:
        raise ServiceResponseError("the response ended within its headers")


def status(error: AzureError) -> int:
    """The response's HTTP status; 0 without a response."""
    return int(getattr(error, "status_code", None) or 0)


def code(error: AzureError) -> str:
    """Azure's code of the error, such as BlobNotFound; empty without a response."""
    found = getattr(error, "error_code", None)
    return str(getattr(found, "value", None) or found or "")


def reason(error: Exception, container: str) -> str:
    """See `Bucket.reason`."""
    if isinstance(error, AzureError) and status(error):
        return _response_reason(error, container)
    if isinstance(error, AzureError):
        return next((text for kind, text in _REASONS.items() if isinstance(error, kind)), type(error).__name__)
    return str(error)


def _response_reason(error: AzureError, container: str) -> str:
    response = f"{code(error)}, status {status(error)}".removeprefix(", ")
    if code(error) == "ContainerNotFound":
        return f"container {container} does not exist; create it, or check AZURE_CONTAINER (else STORAGE_BUCKET)"
    if status(error) in (401, 403):
        return f"the credentials were refused ({response}); check {CREDENTIALS}, and its rights in {container}"
    return f"the store responded with {response}"
