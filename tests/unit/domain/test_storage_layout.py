"""The keys of objects in storage, and what can be read from a key."""

from __future__ import annotations

import pytest

from supertable.domain import storage_layout as layout

USER, JOB = "a" * 32, "b" * 32
TABLE = layout.table_log("Acme", "Main", "7f3c")
JOB_FOLDER = layout.job_folder("Acme", USER, JOB)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (layout.organization_folder("Acme"), "acme"),
        (layout.supertable_folder("Acme", "Main"), "acme/main"),
        (layout.registry_log("Acme", "Main"), "acme/main/catalog"),
        (layout.tables_folder("Acme", "Main"), "acme/main/tables"),
        (TABLE, "acme/main/tables/7f3c"),
        (layout.record_key(TABLE, 7), "acme/main/tables/7f3c/log/00000000000000000007"),
        (layout.checkpoint_key(TABLE, 7), "acme/main/tables/7f3c/checkpoints/00000000000000000007"),
        (layout.file_key(TABLE, layout.data_path("1")), "acme/main/tables/7f3c/data/1.parquet"),
        (layout.file_key(TABLE, layout.deletes_path("1")), "acme/main/tables/7f3c/deletes/1.arrow"),
        (layout.access_log("Acme"), "acme/-/access"),
        (layout.audit_anchor("Acme"), "acme/-/audit/anchor"),
        (layout.job_key(JOB_FOLDER), f"acme/-/jobs/{USER}/{JOB}/job"),
        (layout.cancel_key(JOB_FOLDER), f"acme/-/jobs/{USER}/{JOB}/cancel"),
        (layout.end_key(JOB_FOLDER), f"acme/-/jobs/{USER}/{JOB}/end"),
        (layout.result_key(JOB_FOLDER, 3), f"acme/-/jobs/{USER}/{JOB}/results/000003.arrow"),
        (layout.beat_key("Acme", USER, JOB), f"acme/-/beats/{USER}/{JOB}"),
    ],
)
def test_keys_are_stable_and_names_in_them_have_one_case(key: str, expected: str) -> None:
    assert key == expected


def test_the_version_is_read_from_the_key_of_a_record_or_checkpoint() -> None:
    assert layout.version_of(layout.record_key(TABLE, 12)) == 12
    assert layout.version_of(layout.checkpoint_key(TABLE, 12)) == 12


@pytest.mark.parametrize("key", [TABLE, f"{TABLE}/log/12", f"{TABLE}/log/{'x' * 20}", f"{TABLE}/log/{'1' * 21}"])
def test_other_keys_have_no_version(key: str) -> None:
    assert layout.version_of(key) is None


def test_records_and_checkpoints_are_in_their_folders() -> None:
    assert layout.record_key(TABLE, 1).startswith(f"{layout.records_folder(TABLE)}/")
    assert layout.checkpoint_key(TABLE, 1).startswith(f"{layout.checkpoints_folder(TABLE)}/")


@pytest.mark.parametrize("path", [layout.data_path("1"), layout.deletes_path("1")])
def test_the_path_of_a_file_is_read_from_its_key(path: str) -> None:
    assert layout.path_of(TABLE, layout.file_key(TABLE, path)) == path


@pytest.mark.parametrize(
    "key",
    [
        layout.job_key(JOB_FOLDER),
        layout.cancel_key(JOB_FOLDER),
        layout.end_key(JOB_FOLDER),
        layout.result_key(JOB_FOLDER, 0),
        layout.beat_key("acme", USER, JOB),
    ],
)
def test_every_object_of_a_job_names_the_user_and_the_job(key: str) -> None:
    assert layout.job_of(key) == (USER, JOB)


@pytest.mark.parametrize("key", [JOB_FOLDER, f"{JOB_FOLDER}/other", layout.record_key(TABLE, 1), "acme/-/jobs/u/j/job"])
def test_other_objects_belong_to_no_job(key: str) -> None:
    assert layout.job_of(key) is None


def test_a_user_s_jobs_and_heartbeats_are_in_the_user_s_folders() -> None:
    assert JOB_FOLDER.startswith(f"{layout.jobs_folder_of('acme', USER)}/")
    assert layout.jobs_folder_of("acme", USER).startswith(f"{layout.jobs_folder('acme')}/")
    assert layout.beat_key("acme", USER, JOB).startswith(f"{layout.beats_folder_of('acme', USER)}/")
    assert layout.beats_folder_of("acme", USER).startswith(f"{layout.beats_folder('acme')}/")


def test_a_key_is_split_into_organization_supertable_and_rest() -> None:
    assert layout.parts_of(TABLE) == ("acme", "main", "tables/7f3c")
    assert layout.parts_of(layout.access_log("Acme")) == ("acme", layout.ORGANIZATION_LEVEL, "access")
    assert layout.parts_of("acme/main") is None
    assert layout.organization_of(TABLE) == "acme"
