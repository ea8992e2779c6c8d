"""The space that is kept in reserve for a full disk."""

from __future__ import annotations

import threading
from pathlib import Path

from supertable.adapters.audit_journals.disk_reserve import DiskReserve

SIZE = 3 << 20


class Disk:
    """A disk with so many bytes free."""

    def __init__(self) -> None:
        self.free = 100 << 20

    def __call__(self, folder: Path) -> int:
        assert folder.is_dir()
        return self.free


def test_without_a_reserve_nothing_is_short(tmp_path: Path) -> None:
    reserve = DiskReserve(tmp_path / "reserve", Disk())
    assert not reserve.release()
    assert reserve.shortage() == ""
    assert list(tmp_path.iterdir()) == []


def test_a_released_reserve_is_filled_again_when_twice_its_size_is_free(tmp_path: Path) -> None:
    disk = Disk()
    reserve, of_another_process = (DiskReserve(tmp_path / "reserve", disk) for _ in range(2))
    reserve.fill(SIZE)
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= SIZE
    assert reserve.shortage() == ""
    assert not reserve.release(only_if_low=True)
    disk.free = 0
    assert of_another_process.release(only_if_low=True)
    assert [(file.name, file.stat().st_size < 100) for file in tmp_path.iterdir()] == [("reserve.released", True)]
    assert not reserve.release()
    disk.free = 2 * SIZE - 1
    assert "the disk was full" in reserve.shortage()
    reserve.fill(SIZE)  # a service that starts meanwhile
    assert "the disk was full" in reserve.shortage()
    disk.free = 2 * SIZE
    assert reserve.shortage() == ""
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("reserve", SIZE)]


def test_a_disk_that_is_full_at_the_start_gets_its_reserve_later(tmp_path: Path) -> None:
    disk = Disk()
    disk.free = 0
    reserve = DiskReserve(tmp_path / "audit" / "reserve", disk)
    reserve.fill(SIZE)
    assert reserve.shortage() != ""
    disk.free = 100 << 20
    assert reserve.shortage() == ""


def test_many_releases_and_fillings_leave_one_whole_file(tmp_path: Path) -> None:
    DiskReserve(tmp_path / "reserve", Disk()).fill(SIZE)

    def work() -> None:
        own = DiskReserve(tmp_path / "reserve", Disk())
        for _ in range(50):
            own.release()
            own.shortage()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert DiskReserve(tmp_path / "reserve", Disk()).shortage() == ""
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("reserve", SIZE)]
