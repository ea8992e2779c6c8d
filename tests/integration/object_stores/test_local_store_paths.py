"""The local store and its surroundings on disk: unusual roots, foreign files, removed folders, leftovers of crashes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.domain.errors import StoreUnavailable


@pytest.mark.parametrize("name", ["plain", "a*b?c[d]e", "[a]", 'it\'s a "root"', "ö ~ %20", "{a,b}", "a=1"])
def test_duckdb_opens_exactly_the_object_at_its_location(tmp_path: Path, name: str) -> None:
    store = LocalObjectStore(tmp_path / name)
    decoy = LocalObjectStore(tmp_path / "axbxcde")
    for target, number in ((store, 1), (decoy, 2)):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"n": [number]}), sink)
        target.put("data/a.parquet", sink.getvalue().to_pybytes())
    rows = duckdb.execute("SELECT n FROM read_parquet(?)", [[store.location("data/a.parquet")]]).fetchall()
    assert rows == [(1,)]


def test_a_relative_root_does_not_follow_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = LocalObjectStore(Path("store"))
    store.put("a", b"1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.read("a") == b"1"
    assert store.location("a") == str(tmp_path / "store" / "a")


def test_a_root_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    LocalObjectStore(tmp_path / "link").put("a/b", b"1")
    assert LocalObjectStore(tmp_path / "real").read("a/b") == b"1"


def test_no_folder_is_created_before_the_first_write(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path / "store")
    assert store.read("a") is None
    assert list(store.list("")) == []
    assert not (tmp_path / "store").exists()


def test_files_that_are_not_objects_are_not_listed(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put("a/b", b"1")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "x").touch()
    (tmp_path / "a" / "b.txt~").touch()
    (tmp_path / "a" / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "a" / "pipe")
    assert [entry.key for entry in store.list("")] == ["a/b"]
    assert list(store.folders("")) == ["a"]


def test_a_key_that_is_a_folder_on_disk_cannot_be_written(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put("a/b", b"1")
    for key in ("a", "a/b/c"):
        with pytest.raises(StoreUnavailable):
            store.put_if_absent(key, b"2")
        with pytest.raises(StoreUnavailable):
            store.put(key, b"2")
        with pytest.raises(StoreUnavailable), store.open_writer(key) as writer:
            writer.write(b"2")
        assert store.settle(key) is None
        store.delete([key])
    assert [(entry.key, entry.bytes) for entry in store.list("")] == [("a/b", 1)]


def test_a_writer_never_replaces_an_object(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put("a", b"1")
    with pytest.raises(StoreUnavailable, match="File exists"), store.open_writer("a") as writer:
        writer.write(b"2")
    assert store.read("a") == b"1"


def test_a_removed_folder_is_created_again(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path / "root")
    for folder in ("root/a/b", "root/a", "root", "root/~drafts"):
        for number, write in enumerate([store.put, store.put_if_absent]):
            write(f"a/b/{number}", b"1")
            remove_tree(tmp_path / folder)
    with store.open_writer("a/b/c") as writer:
        remove_tree(tmp_path / "root/a")
        writer.write(b"1")
    assert store.read("a/b/c") == b"1"


def test_a_file_in_place_of_the_root_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = LocalObjectStore(tmp_path / "file" / "store")
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        store.put("a", b"1")
    assert store.read("a") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not restrict the superuser")
def test_missing_permission_is_reported(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put("a", b"1")
    (tmp_path / "a").chmod(0)
    with pytest.raises(StoreUnavailable, match="Permission denied"):
        store.read("a")


def test_temporary_files_of_a_crash_are_removed_after_a_day(tmp_path: Path) -> None:
    LocalObjectStore(tmp_path).put("a", b"1")
    fresh, stale = tmp_path / "~drafts" / "fresh", tmp_path / "~drafts" / "stale"
    fresh.touch()
    stale.touch()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(stale, (two_days_ago, two_days_ago))
    LocalObjectStore(tmp_path).put("b", b"1")
    assert [path.name for path in (tmp_path / "~drafts").iterdir()] == ["fresh"]


def remove_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
