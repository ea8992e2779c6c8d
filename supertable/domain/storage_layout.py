"""The keys of all objects in object storage, relative to the deployment's prefix."""

from __future__ import annotations

import re

from supertable.domain.names import name_key

VERSION_DIGITS = 20
ORGANIZATION_LEVEL = "-"
"""The folder of an organization for objects that belong to no supertable. No supertable can have this name."""

_JOB = "(?P<user>[0-9a-f]{32}|[0-9a-f]{64})/(?P<id>[0-9a-f]{32})"
_JOB_OBJECT = re.compile(f"[^/]+/-/jobs/{_JOB}/(job|cancel|end|results/[0-9]{{6}}\\.arrow)")
_BEAT = re.compile(f"[^/]+/-/beats/{_JOB}")


def supertable_folder(organization: str, supertable: str) -> str:
    return f"{name_key(organization)}/{name_key(supertable)}"


def registry_log(organization: str, supertable: str) -> str:
    """The folder of the registry's log."""
    return f"{supertable_folder(organization, supertable)}/catalog"


def table_log(organization: str, supertable: str, table_id: str) -> str:
    """The folder of the table, which is also the folder of its log."""
    return f"{supertable_folder(organization, supertable)}/tables/{table_id}"


def access_log(organization: str) -> str:
    """The folder of the log of roles, users and tokens."""
    return f"{name_key(organization)}/{ORGANIZATION_LEVEL}/access"


def jobs_folder(organization: str) -> str:
    """The folder of all jobs: a subfolder for each user's hash, and in it one for each job."""
    return f"{name_key(organization)}/-/jobs"


def job_folder(organization: str, user: str, job_id: str) -> str:
    return f"{jobs_folder(organization)}/{user}/{job_id}"


def beats_folder(organization: str) -> str:
    """The folder of the heartbeats of unfinished jobs: a subfolder for each user's hash."""
    return f"{name_key(organization)}/-/beats"


def beat_key(organization: str, user: str, job_id: str) -> str:
    return f"{beats_folder(organization)}/{user}/{job_id}"


def result_key(job: str, number: int) -> str:
    """The key of one chunk of a job's result. `job`: the job's folder."""
    return f"{job}/results/{number:06d}.arrow"


def job_of(key: str) -> tuple[str, str] | None:
    """The user's hash and the id of the job that an object or a heartbeat belongs to; None for other keys."""
    found = _JOB_OBJECT.fullmatch(key) or _BEAT.fullmatch(key)
    return (found["user"], found["id"]) if found else None


def audit_anchor(organization: str) -> str:
    """The object that records the end of the audit log, outside of the log itself."""
    return f"{name_key(organization)}/-/audit/anchor"


def record_key(log: str, version: int) -> str:
    return f"{log}/log/{version:0{VERSION_DIGITS}d}"


def checkpoint_key(log: str, version: int) -> str:
    return f"{log}/checkpoints/{version:0{VERSION_DIGITS}d}"


def version_of(key: str) -> int | None:
    """The version in the key of a record or checkpoint; None for a key that is neither."""
    name = key.rsplit("/", 1)[-1]
    return int(name) if len(name) == VERSION_DIGITS and name.isdigit() else None


def data_path(file_id: str) -> str:
    return f"data/{file_id}.parquet"


def deletes_path(file_id: str) -> str:
    return f"deletes/{file_id}.arrow"
