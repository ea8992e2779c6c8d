"""The local store when the disk fails, the process dies, or the power is lost, at every single system call."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from supertable.adapters.object_stores.local.file_system import FileSystem
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.object_stores import PutAmbiguous, PutConflict
from supertable.domain.errors import StoreUnavailable, UnsafeStore

KEY = "acme/main/log/1"
OLD = b"old" * 1_000
NEW = b"new" * 100_000

Write = Callable[[LocalObjectStore], None]


class FailingFileSystem(FileSystem):
    """Calls `fail` at the call with this number, before the system call or after it took effect."""

    def __init__(self, number: int, fail: Callable[[], None], after: bool = False) -> None:
        self._number = number
        self._fail = fail
        self._after = after
        self._calls = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return found if name.startswith("_") else lambda *arguments: self._call(name, found, arguments)

    def _call(self, name: str, call: Callable[..., Any], arguments: Iterable[Any]) -> Any:
        self._calls += 1
        if self._calls != self._number:
            return call(*arguments)
        if self._after or name == "close":  # a failed close frees the descriptor too
            with suppress(OSError):
                _close_result(name, call(*arguments))
        return self._fail()

    @property
    def _has_failed(self) -> bool:
        return self._calls >= self._number


class PowerLossFileSystem(FileSystem):
    """Tracks what a power loss would destroy: bytes, and entries of folders, that are not synced."""

    def __init__(self) -> None:
        self.unsynced: set[Path] = set()
        self._open: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        self.unsynced.add(path)
        return self._tracked(super().create(path), path)

    def open(self, path: Path) -> int:
        return self._tracked(super().open(path), path)

    def fsync(self, descriptor: int) -> None:
        super().fsync(descriptor)
        path = self._open[descriptor]
        self.unsynced = {one for one in self.unsynced if one != path and not (path.is_dir() and one.parent == path)}

    def write(self, descriptor: int, data: memoryview) -> int:
        self.unsynced.add(self._open[descriptor])
        return super().write(descriptor, data)

    def link(self, source: Path, target: Path) -> None:
        assert source not in self.unsynced, "a power loss may destroy the bytes and keep the name"
        super().link(source, target)
        self.unsynced.add(target)

    def replace(self, source: Path, target: Path) -> None:
        assert source not in self.unsynced, "a power loss may destroy the bytes and keep the name"
        super().replace(source, target)
        self.unsynced.add(target)

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self.unsynced.add(path)

    def mkdir(self, path: Path) -> None:
        super().mkdir(path)
        self.unsynced.add(path)

    def _tracked(self, descriptor: int, path: Path) -> int:
        self._open[descriptor] = path
        return descriptor

    def lost(self, path: Path) -> set[Path]:
        """The parts of `path` that a power loss would destroy."""
        return self.unsynced & {path, *path.parents}


def put_if_absent(store: LocalObjectStore) -> None:
    store.put_if_absent(KEY, NEW)


def put(store: LocalObjectStore) -> None:
    store.put(KEY, NEW)


def stream(store: LocalObjectStore) -> None:
    with store.open_writer(KEY) as writer:
        for start in range(0, len(NEW), 100_000):
            writer.write(NEW[start : start + 100_000])


WRITES = pytest.mark.parametrize("write", [put_if_absent, put, stream])
ERRORS = pytest.mark.parametrize(
    ("error_number", "after"),
    [(errno.EIO, False), (errno.EIO, True), (errno.ENOSPC, False), (errno.EACCES, False), (errno.EDQUOT, False)],
)


def raising(number: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


class OvertakenFileSystem(FailingFileSystem):
    """A file system on which another writer always links first."""

    def link(self, source: Path, target: Path) -> None:
        target.write_bytes(OLD)
        super().link(source, target)


def failing_stores(
    tmp_path: Path,
    fail: Callable[[], None],
    after: bool,
    root_exists: bool,
    kind: type[FailingFileSystem] = FailingFileSystem,
) -> Iterable[tuple[LocalObjectStore, FailingFileSystem]]:
    """One new store for each call that can fail, until a use makes no call that fails."""
    for number in range(1, 200):
        root = tmp_path / f"{number}"
        if root_exists:
            LocalObjectStore(root).put(KEY + "-neighbour", OLD)
        file_system = kind(number, fail, after)
        yield LocalObjectStore(root, file_system), file_system
        if not file_system._has_failed:
            assert number > 5
            return
    pytest.fail("every use makes a call that fails")


def found_after(tmp_path: Path, number: int) -> bytes | None:
    """The object after the fault at this call, read by a new store, which lists objects only."""
    store = LocalObjectStore(tmp_path / f"{number}")
    assert {entry.key for entry in store.list("")} <= {KEY, KEY + "-neighbour"}
    assert set(store.folders("")) <= {"acme"}
    return store.read(KEY)


@WRITES
@ERRORS
@pytest.mark.parametrize("root_exists", [False, True], ids=["new root", "old root"])
def test_an_error_at_any_call_leaves_the_object_complete_or_absent(
    tmp_path: Path, write: Write, error_number: int, after: bool, root_exists: bool
) -> None:
    stores = failing_stores(tmp_path, raising(error_number), after, root_exists)
    for number, (store, _) in enumerate(stores, start=1):
        try:
            write(store)
        except PutAmbiguous:
            assert write is put_if_absent
            assert found_after(tmp_path, number) in (None, NEW)
            assert store.settle(KEY) == found_after(tmp_path, number)
        except StoreUnavailable as error:
            _check_reason(error, error_number)
            possible = (None, NEW) if write is put else (None,)
            assert found_after(tmp_path, number) in possible
        else:
            assert found_after(tmp_path, number) == NEW


@WRITES
def test_an_error_at_any_call_does_not_stop_the_next_attempt(tmp_path: Path, write: Write) -> None:
    for number, (store, _) in enumerate(failing_stores(tmp_path, raising(errno.EIO), False, False), start=1):
        for _ in range(2):
            try:
                write(store)
            except (PutAmbiguous, StoreUnavailable):
                continue
            except PutConflict:
                assert write is put_if_absent
            break
        assert found_after(tmp_path, number) == NEW


@WRITES
def test_no_error_leaves_a_descriptor_open(tmp_path: Path, write: Write) -> None:
    before = open_descriptors()
    for store, _ in failing_stores(tmp_path, raising(errno.EIO), False, False):
        with suppress(PutAmbiguous, StoreUnavailable):
            write(store)
    assert open_descriptors() == before


def test_an_error_during_a_replacement_leaves_the_old_or_the_new_bytes(tmp_path: Path) -> None:
    for after in (False, True):
        folder = tmp_path / str(after)
        stores = failing_stores(folder, raising(errno.EIO), after, root_exists=True)
        for number, (store, _) in enumerate(stores, start=1):
            LocalObjectStore(folder / f"{number}").put(KEY, OLD)
            try:
                put(store)
            except StoreUnavailable:
                assert found_after(folder, number) in (OLD, NEW)
            else:
                assert found_after(folder, number) == NEW


def test_an_error_during_a_lost_race_leaves_the_winner(tmp_path: Path) -> None:
    stores = failing_stores(tmp_path, raising(errno.EIO), False, True, OvertakenFileSystem)
    for number, (store, _) in enumerate(stores, start=1):
        with pytest.raises((PutConflict, PutAmbiguous, StoreUnavailable)) as caught:
            put_if_absent(store)
        assert found_after(tmp_path, number) == OLD or caught.type is not PutConflict
        assert found_after(tmp_path, number) != NEW


@pytest.mark.parametrize("after", [False, True])
@WRITES
def test_a_crash_at_any_call_leaves_the_object_complete_or_absent(tmp_path: Path, write: Write, after: bool) -> None:
    def die() -> None:
        os._exit(9)

    outcomes = set()
    for number, (store, file_system) in enumerate(failing_stores(tmp_path, die, after, root_exists=False), start=1):
        child = os.fork()
        if child == 0:
            try:
                write(store)
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        found = found_after(tmp_path, number)
        outcomes.add(found)
        assert found in (None, NEW)
        if status == 0:
            assert found == NEW
            break
        file_system._calls = number  # the calls were counted in the child
        if found is None:
            write(LocalObjectStore(tmp_path / f"{number}"))
        assert found_after(tmp_path, number) == NEW
    assert outcomes == {None, NEW}


@WRITES
def test_a_power_loss_after_a_write_destroys_nothing(tmp_path: Path, write: Write) -> None:
    root = tmp_path / "deep" / "root"
    file_system = PowerLossFileSystem()
    store = LocalObjectStore(root, file_system)
    write(store)
    assert file_system.lost(root / KEY) == set()
    store.put(KEY + "-next", NEW)
    assert file_system.lost(root / (KEY + "-next")) == set()


def test_a_power_loss_destroys_nothing_in_a_folder_that_another_process_has_just_created(tmp_path: Path) -> None:
    file_system = PowerLossFileSystem()
    folder = tmp_path
    for name in Path(KEY).parent.parts:
        folder /= name
        file_system.mkdir(folder)
    put_if_absent(LocalObjectStore(tmp_path, file_system))
    assert file_system.lost(tmp_path / KEY) == set()


def test_a_power_loss_does_not_restore_deleted_objects(tmp_path: Path) -> None:
    file_system = PowerLossFileSystem()
    store = LocalObjectStore(tmp_path, file_system)
    put(store)
    store.delete([KEY])
    assert file_system.lost(tmp_path / KEY) == set()


def test_settling_makes_the_object_durable(tmp_path: Path) -> None:
    LocalObjectStore(tmp_path).put(KEY, NEW)
    file_system = PowerLossFileSystem()
    file_system.unsynced = {tmp_path / KEY, *(tmp_path / KEY).parents} - {tmp_path, *tmp_path.parents}
    assert LocalObjectStore(tmp_path, file_system).settle(KEY) == NEW
    assert file_system.lost(tmp_path / KEY) == set()


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.read(KEY),
        lambda store: store.size(KEY),
        lambda store: store.settle(KEY),
        lambda store: [entry.key for entry in store.list("acme/")],
        lambda store: list(store.folders("")),
        lambda store: store.delete([KEY]),
    ],
    ids=["read", "size", "settle", "list", "folders", "delete"],
)
def test_an_error_while_reading_or_deleting_is_reported(
    tmp_path: Path, use: Callable[[LocalObjectStore], object]
) -> None:
    LocalObjectStore(tmp_path).put(KEY, NEW)
    failures = 0
    for number in range(1, 50):
        file_system = FailingFileSystem(number, raising(errno.EIO))
        try:
            use(LocalObjectStore(tmp_path, file_system))
        except StoreUnavailable as error:
            failures += 1
            _check_reason(error, errno.EIO)
        if not file_system._has_failed:
            break
    assert failures > 0


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV])
def test_a_file_system_without_links_is_refused(tmp_path: Path, number: int) -> None:
    class NoLinks(FileSystem):
        def link(self, source: Path, target: Path) -> None:
            raise OSError(number, os.strerror(number))

    store = LocalObjectStore(tmp_path, NoLinks())
    for write in (put_if_absent, stream):
        with pytest.raises(UnsafeStore, match=os.strerror(number)):
            write(store)
    assert list(store.list("")) == []
    assert list((tmp_path / "~drafts").iterdir()) == []


def test_a_link_that_a_network_file_system_repeats_is_not_a_conflict(tmp_path: Path) -> None:
    class RepeatedLink(FileSystem):
        def link(self, source: Path, target: Path) -> None:
            super().link(source, target)
            super().link(source, target)

    put_if_absent(LocalObjectStore(tmp_path, RepeatedLink()))
    assert LocalObjectStore(tmp_path).read(KEY) == NEW


def test_short_writes_are_continued(tmp_path: Path) -> None:
    class ShortWrites(FileSystem):
        def write(self, descriptor: int, data: memoryview) -> int:
            return super().write(descriptor, data[:777])

    for number, write in enumerate([put_if_absent, put, stream]):
        write(LocalObjectStore(tmp_path / str(number), ShortWrites()))
        assert LocalObjectStore(tmp_path / str(number)).read(KEY) == NEW


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def _check_reason(error: StoreUnavailable, number: int) -> None:
    assert os.strerror(number) in str(error)
    assert error.key
    assert error.action


def _close_result(name: str, result: Any) -> None:
    """Close the descriptor or folder that a call opened before its injected failure."""
    if name in ("create", "open"):
        os.close(result)
    if name == "scan":
        result.close()
