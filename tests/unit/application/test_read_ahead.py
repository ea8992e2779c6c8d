"""Records that are read ahead, in their order."""

from __future__ import annotations

import threading

import pytest

from supertable.application.transaction_log.read_ahead import read_ahead


class Records:
    """A record is ten times its version; those of some versions cannot be read."""

    def __init__(self, damaged: int = 0) -> None:
        self.read: list[int] = []
        self._damaged = damaged
        self._lock = threading.Lock()

    def __call__(self, version: int) -> int:
        with self._lock:
            self.read.append(version)
        if version == self._damaged:
            raise ValueError(f"{version} is damaged")
        return version * 10


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 300])
@pytest.mark.parametrize("step", [1, -1], ids=["ascending", "descending"])
def test_all_are_read_once_in_their_order(count: int, step: int) -> None:
    records, versions = Records(), range(1, count + 1)[::step]
    assert list(read_ahead(records, versions)) == [version * 10 for version in versions]
    assert sorted(records.read) == list(range(1, count + 1))


@pytest.mark.parametrize(("taken", "most"), [(1, 2), (5, 10), (100, 165)])
def test_one_who_stops_early_has_read_few_in_vain(taken: int, most: int) -> None:
    records = Records()
    found = read_ahead(records, range(1, 1000))
    for number in range(1, taken + 1):
        assert next(found) == number * 10
    found.close()  # type: ignore[attr-defined]
    assert len(records.read) <= most
    assert "records_0" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("damaged", [1, 2, 40])
def test_an_error_is_raised_in_the_place_of_its_record(damaged: int) -> None:
    found = read_ahead(Records(damaged), range(1, 100))
    for number in range(1, damaged):
        assert next(found) == number * 10
    with pytest.raises(ValueError, match=f"{damaged} is damaged"):
        next(found)
