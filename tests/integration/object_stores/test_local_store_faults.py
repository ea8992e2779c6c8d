"""The local store when the disk fails, the process dies, or the power goes, at every single system call."""

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
    """Counts the calls and, at the `at`-th, does what `fail` says, before the call or after it took effect."""

    def __init__(self, at: int, fail: Callable[[], None], after: bool = False) -> None:
        self._at = at
        self._fail = fail
        self._after = after
        self._calls = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return found if name.startswith("_") else lambda *arguments: self._call(name, found, arguments)

    def _call(self, name: str, call: Callable[..., Any], arguments: Iterable[Any]) -> Any:
        self._calls += 1
        if self._calls != self._at:
            return call(*arguments)
        if self._after or name == "close":  # which frees the descriptor, whatever it says
            with suppress(OSError):
                _put_away(name, call(*arguments))
        return self._fail()

    @property
    def _has_failed(self) -> bool:
        return self._calls >= self._at


class ForgetfulFileSystem(FileSystem):
    """Knows what a power loss would take: bytes, and entries of folders, that were not synced."""

    def __init__(self) -> None:
        self.unsynced: set[Path] = set()
        self._open: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        self.unsynced.add(path)
        return self._opened(super().create(path), path)

    def open(self, path: Path) -> int:
        return self._opened(super().open(path), path)

    def fsync(self, descriptor: int) -> None:
        super().fsync(descriptor)
        path = self._open[descriptor]
        self.unsynced = {each for each in self.unsynced if each != path and not (path.is_dir() and each.parent == path)}

    def write(self, descriptor: int, data: memoryview) -> int:
        self.unsynced.add(self._open[descriptor])
        return super().write(descriptor, data)

    def link(self, source: Path, target: Path) -> None:
        assert source not in self.unsynced, "its bytes may be lost while its name stays"
        super().link(source, target)
        self.unsynced.add(target)

    def replace(self, source: Path, target: Path) -> None:
        assert source not in self.unsynced, "its bytes may be lost while its name stays"
        super().replace(source, target)
        self.unsynced.add(target)

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self.unsynced.add(path)

    def mkdir(self, path: Path) -> None:
        super().mkdir(path)
        self.unsynced.add(path)

    def _opened(self, descriptor: int, path: Path) -> int:
        self._open[descriptor] = path
        return descriptor

    def lost(self, path: Path) -> set[Path]:
        """Which parts of the way to `path` a power loss would take."""
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
REPORTED = pytest.mark.parametrize(
    ("number", "after"),
    [(errno.EIO, False), (errno.EIO, True), (errno.ENOSPC, False), (errno.EACCES, False), (errno.EDQUOT, False)],
)


def raising(number: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


class OvertakenFileSystem(FailingFileSystem):
    """Another writer always links first."""

    def link(self, source: Path, target: Path) -> None:
        target.write_bytes(OLD)
        super().link(source, target)


def failing_stores(
    tmp_path: Path,
    fail: Callable[[], None],
    after: bool,
    made: bool,
    kind: type[FailingFileSystem] = FailingFileSystem,
) -> Iterable[tuple[LocalObjectStore, FailingFileSystem]]:
    """One new store for each call that can fail, until there was no such call. `made`: its folders exist."""
    for at in range(1, 200):
        root = tmp_path / f"{at}"
        if made:
            LocalObjectStore(root).put(KEY + "-neighbour", OLD)
        file_system = kind(at, fail, after)
        yield LocalObjectStore(root, file_system), file_system
        if not file_system._has_failed:
            assert at > 5
            return
    pytest.fail("it never ends")


def seen(tmp_path: Path, at: int) -> bytes | None:
    """The object after the fault, read by another process's store. Nothing but objects is listed."""
    store = LocalObjectStore(tmp_path / f"{at}")
    assert {entry.key for entry in store.list("")} <= {KEY, KEY + "-neighbour"}
    assert set(store.folders("")) <= {"acme"}
    return store.read(KEY)


@WRITES
@REPORTED
@pytest.mark.parametrize("made", [False, True], ids=["new root", "old root"])
def test_an_error_at_any_call_leaves_the_object_whole_or_absent(
    tmp_path: Path, write: Write, number: int, after: bool, made: bool
) -> None:
    for at, (store, _) in enumerate(failing_stores(tmp_path, raising(number), after, made), start=1):
        try:
            write(store)
        except PutAmbiguous:
            assert write is put_if_absent
            assert seen(tmp_path, at) in (None, NEW)
            assert store.settle(KEY) == seen(tmp_path, at)
        except StoreUnavailable as error:
            _check_reason(error, number)
            possible = (None, NEW) if write is put else (None,)
            assert seen(tmp_path, at) in possible
        else:
            assert seen(tmp_path, at) == NEW


@WRITES
def test_an_error_at_any_call_does_not_stop_the_next_attempt(tmp_path: Path, write: Write) -> None:
    for at, (store, _) in enumerate(failing_stores(tmp_path, raising(errno.EIO), False, False), start=1):
        for _ in range(2):
            try:
                write(store)
            except (PutAmbiguous, StoreUnavailable):
                continue
            except PutConflict:
                assert write is put_if_absent
            break
        assert seen(tmp_path, at) == NEW


@WRITES
def test_no_error_leaves_a_descriptor_open(tmp_path: Path, write: Write) -> None:
    before = open_descriptors()
    for store, _ in failing_stores(tmp_path, raising(errno.EIO), False, False):
        with suppress(PutAmbiguous, StoreUnavailable):
            write(store)
    assert open_descriptors() == before


def test_an_error_while_replacing_leaves_the_old_bytes_or_the_new(tmp_path: Path) -> None:
    for after in (False, True):
        folder = tmp_path / str(after)
        for at, (store, _) in enumerate(failing_stores(folder, raising(errno.EIO), after, made=True), start=1):
            LocalObjectStore(folder / f"{at}").put(KEY, OLD)
            try:
                put(store)
            except StoreUnavailable:
                assert seen(folder, at) in (OLD, NEW)
            else:
                assert seen(folder, at) == NEW


def test_an_error_while_losing_leaves_the_winner(tmp_path: Path) -> None:
    stores = failing_stores(tmp_path, raising(errno.EIO), False, True, OvertakenFileSystem)
    for at, (store, _) in enumerate(stores, start=1):
        with pytest.raises((PutConflict, PutAmbiguous, StoreUnavailable)) as caught:
            put_if_absent(store)
        assert seen(tmp_path, at) == OLD or caught.type is not PutConflict
        assert seen(tmp_path, at) != NEW


@pytest.mark.parametrize("after", [False, True])
@WRITES
def test_dying_at_any_call_leaves_the_object_whole_or_absent(tmp_path: Path, write: Write, after: bool) -> None:
    def die() -> None:
        os._exit(9)

    outcomes = set()
    for at, (store, file_system) in enumerate(failing_stores(tmp_path, die, after, made=False), start=1):
        child = os.fork()
        if child == 0:
            try:
                write(store)
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        found = seen(tmp_path, at)
        outcomes.add(found)
        assert found in (None, NEW)
        if status == 0:
            assert found == NEW
            break
        file_system._calls = at  # counted in the child
        if found is None:
            write(LocalObjectStore(tmp_path / f"{at}"))
        assert seen(tmp_path, at) == NEW
    assert outcomes == {None, NEW}


@WRITES
def test_a_power_loss_right_after_a_write_takes_nothing(tmp_path: Path, write: Write) -> None:
    root = tmp_path / "deep" / "root"
    file_system = ForgetfulFileSystem()
    store = LocalObjectStore(root, file_system)
    write(store)
    assert file_system.lost(root / KEY) == set()
    store.put(KEY + "-next", NEW)
    assert file_system.lost(root / (KEY + "-next")) == set()


def test_a_power_loss_takes_nothing_from_a_folder_that_another_process_has_just_made(tmp_path: Path) -> None:
    file_system = ForgetfulFileSystem()
    folder = tmp_path
    for name in Path(KEY).parent.parts:
        folder /= name
        file_system.mkdir(folder)
    put_if_absent(LocalObjectStore(tmp_path, file_system))
    assert file_system.lost(tmp_path / KEY) == set()


def test_a_power_loss_does_not_bring_deleted_objects_back(tmp_path: Path) -> None:
    file_system = ForgetfulFileSystem()
    store = LocalObjectStore(tmp_path, file_system)
    put(store)
    store.delete([KEY])
    assert file_system.lost(tmp_path / KEY) == set()


def test_settling_makes_what_it_finds_durable(tmp_path: Path) -> None:
    LocalObjectStore(tmp_path).put(KEY, NEW)
    file_system = ForgetfulFileSystem()
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
    for at in range(1, 50):
        file_system = FailingFileSystem(at, raising(errno.EIO))
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


def test_a_network_file_system_that_repeats_a_link_has_not_lost_it(tmp_path: Path) -> None:
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


def _put_away(name: str, result: Any) -> None:
    """Close what a call opened before it was made to fail."""
    if name in ("create", "open"):
        os.close(result)
    if name == "scan":
        result.close()
