"""What the errors of Azure's SDK mean, in words without addresses or credentials."""

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

_SAYINGS: dict[type[Exception], str] = {
    IncompleteReadError: "the answer broke off",
    ServiceRequestError: "no connection could be made; check AZURE_STORAGE_ACCOUNT and AZURE_BLOB_ENDPOINT",
    ServiceResponseTimeoutError: "it did not answer in time",
    ServiceResponseError: "the connection was closed before an answer came",
    ClientAuthenticationError: f"no usable credentials; check {CREDENTIALS}",
    HttpResponseError: "the answer broke off",  # one with neither a status nor a code
}

_ENDS = {"content-length", "transfer-encoding"}  # every answer says by one of these where it ends


class NotDeleted(Exception):
    """The store kept objects that it was told to delete. The message says how many, and why."""


class Garbled(Exception):
    """An answer that lacks what every answer has."""

    def __init__(self) -> None:
        super().__init__("the answer broke off in its headers")


class CannotSign(Exception):
    """These credentials cannot sign addresses."""


FAILURES: tuple[type[Exception], ...] = (AzureError, NotDeleted, Garbled, CannotSign)


def check_headers(response: PipelineResponse[Any, Any]) -> None:
    """What broke off in its headers looks like an answer without a body. Raises what the SDK tries again after."""
    answer = response.http_response
    if answer.status_code in (200, 206) and not _ENDS & {name.lower() for name in answer.headers}:
        raise ServiceResponseError("the answer broke off in its headers")


def status(error: AzureError) -> int:
    """The answer's HTTP status; 0 where none came."""
    return int(getattr(error, "status_code", None) or 0)


def code(error: AzureError) -> str:
    """Azure's own word for the error, e.g. BlobNotFound; empty where none came."""
    found = getattr(error, "error_code", None)
    return str(getattr(found, "value", None) or found or "")


def reason(error: Exception, container: str) -> str:
    if isinstance(error, AzureError) and status(error):
        return _answered(error, container)
    if isinstance(error, AzureError):
        return next((saying for kind, saying in _SAYINGS.items() if isinstance(error, kind)), type(error).__name__)
    return str(error)


def _answered(error: AzureError, container: str) -> str:
    said = f"{code(error)}, status {status(error)}".removeprefix(", ")
    if code(error) == "ContainerNotFound":
        return f"there is no container {container}; make it, or check AZURE_CONTAINER (else STORAGE_BUCKET)"
    if status(error) in (401, 403):
        return f"the credentials were refused ({said}); check {CREDENTIALS}, and what it may do in {container}"
    return f"it answered {said}"
