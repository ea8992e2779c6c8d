"""Compactions, vacuums, maintenance and checks. Each POST starts a job. They require the permission `control`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from supertable.entrypoints.api.jobs.jobs import JobDescription, job_accepted
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["maintenance"]
_SUPERTABLE = "/supertables/{supertable:str}"

Retention = Annotated[
    float | None,
    msgspec.Meta(
        description="Seconds that old versions are kept. Null: as the table's maintenance policy says.",
        examples=[604_800],
    ),
]


class NewCompaction(Body):
    """A compaction.

    `sort_by`: the columns that sort the rows; null: as the table's maintenance policy says. `everything`: rewrite all
    files, not only small and dirty ones.
    """

    sort_by: Annotated[list[str] | None, msgspec.Meta(examples=[["ordered_at"]])] = None
    everything: bool = False


class NewVacuum(Body):
    """A vacuum. `dry_run`: report what would be removed, and remove nothing."""

    retention_seconds: Retention = None
    dry_run: bool = False


class NewCheck(Body):
    """A check. `quick`: compare the sizes of data files, not their bytes. `repair`: make the repairs that are safe."""

    quick: bool = False
    repair: bool = False


@post(
    TABLE + "/compactions",
    status_code=202,
    tags=_TAGS,
    summary="Compact a table",
    responses=problems(404, 413, 415, 429),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def compact_table(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], data: JSONBody[NewCompaction]
) -> Response[JobDescription]:
    """Start a job that rewrites small and dirty files. Concurrent writers are not blocked."""
    return job_accepted(
        container, container.maintenance_jobs().compact(namespace, table, data.sort_by, data.everything)
    )


@post(
    TABLE + "/vacuums",
    status_code=202,
    tags=_TAGS,
    summary="Vacuum a table",
    responses=problems(404, 413, 415, 429),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def vacuum_table(
    container: InjectedContainer, namespace: InjectedNamespace, table: FromPath[str], data: JSONBody[NewVacuum]
) -> Response[JobDescription]:
    """Start a job that expires old versions and removes the files that no kept version needs."""
    return job_accepted(
        container, container.maintenance_jobs().vacuum(namespace, table, data.retention_seconds, data.dry_run)
    )


@post(
    _SUPERTABLE + "/vacuums",
    status_code=202,
    tags=_TAGS,
    summary="Vacuum a supertable",
    responses=problems(404, 413, 415, 429),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def vacuum_supertable(
    container: InjectedContainer, namespace: InjectedNamespace, data: JSONBody[NewVacuum]
) -> Response[JobDescription]:
    """Start a job that vacuums all tables and purges tables that were dropped before the retention time."""
    return job_accepted(
        container, container.maintenance_jobs().vacuum_all(namespace, data.retention_seconds, data.dry_run)
    )


@post(
    _SUPERTABLE + "/maintenances",
    status_code=202,
    tags=_TAGS,
    summary="Run due maintenance",
    responses=problems(404, 429),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def maintain_supertable(container: InjectedContainer, namespace: InjectedNamespace) -> Response[JobDescription]:
    """Start a job that runs all due maintenance.

    It compacts and vacuums tables as their policies say, purges dropped tables, and removes expired jobs.
    """
    return job_accepted(container, container.maintenance_jobs().maintain(namespace))


@post(
    _SUPERTABLE + "/checks",
    status_code=202,
    tags=_TAGS,
    summary="Check a supertable",
    responses=problems(404, 413, 415, 429),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def check_supertable(
    container: InjectedContainer, namespace: InjectedNamespace, data: JSONBody[NewCheck]
) -> Response[JobDescription]:
    """Start a job that checks all stored objects: logs, checkpoints, data files, deletion vectors, the catalog."""
    return job_accepted(container, container.maintenance_jobs().check(namespace, data.repair, data.quick))


HANDLERS = (compact_table, vacuum_table, vacuum_supertable, maintain_supertable, check_supertable)
