"""Compactions, vacuums, maintenance and checks: each is asked for by a POST, and goes on as a job."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from supertable.entrypoints.api.jobs.jobs import JobDescription, accepted_job
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.openapi.response_headers import LOCATION_HEADER
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace

_TAGS = ["maintenance"]
_SUPERTABLE = "/supertables/{supertable:str}"

Retention = Annotated[
    float | None,
    msgspec.Meta(description="Seconds that versions stay; none: by the table's policy.", examples=[604_800]),
]


class NewCompaction(Body):
    """`sort_by`: columns; none: by the table's policy. `everything`: all files, not just small and dirty ones."""

    sort_by: Annotated[list[str] | None, msgspec.Meta(examples=[["ordered_at"]])] = None
    everything: bool = False


class NewVacuum(Body):
    """`dry_run`: tell what would go, and remove nothing."""

    retention_seconds: Retention = None
    dry_run: bool = False


class NewCheck(Body):
    """`quick`: the sizes of data files, not their bytes. `repair`: do what is safe; see each finding."""

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
    """Small and dirty files are written anew, beside writers that never notice."""
    return accepted_job(
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
    """Older versions are given up, and what no kept version needs is removed."""
    return accepted_job(
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
    """Every table; and tables that were dropped longer ago than that go altogether."""
    return accepted_job(
        container, container.maintenance_jobs().vacuum_all(namespace, data.retention_seconds, data.dry_run)
    )


@post(
    _SUPERTABLE + "/maintenances",
    status_code=202,
    tags=_TAGS,
    summary="Do what maintenance is due",
    responses=problems(404, 429),
    response_headers=[LOCATION_HEADER],
    sync_to_thread=True,
)
def maintain_supertable(container: InjectedContainer, namespace: InjectedNamespace) -> Response[JobDescription]:
    """Compact and vacuum what is due by the tables' policies, purge dropped tables, and remove expired jobs."""
    return accepted_job(container, container.maintenance_jobs().maintain(namespace))


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
    """Everything that is stored: logs, checkpoints, data files, deletion vectors, the catalog."""
    return accepted_job(container, container.maintenance_jobs().check(namespace, data.repair, data.quick))


HANDLERS = (compact_table, vacuum_table, vacuum_supertable, maintain_supertable, check_supertable)
