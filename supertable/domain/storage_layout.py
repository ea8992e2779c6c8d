"""The keys of all objects in object storage, relative to the deployment's prefix.

    {organization}/{supertable}/catalog/                   the registry's log
    {organization}/{supertable}/tables/{table id}/         a table's log, with its files:
        data/{file id}.parquet, deletes/{file id}.arrow, catalog/values
    {organization}/-/access/                               the log of roles, users and tokens
    {organization}/-/jobs/{user}/{job id}/                 a job: job, cancel, end, results/{number}.arrow
    {organization}/-/beats/{user}/{job id}                 the heartbeat of an unfinished job
    {organization}/-/tickets/{digest}                      a ticket for one connection; .used: it was redeemed
    {organization}/-/audit/anchor                          the end of the audit log
    {organization}/-/spark/{id}.parquet                    rows for a cluster, for the time of one query

A log is a folder with `log/{version}`, its records, and `checkpoints/{version}`. No folder's name ends with `/`.
"""

from __future__ import annotations

import re

from supertable.domain.names import name_key

VERSION_DIGITS = 20
ORGANIZATION_LEVEL = "-"
"""The folder of an organization for objects that belong to no supertable. No supertable can have this name."""
DATA_FOLDER = "data"
DELETES_FOLDER = "deletes"
"""The folders of data files and of deletion vectors in a table's folder."""

_JOB = "(?P<user>[0-9a-f]{32}|[0-9a-f]{64})/(?P<id>[0-9a-f]{32})"
_JOB_OBJECT = re.compile(f"[^/]+/-/jobs/{_JOB}/(job|cancel|end|results/[0-9]{{6}}\\.arrow)")
_BEAT = re.compile(f"[^/]+/-/beats/{_JOB}")


def organization_folder(organization: str) -> str:
    return name_key(organization)


def supertable_folder(organization: str, supertable: str) -> str:
    return f"{organization_folder(organization)}/{name_key(supertable)}"


def registry_log(organization: str, supertable: str) -> str:
    """The folder of the registry's log."""
    return f"{supertable_folder(organization, supertable)}/catalog"


def tables_folder(organization: str, supertable: str) -> str:
    """The folder that has a subfolder for each table's id."""
    return f"{supertable_folder(organization, supertable)}/tables"


def table_log(organization: str, supertable: str, table_id: str) -> str:
    """The folder of the table, which is also the folder of its log."""
    return f"{tables_folder(organization, supertable)}/{table_id}"


def access_log(organization: str) -> str:
    """The folder of the log of roles, users and tokens."""
    return f"{_organization_level(organization)}/access"


def audit_anchor(organization: str) -> str:
    """The object that records the end of the audit log, outside of the log itself."""
    return f"{_organization_level(organization)}/audit/anchor"


def _organization_level(organization: str) -> str:
    return f"{organization_folder(organization)}/{ORGANIZATION_LEVEL}"


def parts_of(key: str) -> tuple[str, str, str] | None:
    """The organization, the supertable (or `-`) and the rest of the key of an object or folder; None if it has no rest.

    The names are in the form in which names are compared.
    """
    parts = key.split("/", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def organization_of(key: str) -> str:
    """The organization of an object or folder, in the form in which names are compared."""
    return key.partition("/")[0]


def records_folder(log: str) -> str:
    return f"{log}/log"


def record_key(log: str, version: int) -> str:
    return f"{records_folder(log)}/{version:0{VERSION_DIGITS}d}"


def checkpoints_folder(log: str) -> str:
    return f"{log}/checkpoints"


def checkpoint_key(log: str, version: int) -> str:
    return f"{checkpoints_folder(log)}/{version:0{VERSION_DIGITS}d}"


def version_of(key: str) -> int | None:
    """The version in the key of a record or checkpoint; None for a key that is neither."""
    name = key.rsplit("/", 1)[-1]
    return int(name) if len(name) == VERSION_DIGITS and name.isdigit() else None


def value_index_key(table: str) -> str:
    """The index of a table's records that hold values. Backups copy `catalog` folders before logs: an index that is
    newer than the records could say that values are gone which the copies of the records still hold."""
    return f"{table}/catalog/values"


def data_path(file_id: str) -> str:
    """The path of a data file in its table's folder."""
    return f"{DATA_FOLDER}/{file_id}.parquet"


def inline_path(file_id: str) -> str:
    """The name of a data file without an object."""
    return f"inline/{file_id}"


def deletes_path(file_id: str) -> str:
    """The path of a deletion vector in its table's folder."""
    return f"{DELETES_FOLDER}/{file_id}.arrow"


def file_key(table: str, path: str) -> str:
    """The key of a data file or deletion vector. `table`: the table's folder; `path`: see `data_path`."""
    return f"{table}/{path}"


def path_of(table: str, key: str) -> str:
    """The path of a data file or deletion vector in the folder `table`; the inverse of `file_key`."""
    return key.removeprefix(f"{table}/")


def jobs_folder(organization: str) -> str:
    """The folder of all jobs: a subfolder for each user's hash, and in it one for each job."""
    return f"{_organization_level(organization)}/jobs"


def jobs_folder_of(organization: str, user: str) -> str:
    """The folder of a user's jobs. `user`: the user's hash."""
    return f"{jobs_folder(organization)}/{user}"


def job_folder(organization: str, user: str, job_id: str) -> str:
    return f"{jobs_folder_of(organization, user)}/{job_id}"


def job_key(job: str) -> str:
    """The key of a job's description. `job`: the job's folder, here and below."""
    return f"{job}/job"


def cancel_key(job: str) -> str:
    """The key of the request to cancel a job."""
    return f"{job}/cancel"


def end_key(job: str) -> str:
    """The key of a job's final state."""
    return f"{job}/end"


def result_key(job: str, number: int) -> str:
    """The key of one chunk of a job's result."""
    return f"{job}/results/{number:06d}.arrow"


def beats_folder(organization: str) -> str:
    """The folder of the heartbeats of unfinished jobs: a subfolder for each user's hash."""
    return f"{_organization_level(organization)}/beats"


def beats_folder_of(organization: str, user: str) -> str:
    """The folder of the heartbeats of a user's unfinished jobs."""
    return f"{beats_folder(organization)}/{user}"


def beat_key(organization: str, user: str, job_id: str) -> str:
    return f"{beats_folder_of(organization, user)}/{job_id}"


def tickets_folder(organization: str) -> str:
    """The folder of tickets, each of which opens one connection within seconds."""
    return f"{_organization_level(organization)}/tickets"


def ticket_key(organization: str, digest: str) -> str:
    """The key of a ticket. `digest`: of its text, which is stored nowhere."""
    return f"{tickets_folder(organization)}/{digest}"


def used_ticket_key(organization: str, digest: str) -> str:
    """The key of the record that a ticket was redeemed."""
    return f"{ticket_key(organization, digest)}.used"


def handed_over_folder(organization: str) -> str:
    """The folder of rows that clusters read for the time of one query."""
    return f"{_organization_level(organization)}/spark"


def handed_over_key(organization: str, identifier: str) -> str:
    """The key of such rows."""
    return f"{handed_over_folder(organization)}/{identifier}.parquet"


def job_of(key: str) -> tuple[str, str] | None:
    """The user's hash and the id of the job that an object or a heartbeat belongs to; None for other keys."""
    found = _JOB_OBJECT.fullmatch(key) or _BEAT.fullmatch(key)
    return (found["user"], found["id"]) if found else None
