"""The errors of boto3, and messages for them without addresses or credentials."""

from __future__ import annotations

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    FlexibleChecksumError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

KEYS = "STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY (else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"


class NotDeleted(Exception):
    """The store did not delete some objects. The message has their number and the reason."""


class TruncatedResponse(Exception):
    """The connection ended within the response, and the SDK did not notice it."""


# Raised before anything is sent.
UNSENT = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
# Raised after the response has begun, so the SDK has not retried the request.
INTERRUPTED = (ReadTimeoutError, IncompleteReadError, ResponseStreamingError, FlexibleChecksumError, TruncatedResponse)

_REFUSED = {
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
_WRONG_REGION = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
_REASONS: dict[type[Exception], str] = {
    NoCredentialsError: f"no credentials were found; set {KEYS}",
    PartialCredentialsError: f"the credentials are incomplete; set {KEYS}",
    CredentialRetrievalError: f"the machine's source of credentials failed; check it, or set {KEYS}",
    SSLError: "the TLS handshake failed; check STORAGE_ENDPOINT_URL and STORAGE_USE_SSL",
    EndpointConnectionError: "the connection failed; check STORAGE_ENDPOINT_URL",
    ConnectTimeoutError: "the connection timed out; check STORAGE_ENDPOINT_URL",
    ReadTimeoutError: "the response timed out",
    ConnectionClosedError: "the connection was closed before the response",
    IncompleteReadError: "the response ended too early",
    ResponseStreamingError: "the response ended too early",
    FlexibleChecksumError: "the received bytes do not match their checksum",
    TruncatedResponse: "the response ended too early",
}

FAILURES: tuple[type[Exception], ...] = (BotoCoreError, ClientError, Boto3Error, NotDeleted, TruncatedResponse)


def code(error: ClientError) -> str:
    """The store's code of the error, such as NoSuchKey; the status as text if the response had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status(error: ClientError) -> int:
    """The response's HTTP status; 0 without a response."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def retried(error: ClientError) -> bool:
    """Whether the failed attempt was a retry by the SDK."""
    return int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0


def reason(error: Exception, bucket: str) -> str:
    """See `Bucket.reason`."""
    if isinstance(error, Boto3Error) and isinstance(error.__context__, Exception):
        return reason(error.__context__, bucket)  # the upload manager wraps errors
    if isinstance(error, ClientError):
        return _response_reason(error, bucket)
    if isinstance(error, NotDeleted):
        return str(error)
    return next((text for kind, text in _REASONS.items() if isinstance(error, kind)), type(error).__name__)


def _response_reason(error: ClientError, bucket: str) -> str:
    response = f"status {status(error)}" + ("" if code(error).isdigit() else f", {code(error)}")
    if code(error) == "NoSuchBucket":
        return f"bucket {bucket} does not exist; create it, or check STORAGE_BUCKET"
    if code(error) in _WRONG_REGION:
        return f"bucket {bucket} is in another region ({response}); check STORAGE_REGION"
    if code(error) in _REFUSED or status(error) in (401, 403):
        return f"the credentials were refused ({response}); check {KEYS}, and their rights in bucket {bucket}"
    return f"the store responded with {response}"
