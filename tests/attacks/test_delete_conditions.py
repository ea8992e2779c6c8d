"""The known attacks as conditions of deletes: what a delete does, and whether it fails, tells nothing of hidden rows.

Each runs on the whole lake under a role, and on a lake that holds only what the role sees. No condition is true for a
visible row, so that all find the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from supertable import Lake, QueryFailed, SupertableError
from tests.attacks.test_known_attacks import ATTACKS
from tests.support.oracles.two_lakes import HIDDEN_WORDS, TwoLakes

_COUNT = re.compile(r"SELECT count\(\*\) FROM (orders|events) WHERE (.*)")
CONDITIONS = [found.groups() for found in map(_COUNT.fullmatch, ATTACKS) if found]


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoLakes]:
    made = TwoLakes(tmp_path_factory.mktemp("lakes"), kind="writer")
    yield made
    made.close()


@pytest.mark.parametrize("part", range(8))
def test_a_delete_does_what_it_does_on_the_copy(writers: TwoLakes, part: int) -> None:
    for number, (table, condition) in enumerate(CONDITIONS[part::8]):
        where = (f"({condition}) AND id < 0", f"id < 0 AND ({condition})")[number % 2]
        restricted, copy = (_outcome(lake, table, where) for lake in (writers.restricted, writers.copy))
        assert restricted == copy, where
        assert not [word for word in HIDDEN_WORDS if word in repr(restricted) and word not in where], where


def test_a_delete_affects_what_the_reference_counts(writers: TwoLakes) -> None:
    """Deletes by conditions that may fail on hidden rows. The reference is apart from both lakes."""
    for condition in (
        "CAST(note AS INT) = 3",
        "code + 1 > 5 AND price < 50",
        "region LIKE '%east' AND id % 7 = 2",
        "amount + 1 = 9",
    ):
        expected = writers.ask_reference(f"SELECT count(*) FROM orders WHERE {condition}")
        deleted = writers.restricted.delete("orders", where=condition).rows_deleted
        writers.reference.run(f"DELETE FROM orders WHERE {condition}")
        assert expected.rows == (f"({deleted},)",)
        assert deleted


def _outcome(lake: Lake, table: str, where: str) -> object:
    try:
        return lake.delete(table, where=where).rows_deleted
    except QueryFailed:
        return "failed"  # which of several rows fails first is chance
    except SupertableError as error:
        return type(error).__name__, str(error)
