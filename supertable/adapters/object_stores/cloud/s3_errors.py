"""What boto3's errors mean, in words without addresses or credentials."""

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
    """The store kept objects that it was told to delete. The message says how many, and why."""


class AnswerCutOff(Exception):
    """The connection ended before the whole answer had come, which the SDK did not notice."""


# Raised before anything is sent.
UNSENT = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
# The answer had begun, so the SDK did not try again.
BROKEN_OFF = (ReadTimeoutError, IncompleteReadError, ResponseStreamingError, FlexibleChecksumError, AnswerCutOff)

_REFUSED = {
    "AccessDenied",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidSecurity",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
_ELSEWHERE = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
_SAYINGS: dict[type[Exception], str] = {
    NoCredentialsError: f"no credentials were found; set {KEYS}",
    PartialCredentialsError: f"the credentials are not complete; set {KEYS}",
    CredentialRetrievalError: f"the credentials could not be had from where this machine gets them; or set {KEYS}",
    SSLError: "TLS could not be agreed on; check STORAGE_ENDPOINT_URL and STORAGE_USE_SSL",
    EndpointConnectionError: "no connection could be made; check STORAGE_ENDPOINT_URL",
    ConnectTimeoutError: "no connection could be made in time; check STORAGE_ENDPOINT_URL",
    ReadTimeoutError: "it did not answer in time",
    ConnectionClosedError: "the connection was closed before an answer came",
    IncompleteReadError: "the answer broke off",
    ResponseStreamingError: "the answer broke off",
    FlexibleChecksumError: "the bytes that came do not have their checksum",
    AnswerCutOff: "the answer broke off",
}

FAILURES: tuple[type[Exception], ...] = (BotoCoreError, ClientError, Boto3Error, NotDeleted, AnswerCutOff)


def code(error: ClientError) -> str:
    """The store's own word for the error, e.g. NoSuchKey; the status as text where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status(error: ClientError) -> int:
    """The answer's HTTP status."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def retried(error: ClientError) -> bool:
    """Whether the SDK had tried before the attempt that failed like this."""
    return int(error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) > 0


def reason(error: Exception, bucket: str) -> str:
    if isinstance(error, Boto3Error) and isinstance(error.__context__, Exception):
        return reason(error.__context__, bucket)  # the upload manager's wrapping
    if isinstance(error, ClientError):
        return _answered(error, bucket)
    if isinstance(error, NotDeleted):
        return str(error)
    return next((saying for kind, saying in _SAYINGS.items() if isinstance(error, kind)), type(error).__name__)


def _answered(error: ClientError, bucket: str) -> str:
    said = f"status {status(error)}" + ("" if code(error).isdigit() else f", {code(error)}")
    if code(error) == "NoSuchBucket":
        return f"there is no bucket {bucket}; make it, or check STORAGE_BUCKET"
    if code(error) in _ELSEWHERE:
        return f"bucket {bucket} is in another region ({said}); check STORAGE_REGION"
    if code(error) in _REFUSED or status(error) in (401, 403):
        return f"the credentials were refused ({said}); check {KEYS}, and what they may do in bucket {bucket}"
    return f"it answered {said}"
