"""The known attacks as conditions and as new values of UPDATE, and as conditions of MERGE.

Each runs on the whole lake under a role, and on a lake that holds only what the role sees: the same happens on both,
errors included. What the role does not see stays as it was, bit for bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pytest

from supertable import InvalidSchema, InvalidStatement, Lake, QueryFailed, SupertableError
from tests.attacks.random_expressions import NUMBERS, TEXTS, Column, Expressions
from tests.attacks.test_delete_conditions import CONDITIONS
from tests.support.budgets import BUDGET, SEED, todays
from tests.support.oracles.two_lakes import HIDDEN_WORDS, TwoLakes

VALUES = """
note
card
card || '!'
salary
salary::VARCHAR
(SELECT salary FROM orders LIMIT 1)
(SELECT max(card) FROM orders)
(SELECT count(*)::VARCHAR FROM orders)
(SELECT min(note) FROM orders)
(SELECT string_agg(DISTINCT region ORDER BY region) FROM orders)
(SELECT count(*)::VARCHAR FROM secret_plans)
(SELECT max(email) FROM people)
(SELECT max(note) FROM orders AT (VERSION => 2))
(SELECT min(note) FROM table_changes('orders', 0))
o
to_json(o)::VARCHAR
(SELECT o::VARCHAR)
(SELECT max(x::VARCHAR) FROM (SELECT unnest([o]) AS x))
o.*
COLUMNS(*)
#1
rowid::VARCHAR
file_row_number::VARCHAR
st_row::VARCHAR
st_found::VARCHAR
st_new::VARCHAR
st_u_row::VARCHAR
st_u_found::VARCHAR
row_number() OVER ()
max(note)
CAST(note AS INTEGER)::VARCHAR
(amount + 9223372036854775000)::VARCHAR
(SELECT CAST(p.note AS INTEGER)::VARCHAR FROM orders p WHERE p.id = o.id)
list_transform([note], lambda x: CASE WHEN x LIKE 'p%' THEN x::INT END)::VARCHAR
list_transform([region], lambda x: CASE WHEN x = 'HIDDEN' THEN error(x) ELSE x END)::VARCHAR
(1 / (id - 43))::VARCHAR
epoch_ns(day)::VARCHAR
CAST(code AS TINYINT)::VARCHAR
printf('%d', amount)
array_extract(note, amount)
user_attribute('region')
getvariable('st_files_0')::VARCHAR
current_setting('memory_limit')
""".strip().splitlines()


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoLakes]:
    made = TwoLakes(tmp_path_factory.mktemp("lakes"), kind="writer")
    yield made
    made.close()


@pytest.fixture(scope="module", autouse=True)
def hidden(writers: TwoLakes) -> Iterator[None]:
    """What the role does not see is the same after the tests of this module."""
    before = _hidden(writers.owner)
    yield
    assert _hidden(writers.owner) == before


def test_a_condition_does_what_it_does_on_the_copy(writers: TwoLakes) -> None:
    for number, (table, condition) in enumerate(todays(CONDITIONS, "conditions of updates")):
        where = (f"({condition}) AND id < 0", f"id < 0 AND ({condition})")[number % 2]
        joined = f"(SELECT -1 AS n) s ON s.n = {table}.id AND ({condition})"
        for sql in (
            f"UPDATE {table} SET note = 'new' WHERE {where}",
            f"MERGE INTO {table} USING {joined} WHEN MATCHED THEN DELETE",
        )[: 2 if number % 4 == 0 else 1]:
            _check_same(writers, sql)


def test_values_are_those_on_the_copy(writers: TwoLakes) -> None:
    """Each updates other rows, which have not moved: rows that the role does not see are between them."""
    for number, value in enumerate(VALUES):
        first = 60 + number * 5
        _check_same(writers, f"UPDATE orders o SET note = {value} WHERE id BETWEEN {first} AND {first + 4}")
    _check_same_rows(writers)


class Updates(Expressions):
    """Random UPDATE and MERGE statements on `orders`, whose values and conditions may fail on hidden rows."""

    _NUMBERS = (Column("o.id", NUMBERS), Column("o.amount", NUMBERS), Column("o.code", NUMBERS))
    _TEXTS = (Column("o.note", TEXTS), Column("o.region", TEXTS), Column("o.card", TEXTS))
    _OTHERS = (Column("p.id", NUMBERS), Column("p.name", TEXTS), Column("p.region", TEXTS))

    def statement(self) -> str:
        self.kinds = set()
        joined = self._chance(0.3)
        columns = [*self._NUMBERS, *self._TEXTS, *(self._OTHERS if joined else ())]
        sets = f"SET note = {self._value(columns, TEXTS, 2)}, amount = {self._value(columns, NUMBERS, 2)}"
        condition = f"{self._comparison(columns, NUMBERS)} AND {self._comparison(columns, TEXTS)}"
        if not joined:
            return f"UPDATE orders o {sets} WHERE {condition}"
        if self._chance(0.5):
            return f"UPDATE orders o {sets} FROM people p WHERE o.id = p.id AND {condition}"
        return f"MERGE INTO orders o USING people p ON o.id = p.id AND {condition} WHEN MATCHED THEN UPDATE {sets}"


def test_random_updates_do_what_they_do_on_the_copy(writers: TwoLakes) -> None:
    updates = Updates(SEED)
    outcomes: Counter[object] = Counter()
    for number in range(BUDGET.selects // 2):
        sql = updates.statement()
        outcome = _check_same(writers, sql)
        outcomes[outcome[0] if isinstance(outcome[0], str) else outcome != (0, 0, 0)] += 1
        if number % 8 == 7:
            _check_same_rows(writers)
    _check_same_rows(writers)
    assert outcomes[True], outcomes


def test_all_columns_that_are_set_are_checked(writers: TwoLakes) -> None:
    for column in ("salary", "card", "nothing", "rowid", "st_row"):
        sql = f"UPDATE orders SET note = 'x', {column} = 1"
        answer = _check_same(writers, sql)
        assert answer[1] == (
            f"Table orders has no column {column!r} that can be set here. "
            "It has id, region, note, amount, price, day, code, grade."
        )


def test_rows_cannot_leave_what_the_role_sees(writers: TwoLakes) -> None:
    before = writers.owner.table("orders").info().version
    for value in ("'US'", "NULL", "CASE WHEN id = 60 THEN 'US' ELSE region END"):
        with pytest.raises(SupertableError, match="would not see"):
            writers.restricted.sql(f"UPDATE orders SET region = {value} WHERE id BETWEEN 60 AND 75")
    assert writers.owner.table("orders").info().version == before


def _check_same(lakes: TwoLakes, sql: str) -> tuple[object, ...]:
    restricted, copy = (_outcome(lake, sql) for lake in (lakes.restricted, lakes.copy))
    assert restricted == copy, sql
    assert not [word for word in HIDDEN_WORDS if word in repr(restricted) and word not in sql], sql
    return restricted


def _check_same_rows(lakes: TwoLakes) -> None:
    seen = [lake.sql("SELECT * FROM orders ORDER BY id").arrow() for lake in (lakes.restricted, lakes.copy)]
    assert seen[0].to_pylist() == seen[1].to_pylist()


def _outcome(lake: Lake, sql: str) -> tuple[object, ...]:
    try:
        done = lake.sql(sql).write
    except QueryFailed:
        return ("failed",)  # which of several rows fails first is chance
    except InvalidSchema:
        return ("misfit",)  # as above
    except SupertableError as error:
        return type(error).__name__, str(error)
    assert done is not None
    return done.rows_inserted, done.rows_updated, done.rows_deleted


def _hidden(owner: Lake) -> pa.Table:
    columns = (
        "id, CASE WHEN lower(region) LIKE 'eu%' THEN NULL ELSE (region, note, amount, price, day, code) END AS row"
    )
    return owner.sql(f"SELECT {columns}, card, salary FROM orders ORDER BY id").arrow()


def test_errors_do_not_name_columns_of_ours(writers: TwoLakes) -> None:
    for lake in (writers.owner, writers.restricted):
        for value in ("nothing", "o.nothing", "st_u_roww", "p.nothing"):
            with pytest.raises(InvalidStatement) as refused:
                lake.sql(f"UPDATE orders o SET note = {value} FROM plain p WHERE p.id = o.id")
            assert "st_u" not in str(refused.value).replace("st_u_roww", "")
