"""`/jobs`: work that runs in the background."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from supertable.config.container import Container
from supertable.domain.jobs import READ_BY, JobKind, JobState, JobStatus, Progress
from supertable.domain.timestamps import moment
from supertable.entrypoints.api.openapi.problem_responses import Problem, problems
from supertable.entrypoints.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page
from supertable.entrypoints.web.problems.problem_documents import problem_of_recorded
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedSession

REMOVED = {204: ResponseSpec(None, description="It had ended, and was removed.")}
"""The response to a removal, for the OpenAPI description."""
_TAGS = ["jobs"]


class JobProgress(msgspec.Struct, frozen=True):
    """The progress of a job: `done` of `total` units; `what` names the unit. `total` is null if it is unknown."""

    done: int
    total: int | None
    what: str

    @classmethod
    def of(cls, progress: Progress) -> JobProgress:
        return cls(progress.done, progress.total, progress.what)


class JobTimes(msgspec.Struct, frozen=True, kw_only=True):
    """The times of a job. It is kept at least until `expires_at`, which is null for an active job."""

    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None


class JobDescription(JobTimes, frozen=True, kw_only=True):
    """A job.

    `table` is null for a job on a whole supertable. `result`: the outcome so far; its fields depend on `kind`. `error`:
    why the job failed or was cancelled. The state is `lost` if the worker no longer reports that it is alive.
    """

    id: str
    kind: JobKind
    state: JobState
    supertable: str
    table: str | None
    user: Annotated[str, msgspec.Meta(description="The user's hash.")]
    user_name: str
    role: str
    progress: JobProgress
    result: dict[str, Any] | None
    error: Problem | None

    @classmethod
    def of(cls, status: JobStatus, kept_seconds: float) -> JobDescription:
        job = status.job
        return cls(
            id=job.id,
            kind=job.kind,
            state=status.state,
            supertable=job.supertable,
            table=job.table or None,
            user=job.user,
            user_name=job.user_name,
            role=job.role,
            progress=JobProgress.of(status.progress),
            result=_result_of(status),
            error=error_of(status),
            **times_of(status, kept_seconds),
        )


def _result_of(status: JobStatus) -> dict[str, Any] | None:
    """Without the engine of a query and the reason, which are for its caller."""
    summary = status.end.outcome.summary if status.end else {}
    return {name: value for name, value in summary.items() if name not in READ_BY} or None


def times_of(status: JobStatus, kept_seconds: float) -> dict[str, Any]:
    """The fields of `JobTimes`."""
    ended = moment(status.end.at_us) if status.end else None
    return {
        "submitted_at": moment(status.job.submitted_at_us),
        "started_at": None if status.started_at_us is None else moment(status.started_at_us),
        "ended_at": ended,
        "expires_at": ended and ended + timedelta(seconds=kept_seconds),
    }


def error_of(status: JobStatus) -> Problem | None:
    if status.error is None:
        return None
    problem = problem_of_recorded(status.error.type, status.error.detail)
    return Problem(problem.type, problem.title, problem.status, problem.detail)


@get("/jobs", tags=_TAGS, summary="List jobs", responses=problems(), sync_to_thread=True)
def list_jobs(
    container: InjectedContainer, session: InjectedSession, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[JobDescription]:
    """Return jobs, newest first.

    Callers see their own jobs under the current role. Roles with the permission `control` see all jobs.
    """
    page = container.list_jobs()(session, limit, decode_cursor("jobs", cursor, str))
    items = [_description(container, status) for status in page.jobs]
    return Page(items, None if page.next is None else encode_cursor("jobs", page.next))


@get("/jobs/{job_id:str}", tags=_TAGS, summary="Describe a job", responses=problems(404), sync_to_thread=True)
def describe_job(container: InjectedContainer, session: InjectedSession, job_id: FromPath[str]) -> JobDescription:
    """Return the state, progress and result of a job. Returns 404 if the caller may not see it."""
    return _description(container, container.list_jobs().status(session, job_id))


@delete(
    "/jobs/{job_id:str}",
    status_code=202,
    tags=_TAGS,
    summary="Cancel or remove a job",
    responses=problems(404) | REMOVED,
    sync_to_thread=True,
)
def delete_job(
    container: InjectedContainer, session: InjectedSession, job_id: FromPath[str]
) -> Response[JobDescription | None]:
    """Cancel an active job, or remove an ended one.

    An active job is asked to stop (202) and soon becomes `cancelled`. An ended job is removed (204).
    """
    stopped = container.list_jobs().stop(container.list_jobs().status(session, job_id))
    if stopped is None:
        return Response(None, status_code=204)
    return Response(_description(container, stopped))


def job_accepted(container: Container, status: JobStatus) -> Response[JobDescription]:
    """The response to the start of a job: 202 with its description and `Location`."""
    description = _description(container, status)
    return Response(description, status_code=202, headers={"Location": f"/api/v1/jobs/{status.job.id}"})


def _description(container: Container, status: JobStatus) -> JobDescription:
    return JobDescription.of(status, container.settings().jobs_kept_seconds)


HANDLERS = (list_jobs, describe_job, delete_job)
