"""Jobs as callers see them: their own, under the same role; or all jobs, for callers with the permission CONTROL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from supertable.application.jobs.job_runner import JobRunner
from supertable.application.jobs.job_store import JobStore
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import NotFound
from supertable.domain.jobs import Job, JobKind, JobStatus, QueryRequest, is_expired

_PARALLEL_READS = 16


@dataclass(frozen=True, slots=True)
class JobsPage:
    """`next`: the id to continue after; None: there are no more jobs."""

    jobs: list[JobStatus]
    next: str | None


def new_job(
    kind: JobKind,
    namespace: Namespace,
    clock: Clock,
    identifiers: Identifiers,
    table: str = "",
    query: QueryRequest | None = None,
) -> Job:
    session = namespace.session
    return Job(
        identifiers.new(),
        kind,
        session.organization,
        namespace.supertable,
        session.user,
        session.name,
        session.role,
        clock.now_us(),
        table,
        query,
    )


class ListJobs:
    def __init__(self, tables: Tables, jobs: JobStore, runner: JobRunner, clock: Clock, kept_seconds: float) -> None:
        self._tables = tables
        self._jobs = jobs
        self._runner = runner
        self._clock = clock
        self._kept_seconds = kept_seconds

    def __call__(self, session: Session, count: int, after: str | None = None) -> JobsPage:
        """Up to `count` jobs, newest first; only those older than the job with the id `after`, if it is given."""
        controls = self._tables.authorization(session).role.may(Permission.CONTROL)
        users = self._jobs.users(session.organization) if controls else [session.user]
        newest = merge(*(self._newest(session, user, after) for user in users), reverse=True)
        visible = self._visible(session, controls, newest)
        found = list(islice(visible, count + 1))
        return JobsPage(found[:count], found[count - 1].job.id if len(found) > count else None)

    def status(self, session: Session, job_id: str) -> JobStatus:
        """Raises `NotFound` if the job does not exist or the caller may not see it."""
        controls = self._tables.authorization(session).role.may(Permission.CONTROL)
        users = self._jobs.users(session.organization) if controls else [session.user]
        found = (self._jobs.find(session.organization, user, job_id) for user in users)
        job = next((one for one in found if one), None)
        status = self._visible_status(session, controls, job)
        if status is None:
            raise NotFound(_NOT_FOUND.format("job"))
        return status

    def own(self, session: Session, job_id: str, kind: JobKind) -> JobStatus:
        """The same, but only for the caller's own jobs of this kind, whatever their role permits."""
        self._tables.authorization(session)
        job = self._jobs.find(session.organization, session.user, job_id)
        status = self._visible_status(session, False, job)
        if status is None or status.job.kind is not kind:
            raise NotFound(_NOT_FOUND.format(kind))
        return status

    def stop(self, status: JobStatus) -> JobStatus | None:
        """Ask the job to stop, whichever worker runs it. If it is over, remove it with its result, and return None.

        Work that cannot be stopped runs to its end.
        """
        if status.state.over:
            self._jobs.remove(status.job)
            return None
        self._jobs.request_stop(status.job)
        self._runner.check_now()
        return status

    def _newest(self, session: Session, user: str, after: str | None) -> list[tuple[str, str]]:
        ids = self._jobs.ids(session.organization, user)
        return sorted(((job_id, user) for job_id in ids if after is None or job_id < after), reverse=True)

    def _visible(self, session: Session, controls: bool, ids: Iterator[tuple[str, str]]) -> Iterator[JobStatus]:
        def read(entry: tuple[str, str]) -> JobStatus | None:
            job_id, user = entry
            return self._visible_status(session, controls, self._jobs.find(session.organization, user, job_id))

        with ThreadPoolExecutor(_PARALLEL_READS) as pool:
            while part := list(islice(ids, _PARALLEL_READS)):
                yield from (status for status in pool.map(read, part) if status)

    def _visible_status(self, session: Session, controls: bool, job: Job | None) -> JobStatus | None:
        if job is None or not (controls or job.belongs_to(session)):
            return None
        status = self._jobs.status(job)
        return None if is_expired(status, self._kept_seconds, self._clock.now_us()) else status


_NOT_FOUND = "There is no such {} here. Finished jobs are deleted after a while."
