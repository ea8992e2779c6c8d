"""No expression of a statement is evaluated on deleted rows, so that none fails because of their values."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import supertable
from supertable import Lake
from tests.support.oracles.two_lakes import EVENTS, events

CONDITIONS = [
    "note::INT >= 0",
    "[note]::INT[] IS NOT NULL",
    "(note, 1)::STRUCT(a INT, b INT) IS NOT NULL",
    "dec::DECIMAL(5, 2) > 0",
    "to_timestamp(big) >= TIMESTAMPTZ '1970-01-01'",
    "list_reduce([big, big], lambda a, b: a + b) >= 0",
    "coalesce(substring(note, big), '') <> 'x'",
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("lake")) as made:
        made.create_table("events", EVENTS)
        made.write("events", events())
        made.delete("events", where="note = 'poison'")
        yield made


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_is_not_evaluated_on_deleted_rows(lake: Lake, condition: str) -> None:
    found = lake.sql(f"SELECT count(*) AS n FROM events WHERE {condition}").arrow()
    assert found["n"].to_pylist() == [297_000]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_nor_by_a_delete(lake: Lake, condition: str) -> None:
    assert lake.delete("events", where=f"id < 0 AND {condition}").rows_deleted == 0
