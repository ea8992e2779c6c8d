"""Jobs: work that continues after its request was answered, and the state of that work.

1. A job is created by one worker, and only that worker runs it. It is queued or running while the worker sends
   heartbeats. When they stop for too long the job counts as lost, unless the worker returns and records its end.
2. A job has one end, which never changes: succeeded, failed, cancelled, or lost if its worker was shut down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from supertable.domain.access.sessions import Session
from supertable.domain.errors import JobInterrupted, SupertableError
from supertable.domain.names import name_key

BEAT_SECONDS = 2.0
LOST_SECONDS = 30.0
"""Allows for the difference of two machines' clocks plus the delay of a store before a heartbeat is visible."""


class JobKind(StrEnum):
    QUERY = "query"
    COMPACTION = "compaction"
    VACUUM = "vacuum"
    MAINTENANCE = "maintenance"
    CHECK = "check"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def over(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class TableRead:
    """A table that a query read."""

    supertable: str
    table_id: str


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """`versions`: of every table that is read, by name. `rights`: a fingerprint of the role and the caller's
    attributes; another value means that they changed. `engine`: the one that runs it, and `engine_reason` why; empty:
    the job is older than that is recorded."""

    statement: str
    versions: Mapping[str, tuple[int, ...]]
    tables: tuple[TableRead, ...]
    rights: str
    engine: str = ""
    engine_reason: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was submitted; it never changes. `user`: the user's hash. `table`: empty for a whole supertable.

    The parameters of a query are not included, since they may be values of rows.
    """

    id: str
    kind: JobKind
    organization: str
    supertable: str
    user: str
    user_name: str
    role: str
    submitted_at_us: int
    table: str = ""
    query: QueryRequest | None = None

    def belongs_to(self, session: Session) -> bool:
        """Whether the session has the job's user and role."""
        same = (name_key(self.organization), self.user, name_key(self.role))
        return same == (name_key(session.organization), session.user, name_key(session.role))


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units (None: unknown). `what`: the unit, such as rows, bytes of a table, or portions."""

    done: int = 0
    total: int | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The latest sign that the job's worker is alive. `started_at_us`: None while the job is queued."""

    at_us: int
    started_at_us: int | None = None
    progress: Progress = Progress()


@dataclass(frozen=True, slots=True)
class JobError:
    """`type`: the name of a class in `domain.errors`. For an internal error both fields are empty, since its message
    must not reach the caller."""

    type: str
    detail: str

    @classmethod
    def of(cls, error: BaseException) -> JobError:
        return cls(type(error).__name__, str(error)) if isinstance(error, SupertableError) else cls("", "")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One object of a result. `bytes`: its stored size."""

    rows: int
    bytes: int


READ_BY = ("engine", "engine_reason")
"""In the summary of a query: the engine that answered, and why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of the work. `summary`: plain values by name. `chunks`: of a query's result, in order."""

    summary: Mapping[str, Any] = field(default_factory=dict)
    chunks: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """How a job ended. `started_at_us`: None for a job that never started."""

    state: JobState
    at_us: int
    started_at_us: int | None
    progress: Progress
    outcome: Outcome = Outcome()
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The current state of a job. `beat_at_us`: the last heartbeat of a job without a recorded end; None: none yet."""

    job: Job
    state: JobState
    progress: Progress = Progress()
    started_at_us: int | None = None
    beat_at_us: int | None = None
    end: End | None = None

    @property
    def read_by(self) -> tuple[str, str]:
        """The engine of a query, and why: the one that answered, once the query has succeeded; before, the chosen one.
        Empty: there is none."""
        query, summary = self.job.query, self.end.outcome.summary if self.end else {}
        chosen = (query.engine, query.engine_reason) if query else ("", "")
        engine, reason = (summary.get(name, text) for name, text in zip(READ_BY, chosen, strict=True))
        return engine, reason

    @property
    def error(self) -> JobError | None:
        if self.end is not None or self.state is not JobState.LOST:
            return self.end.error if self.end else None
        return JobError.of(JobInterrupted("The worker of this job stopped responding."))


def status_of(job: Job, heartbeat: Heartbeat | None, end: End | None, now_us: int) -> JobStatus:
    if end is not None:
        return JobStatus(job, end.state, end.progress, end.started_at_us, end=end)
    if heartbeat is None:
        return JobStatus(job, JobState.LOST)
    if not is_fresh(heartbeat.at_us, now_us):
        state = JobState.LOST
    else:
        state = JobState.QUEUED if heartbeat.started_at_us is None else JobState.RUNNING
    return JobStatus(job, state, heartbeat.progress, heartbeat.started_at_us, heartbeat.at_us)


def is_fresh(beat_us: int, now_us: int) -> bool:
    return now_us - beat_us <= LOST_SECONDS * 1_000_000


def is_expired(status: JobStatus, kept_seconds: float, now_us: int) -> bool:
    """Whether the job ended more than `kept_seconds` ago. A lost job counts from its last heartbeat."""
    last = status.end.at_us if status.end else status.beat_at_us or status.job.submitted_at_us
    return status.state.over and now_us - last > kept_seconds * 1_000_000
