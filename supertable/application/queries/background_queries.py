"""Queries as jobs: run in the background, their results kept for a while, for nobody but who asked.

A statement is checked and bound to one cut before the job is made, so that what is wrong with it is told at once. Who
reads the result must be the same user under the same role, whose rights are what they were when the query was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.jobs.job_results import JobResults
from supertable.application.jobs.job_runner import JobRun, JobRunner
from supertable.application.jobs.list_jobs import ListJobs, new_job
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.engines import Limits
from supertable.application.queries.run_query import PreparedQuery, RunQuery
from supertable.application.storage.checksums import digest_of
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.accounts import Authorization
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.audit import AuditKind
from supertable.domain.errors import AccessDenied, InvalidInput, JobNotOver, TableNotFound
from supertable.domain.jobs import Chunk, Job, JobKind, JobState, JobStatus, Outcome, QueryRequest, TableRead

_READING = "read result"


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows of a result from row `start` on (from 0), a chunk at a time in memory. `next`: where more begin; None: that
    is all."""

    status: JobStatus
    reader: pa.RecordBatchReader
    start: int
    next: int | None


class BackgroundQueries:
    def __init__(
        self,
        tables: Tables,
        run_query: RunQuery,
        list_jobs: ListJobs,
        runner: JobRunner,
        results: JobResults,
        audit: AuditRecorder,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._run_query = run_query
        self._list_jobs = list_jobs
        self._runner = runner
        self._results = results
        self._audit = audit
        self._clock = clock
        self._identifiers = identifiers

    def submit(
        self, namespace: Namespace, sql: str, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits
    ) -> JobStatus:
        """Raises what `RunQuery.prepare` does, and `TooManyJobs`."""
        rights = _rights(
            self._tables.authorization(namespace.session)
        )  # before the cut: what changes in between is noticed
        prepared = self._run_query.prepare(namespace, sql, parameters)
        try:
            query = QueryRequest(sql, prepared.versions, _read(prepared), rights)
            job = new_job(JobKind.QUERY, namespace, self._clock, self._identifiers, query=query)
            work = partial(self._work, job, prepared, parameters, limits)
            return self._runner.submit(job, work, partial(self._tables.authorization, namespace.session))
        except BaseException:
            prepared.lease.close()
            raise

    def status(self, session: Session, job_id: str) -> JobStatus:
        """Raises `NotFound` for all but the same user under the same role."""
        return self._list_jobs.own(session, job_id, JobKind.QUERY)

    def results(self, session: Session, job_id: str, start: int, count: int | None) -> ResultPage:
        """At most `count` rows from row `start` on; None: all that there are.

        Raises `NotFound`, `JobNotOver` without a result, `AccessDenied` where rights are not what they were,
        `InvalidInput` beyond the end, and `Damaged`.
        """
        status = self.status(session, job_id)
        asked, end = status.job.query, status.end
        if asked is None or end is None or status.state is not JobState.SUCCEEDED:
            raise JobNotOver(job_id, status.state)
        told: dict[str, Any] = {"supertable": status.job.supertable, "tables": tuple(asked.versions)}
        self._audit.ensure_ready(session.organization)
        with self._audit.recording_refusals(session, _READING, **told):
            self._recheck(session, asked)
        kept = end.outcome.chunks
        total = sum(chunk.rows for chunk in kept)
        if start > total:
            raise InvalidInput(f"The result has {total:,} rows; there is nothing from row {start:,} on.")
        stop = total if count is None else min(start + count, total)
        reader = self._results.read(status.job, kept, start, stop - start)
        self._audit.record_action(session, AuditKind.QUERY, _READING, rows=stop - start, **told)
        return ResultPage(status, reader, start, stop if stop < total else None)

    def _recheck(self, session: Session, asked: QueryRequest) -> None:
        tables = [(table.supertable, table.table_id) for table in asked.tables]
        try:
            now = self._tables.recheck_access(session, tables, Permission.READ)
        except TableNotFound:
            raise AccessDenied("A table that this result was made of is gone, or closed to this role by now.") from None
        if _rights(now) != asked.rights:
            raise AccessDenied("The rights of this role have changed since the query was asked; ask it again.")

    def _work(
        self,
        job: Job,
        prepared: PreparedQuery,
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
        run: JobRun,
    ) -> Outcome:
        def told(written: Sequence[Chunk]) -> None:
            run.at(sum(chunk.rows for chunk in written), what="rows")
            run.go_on()

        running = self._run_query.run(prepared, parameters, limits)
        try:
            run.on_stop(running.cancel)
            chunks = self._results.write(job, running.reader, told)
        finally:
            running.close()
        rows, size = sum(chunk.rows for chunk in chunks), sum(chunk.bytes for chunk in chunks)
        return Outcome({"rows": rows, "bytes": size}, chunks)


def _read(prepared: PreparedQuery) -> tuple[TableRead, ...]:
    read = {TableRead(table.namespace.supertable, table.entry.table_id) for table in prepared.tables if table.namespace}
    return tuple(sorted(read, key=lambda table: (table.supertable, table.table_id)))


def _rights(now: Authorization) -> str:
    """Stands for all that decides what the caller sees, but for the names of tables."""
    attributes = sorted(now.caller.attributes.items())
    return digest_of(repr((now.role.name, now.role.version, attributes)).encode(errors="surrogatepass"))
