"""How each class of errors is presented to callers over a network: its status, and words in place of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from supertable.domain import errors

_RETRY_AFTER = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a class of errors is presented. `detail` replaces the error's own words."""

    status: int
    detail: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


INTERNAL_ERROR = Presentation(500, "SuperTable has an internal error. The log has details under the request's id.")
_PRESENTATIONS: dict[type[Exception], Presentation] = {
    errors.InvalidInput: Presentation(400),
    errors.NotSignedIn: Presentation(401, headers={"WWW-Authenticate": 'Bearer realm="supertable"'}),
    errors.AccessDenied: Presentation(403),
    errors.NotFound: Presentation(404),
    errors.AlreadyExists: Presentation(409),
    errors.Conflict: Presentation(409),
    errors.Outdated: Presentation(412),
    errors.JobNotOver: Presentation(409),
    errors.JobInterrupted: Presentation(503, headers=_RETRY_AFTER),
    errors.TooManyJobs: Presentation(429, headers=_RETRY_AFTER),
    errors.IdempotencyKeyReused: Presentation(422),
    errors.QueryFailed: Presentation(422),
    errors.QueryLost: Presentation(503, headers=_RETRY_AFTER),
    errors.TooManyQueries: Presentation(429, headers=_RETRY_AFTER),
    errors.Unavailable: Presentation(
        503, "A server behind this service did not answer. Nothing was changed; it is safe to try again.", _RETRY_AFTER
    ),
    errors.StoreUnavailable: Presentation(
        503,
        "The object store did not answer, or its disk cannot be written. Nothing was changed; it is safe to try again.",
        _RETRY_AFTER,
    ),
    errors.AuditUnavailable: Presentation(503, headers=_RETRY_AFTER),
    errors.CommitUncertain: Presentation(
        504,
        "It is unknown whether the write became durable. Repeat it with the same Idempotency-Key: it is then applied "
        "exactly once. Without a key, read the table's history before you repeat it.",
    ),
    errors.Damaged: Presentation(
        500, "Stored data is damaged or missing, so nothing is answered from it. Run `supertable fsck` for details."
    ),
    errors.MissingExtra: Presentation(501),
    errors.UnsafeStore: Presentation(
        500, "The object store lacks the guarantees that commits need. Nothing was written."
    ),
}


def presentation_of(cls: type[Exception]) -> Presentation:
    """That of the class or of its nearest base; `INTERNAL_ERROR` for errors that are not ours."""
    return next((_PRESENTATIONS[base] for base in cls.__mro__ if base in _PRESENTATIONS), INTERNAL_ERROR)
