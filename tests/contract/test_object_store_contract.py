"""The contract of object stores. Runs once for each adapter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from supertable.application.ports.object_stores import ObjectChanged, ObjectRange, ObjectStore, PutConflict
from supertable.domain.errors import StoreUnavailable

Race = Callable[[int, Callable[[int], Any]], list[Any]]

BAD_KEYS = [
    "",
    "/a",
    "a/",
    "a//b",
    "../a",
    "a/../b",
    "a/./b",
    ".",
    "..",
    "a b",
    "a*",
    "a~",
    "ä",
    "a\n",
    "a\\b",
    "a\0b",
]
TREE = [
    "a-b/1", "a.b/1", "a/1", "a/2/x", "a/2-x", "a/2.x", "a/20", "a/B", "a/_", "a/b=1/c", "a0", "b",
]  # fmt: skip


def keys(store: ObjectStore, prefix: str, start_after: str = "") -> list[str]:
    return [entry.key for entry in store.list(prefix, start_after)]


def fill(store: ObjectStore, names: list[str]) -> None:
    for name in random.Random(7).sample(names, len(names)):
        store.put(name, name.encode())


# put_if_absent


def test_every_handle_reads_an_object_put_if_absent(open_store: Callable[[], ObjectStore]) -> None:
    open_store().put_if_absent("log/1", b"one")
    assert open_store().read("log/1") == b"one"
    assert open_store().settle("log/1") == b"one"
    assert keys(open_store(), "") == ["log/1"]


def test_an_existing_key_is_a_conflict_and_does_not_change(store: ObjectStore) -> None:
    store.put_if_absent("log/1", b"one")
    for data in (b"two", b"one", b""):
        with pytest.raises(PutConflict):
            store.put_if_absent("log/1", data)
    assert store.read("log/1") == b"one"
    assert keys(store, "") == ["log/1"]


def test_one_of_many_racers_wins_and_its_object_is_complete(
    open_store: Callable[[], ObjectStore], store_race: Race
) -> None:
    store = open_store()

    def put_all(racer: int) -> list[int]:
        won = []
        for version in range(10):
            try:
                store.put_if_absent(f"log/{version}", bytes([racer]) * 100_000)
            except PutConflict:
                seen = store.read(f"log/{version}")
                assert seen is not None
                assert len(seen) == 100_000
                assert len(set(seen)) == 1
            else:
                won.append(version)
        return won

    won = store_race(8, put_all)
    assert sorted(version for versions in won for version in versions) == list(range(10))
    for racer, versions in enumerate(won):
        assert all(store.read(f"log/{version}") == bytes([racer]) * 100_000 for version in versions)
    assert len(keys(store, "")) == 10


def test_settling_a_key_without_an_object_returns_none(store: ObjectStore) -> None:
    assert store.settle("log/1") is None
    store.put("log/2", b"")
    assert store.settle("log/1") is None
    assert store.settle("log/2") == b""


# put


def test_put_replaces(store: ObjectStore) -> None:
    store.put("a", b"old")
    store.put("a", b"new")
    assert store.read("a") == b"new"
    assert store.size("a") == 3
    assert keys(store, "") == ["a"]


def test_a_reader_sees_either_the_old_or_the_new_bytes(store: ObjectStore, store_race: Race) -> None:
    store.put("a", b"\0" * 50_000)

    def write_or_read(racer: int) -> None:
        for turn in range(20):
            if racer < 2:
                store.put("a", bytes([racer * 20 + turn]) * (50_000 + racer))
            else:
                seen = store.read("a")
                assert seen is not None
                assert len(seen) in (50_000, 50_001)
                assert len(set(seen)) == 1

    store_race(6, write_or_read)


# open_writer


def test_a_streamed_object_exists_after_close(store: ObjectStore) -> None:
    with store.open_writer("data/a") as writer:
        assert writer.write(b"one ") == 4
        assert writer.write(b"") == 0
        assert writer.write(b"two") == 3
        assert store.size("data/a") is None
        assert keys(store, "") == []
        writer.close()
        assert store.read("data/a") == b"one two"
    assert store.read("data/a") == b"one two"


def test_leaving_the_block_closes_the_writer(store: ObjectStore) -> None:
    with store.open_writer("data/a") as writer:
        writer.write(b"one")
    assert store.read("data/a") == b"one"


def test_closing_twice_and_aborting_after_closing_change_nothing(store: ObjectStore) -> None:
    with store.open_writer("data/a") as writer:
        writer.write(b"one")
        writer.close()
        writer.close()
        writer.abort()
    assert store.read("data/a") == b"one"


def write_and_fail(store: ObjectStore, key: str, close: bool) -> None:
    with store.open_writer(key) as writer:
        writer.write(b"one")
        if close:
            writer.close()
        raise ZeroDivisionError


def test_an_error_in_the_block_leaves_no_object(store: ObjectStore) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(store, "data/a", close=False)
    assert store.read("data/a") is None
    assert keys(store, "") == []
    assert list(store.folders("")) == []


def test_an_error_after_closing_leaves_the_object(store: ObjectStore) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(store, "data/a", close=True)
    assert store.read("data/a") == b"one"


def test_an_aborted_object_does_not_exist(store: ObjectStore) -> None:
    with store.open_writer("data/a") as writer:
        writer.write(b"one")
        writer.abort()
        writer.abort()
        with pytest.raises(ValueError):
            writer.write(b"two")
    assert store.size("data/a") is None
    assert keys(store, "") == []


def test_objects_can_be_streamed_concurrently(store: ObjectStore) -> None:
    with store.open_writer("data/a") as a, store.open_writer("data/b") as b:
        for _ in range(10):
            a.write(b"a")
            b.write(b"b")
    assert (store.read("data/a"), store.read("data/b")) == (b"a" * 10, b"b" * 10)


def test_a_large_object_is_streamed(store: ObjectStore) -> None:
    block = random.Random(3).randbytes(1 << 20)
    with store.open_writer("data/big") as writer:
        for _ in range(64):
            writer.write(block)
    assert store.size("data/big") == 64 << 20
    data = store.read("data/big")
    assert data is not None
    assert all(data[start : start + len(block)] == block for start in range(0, len(data), len(block)))


def test_objects_may_be_empty(store: ObjectStore) -> None:
    store.put_if_absent("a", b"")
    store.put("b", b"")
    with store.open_writer("c"):
        pass
    assert [(entry.key, entry.bytes) for entry in store.list("")] == [("a", 0), ("b", 0), ("c", 0)]
    assert [store.read(key) for key in "abc"] == [b"", b"", b""]
    assert [store.size(key) for key in "abc"] == [0, 0, 0]
    with pytest.raises(PutConflict):
        store.put_if_absent("a", b"x")


# read and size


def test_a_missing_object_is_none(store: ObjectStore) -> None:
    store.put("a/b", b"x")
    for key in ("c", "a/c", "c/d/e", "a", "a/b/c"):
        assert store.read(key) is None
        assert store.size(key) is None


def test_the_size_is_in_bytes(store: ObjectStore) -> None:
    store.put_if_absent("a", b"x" * 12_345)
    assert store.size("a") == 12_345


# list


def test_an_empty_store_lists_nothing(store: ObjectStore) -> None:
    assert keys(store, "") == []
    assert keys(store, "a/b/c") == []
    assert list(store.folders("")) == []
    assert list(store.folders("a/")) == []


def test_a_listing_is_in_bytewise_order_of_whole_keys(store: ObjectStore) -> None:
    fill(store, TREE)
    assert keys(store, "") == sorted(TREE)


@pytest.mark.parametrize(
    "prefix", ["a", "a/", "a/2", "a/2/", "a/2/x", "a/2/xy", "a-", "a0", "b/", "a/b=", "c", "a/B", "a/b"]
)
def test_a_prefix_may_end_anywhere_in_a_key(store: ObjectStore, prefix: str) -> None:
    fill(store, TREE)
    assert keys(store, prefix) == sorted(key for key in TREE if key.startswith(prefix))


@pytest.mark.parametrize("start_after", [*TREE, "a", "a/", "a/2/", "a/2/a", "a/3", "a/b=1/", "0", "z", "a/2/x/y"])
def test_a_listing_starts_after_a_key_that_need_not_exist(store: ObjectStore, start_after: str) -> None:
    fill(store, TREE)
    for prefix in ("", "a/", "a/2"):
        expected = sorted(key for key in TREE if key.startswith(prefix) and key > start_after)
        assert keys(store, prefix, start_after) == expected


def test_random_trees_list_like_sorted_strings(store: ObjectStore) -> None:
    rng = random.Random(11)
    names = ["0", "a", "a-", "a.b", "a=", "_", "Z"]
    # No key may be the folder of another, which a file system cannot store: so last segments differ from all others.
    folders = ["/".join(rng.choices(names, k=rng.randint(0, 3))) for _ in range(60)]
    tree = sorted({f"{folder}/f{rng.choice(names)}".lstrip("/") for folder in folders})
    fill(store, tree)
    assert keys(store, "") == tree
    for _ in range(50):
        prefix = rng.choice(tree)[: rng.randint(0, 6)]
        after = rng.choice(tree)[: rng.randint(0, 9)]
        expected = [key for key in tree if key.startswith(prefix) and key > after]
        assert keys(store, prefix, after) == expected


def test_a_listing_has_sizes_and_times(store: ObjectStore) -> None:
    before_us = time.time_ns() // 1000
    store.put("a", b"123")
    (entry,) = store.list("")
    assert (entry.key, entry.bytes) == ("a", 3)
    assert before_us - 5_000_000 < entry.modified_at_us < time.time_ns() // 1000 + 5_000_000


def test_the_tail_of_a_long_log_is_listed(store: ObjectStore) -> None:
    for version in range(200):
        store.put_if_absent(f"log/{version:020d}", b"")
    assert keys(store, "log/", f"log/{189:020d}") == [f"log/{version:020d}" for version in range(190, 200)]
    first = next(store.list("log/"))
    assert first.key == f"log/{0:020d}"


def test_deleting_while_listing_does_not_disturb_the_listing(store: ObjectStore) -> None:
    fill(store, [f"a/{n}/x" for n in range(10)])
    seen = []
    for entry in store.list(""):
        seen.append(entry.key)
        store.delete([entry.key])
    assert seen == [f"a/{n}/x" for n in range(10)]
    assert keys(store, "") == []


# folders


def test_folders_are_the_next_segments(store: ObjectStore) -> None:
    fill(store, TREE)
    assert list(store.folders("")) == ["a", "a-b", "a.b"]
    assert list(store.folders("a/")) == ["2", "b=1"]
    assert list(store.folders("a/b=1/")) == []
    assert list(store.folders("nowhere/")) == []


def test_a_folder_without_objects_is_not_listed(store_without_empty_folders: ObjectStore) -> None:
    store = store_without_empty_folders
    store.put("a/b/c", b"")
    store.put("d", b"")
    store.delete(["a/b/c"])
    assert list(store.folders("")) == []
    assert list(store.folders("a/")) == []


def test_folders_of_a_prefix_that_is_not_a_folder_are_refused(store: ObjectStore) -> None:
    with pytest.raises(ValueError):
        store.folders("a")


# delete


def test_deleted_objects_do_not_exist_and_their_keys_can_be_used_again(store: ObjectStore) -> None:
    fill(store, TREE)
    store.delete(["a/1", "a0", "not/there", "a/2", "a/1"])
    assert keys(store, "") == sorted(set(TREE) - {"a/1", "a0"})
    store.put_if_absent("a/1", b"again")
    assert store.read("a/1") == b"again"


def test_deleting_no_keys_is_a_no_op(store: ObjectStore) -> None:
    store.put("a", b"")
    store.delete([])
    store.delete(iter(()))
    assert keys(store, "") == ["a"]


# keys


@pytest.mark.parametrize("key", BAD_KEYS)
def test_an_invalid_key_is_refused_and_has_no_effect(store: ObjectStore, key: str) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.put_if_absent(key, b""),
        lambda: store.put(key, b""),
        lambda: store.open_writer(key),
        lambda: store.read(key),
        lambda: store.size(key),
        lambda: store.settle(key),
        lambda: store.delete([key]),
        lambda: store.location(key),
    ]
    for use in uses:
        with pytest.raises(ValueError):
            use()
    assert keys(store, "") == []


@pytest.mark.parametrize("prefix", ["/", "/a", "a//", "../", "a/../", "./", "a b", "*", "~"])
def test_an_invalid_prefix_is_refused(store: ObjectStore, prefix: str) -> None:
    with pytest.raises(ValueError):
        store.list(prefix)
    with pytest.raises(ValueError):
        store.folders(prefix)


def test_a_location_is_a_path_or_url_or_an_error(store: ObjectStore) -> None:
    store.put("data/a.parquet", b"x")
    try:
        location = store.location("data/a.parquet")
    except StoreUnavailable:
        return
    assert location.endswith("data/a.parquet")
    assert location.startswith("/") or "://" in location


def test_chunks_are_bounded_and_together_the_object(store: ObjectStore) -> None:
    data = bytes(range(256)) * 20_000
    store.put("a/b", data)
    chunks = list(store.chunks("a/b"))
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= 4 * 1024 * 1024
    with pytest.raises(KeyError):
        list(store.chunks("a/none"))


def test_a_fingerprint_changes_with_the_bytes(store: ObjectStore) -> None:
    assert store.fingerprint("a") is None
    store.put("a", b"one")
    first = store.fingerprint("a")
    assert first is not None
    assert store.fingerprint("a") == first
    store.put("a", b"two")
    assert store.fingerprint("a") != first


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, 1, b"0"),
        (3, 4, b"3456"),
        (8, 5, b"89"),
        (9, 1, b"9"),
        (10, 1, b""),
        (11, 5, b""),
        (0, 10, b"0123456789"),
        (0, 99, b"0123456789"),
    ],
)
def test_a_range_of_an_object_is_read(store: ObjectStore, start: int, length: int, expected: bytes) -> None:
    store.put("a/b", b"0123456789")
    fingerprint = store.fingerprint("a/b")
    for given in (None, fingerprint):
        assert store.read_range("a/b", start, length, given) == ObjectRange(expected, 10, str(fingerprint))


def test_a_range_of_an_empty_object_is_empty(store: ObjectStore) -> None:
    store.put("a", b"")
    found = store.read_range("a", 0, 10, None)
    assert found is not None
    assert (found.data, found.object_bytes) == (b"", 0)


def test_a_range_of_a_missing_object_is_none(store: ObjectStore) -> None:
    store.put("a/b/c", b"data")
    assert store.read_range("a", 0, 1, None) is None
    assert store.read_range("a/b", 0, 1, None) is None
    assert store.read_range("none", 5, 1, None) is None


@pytest.mark.parametrize("start", [0, 2, 50])
def test_a_range_of_a_changed_object_is_refused(store: ObjectStore, start: int) -> None:
    store.put("a", b"12345")
    first = store.read_range("a", 0, 2, None)
    assert first is not None
    for replacement in (b"abcde", b"a", b"longer than it was"):
        store.put("a", replacement)
        with pytest.raises(ObjectChanged):
            store.read_range("a", start, 2, first.fingerprint)
    store.delete(["a"])
    try:
        assert store.read_range("a", start, 2, first.fingerprint) is None
    except ObjectChanged:
        pass
