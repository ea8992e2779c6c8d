"""Checks that all systems give the same answers, in any order of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.peers.systems import ALL_ROWS, System

_FEW_ROWS = 100
_FINGERPRINT = """
    SELECT count(*), sum(id), bit_xor(hash(id, customer, region, amount, CAST(ordered_at AS TIMESTAMP)))
    FROM arrived
"""


def check_same(what: str, answers: Mapping[str, pa.Table | None]) -> None:
    """Raises `AssertionError`, which names the system whose answer differs from the first."""
    (first, expected), *others = [(name, _rows(answer)) for name, answer in answers.items()]
    for name, found in others:
        if not _equal(expected, found):
            raise AssertionError(f"{what}: {name} answers {found}, {first} {expected}")


def check_same_rows(what: str, systems: Iterable[System]) -> None:
    """Compare the whole tables: the number of rows, the sum of the ids, and a checksum over all values."""
    check_same(what, {system.name: fingerprint(system.query(ALL_ROWS)) for system in systems})


def fingerprint(arrived: pa.Table) -> pa.Table:
    """A row that is the same for the same rows in any order."""
    with duckdb.connect() as connection:
        return connection.register("arrived", arrived).sql(_FINGERPRINT).to_arrow_table()


def _rows(answer: pa.Table | None) -> list[tuple[Any, ...]]:
    if answer is None:
        return []
    if answer.num_rows > _FEW_ROWS:
        answer = fingerprint(answer)
    return sorted(zip(*(column.to_pylist() for column in answer.columns), strict=True), key=repr)


def _equal(some: list[tuple[Any, ...]], others: list[tuple[Any, ...]]) -> bool:
    """Compares floats approximately, because sums depend on the order of addition."""
    if len(some) != len(others):
        return False
    pairs = [pair for one, other in zip(some, others, strict=True) for pair in zip(one, other, strict=True)]
    return all(math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) else a == b for a, b in pairs)
