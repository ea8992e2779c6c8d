"""Jobs, their results, and the removal of expired ones."""

from __future__ import annotations

from supertable.adapters.codecs.json_documents import JsonDocument
from supertable.application.jobs.expired_jobs import ExpireJobs, Sweeping
from supertable.application.jobs.job_results import JobResults
from supertable.application.jobs.job_runner import JobRunner
from supertable.application.jobs.job_store import JobStore
from supertable.application.jobs.list_jobs import ListJobs
from supertable.application.ports.clocks import Clock
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.lookup import Tables
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.foundation.storage import clock, settings, store
from supertable.config.wiring.tables import tables
from supertable.domain.jobs import End, Heartbeat, Job


def _job_store(*, store: ObjectStore, clock: Clock) -> JobStore:
    return JobStore(
        store=store,
        jobs=JsonDocument(Job),
        beats=JsonDocument(Heartbeat),
        ends=JsonDocument(End),
        clock=clock,
    )


def _job_results(*, store: ObjectStore, settings: Settings) -> JobResults:
    return JobResults(store=store, max_bytes=settings.job_result_bytes)


def _job_runner(*, job_store: JobStore, clock: Clock, settings: Settings) -> JobRunner:
    return JobRunner(jobs=job_store, clock=clock, at_once=settings.jobs_at_once, per_user=settings.jobs_per_user)


def _list_jobs(
    *, tables: Tables, job_store: JobStore, job_runner: JobRunner, clock: Clock, settings: Settings
) -> ListJobs:
    return ListJobs(
        tables=tables, jobs=job_store, runner=job_runner, clock=clock, kept_seconds=settings.jobs_kept_seconds
    )


def _expire_jobs(*, store: ObjectStore, clock: Clock, settings: Settings) -> ExpireJobs:
    return ExpireJobs(store=store, clock=clock, kept_seconds=settings.jobs_kept_seconds)


job_store = singleton(_job_store, store=provided(store), clock=provided(clock))
job_results = singleton(_job_results, store=provided(store), settings=provided(settings))
job_runner = singleton(_job_runner, job_store=provided(job_store), clock=provided(clock), settings=provided(settings))
list_jobs = singleton(
    _list_jobs,
    tables=provided(tables),
    job_store=provided(job_store),
    job_runner=provided(job_runner),
    clock=provided(clock),
    settings=provided(settings),
)
sweep_jobs = singleton(_expire_jobs, store=provided(store), clock=provided(clock), settings=provided(settings))
sweeping = singleton(Sweeping, sweep=provided(sweep_jobs))
