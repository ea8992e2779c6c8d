"""Answers of the Pro engine after every kind of change, beside values that were worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable import Lake
from supertable.application.writes.write_modes import ModeName
from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidStatement, QueryFailed, QueryTimeout, ResultTooLarge
from tests.support.pro_lake import engine, generations, holds, merged, pro_lake, rows

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("amount", pa.float64())])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with pro_lake(tmp_path_factory.mktemp("pro")) as opened:
        yield opened


@pytest.fixture
def lake(shared: Lake) -> Iterator[Lake]:
    """With a new table `t`, of which nothing is kept, and no other."""
    shared.create_table("t", SCHEMA, keys=["id"])
    write(shared, (1, "one", 1.5), (2, "two", 2.5), (3, None, None), (4, "four", 4.5))
    yield shared
    for table in shared.tables():
        shared.drop(table.name)
    cache = engine(shared).keeper._cache
    if cache is not None:
        cache.background.settle()
        for relation in cache._relations.values():
            relation.drop()


def write(lake: Lake, *given: tuple[int, str | None, float | None], mode: ModeName = "upsert") -> None:
    lake.write("t", pa.Table.from_pylist([dict(zip(SCHEMA.names, one, strict=True)) for one in given], SCHEMA), mode)


ALL = "SELECT id, name, amount FROM t ORDER BY id"


def test_a_generation_answers_and_follows_each_version(lake: Lake) -> None:
    assert rows(lake, ALL) == [(1, "one", 1.5), (2, "two", 2.5), (3, None, None), (4, "four", 4.5)]
    assert holds(lake, ALL)
    (first,) = generations(lake)
    write(lake, (2, "zwei", 20.0), (5, "five", 5.5))
    assert rows(lake, ALL) == [(1, "one", 1.5), (2, "zwei", 20.0), (3, None, None), (4, "four", 4.5), (5, "five", 5.5)]
    lake.delete("t", where="id IN (1, 5)")
    assert rows(lake, ALL) == [(2, "zwei", 20.0), (3, None, None), (4, "four", 4.5)]
    lake.sql("UPDATE t SET amount = 0 WHERE id = 3")
    assert rows(lake, ALL) == [(2, "zwei", 20.0), (3, None, 0.0), (4, "four", 4.5)]
    assert holds(lake, ALL)
    assert merged(lake, ALL) == [(2, "zwei", 20.0), (3, None, 0.0), (4, "four", 4.5)]
    (last,) = generations(lake)
    assert last is not first
    assert (last.rows, last.loose) == (3, 0)
    assert rows(lake, ALL) == [(2, "zwei", 20.0), (3, None, 0.0), (4, "four", 4.5)]


def test_rows_that_come_back_or_move_are_found_once(lake: Lake) -> None:
    rows(lake, ALL)
    lake.delete("t", where="id = 1")
    assert rows(lake, ALL)[0] == (2, "two", 2.5)
    lake.table("t").restore(2)
    assert rows(lake, ALL) == [(1, "one", 1.5), (2, "two", 2.5), (3, None, None), (4, "four", 4.5)]
    write(lake, (9, "nine", 9.0))
    lake.table("t").compact(everything=True)
    assert rows(lake, ALL)[-1] == (9, "nine", 9.0)
    assert rows(lake, "SELECT count(id) FROM t") == [(5,)]
    write(lake, (7, "seven", 7.0), mode="overwrite")
    assert rows(lake, ALL) == [(7, "seven", 7.0)]
    lake.sql("TRUNCATE t")
    assert rows(lake, ALL) == []
    assert holds(lake, ALL)


def test_schemas_change(lake: Lake) -> None:
    rows(lake, ALL)
    table = lake.table("t")
    table.rename_column("name", "label")
    assert rows(lake, "SELECT label FROM t WHERE id = 4") == [("four",)]
    table.drop_column("amount")
    with pytest.raises(InvalidStatement, match="amount"):
        rows(lake, "SELECT amount FROM t")
    table.add_column("amount", pa.int32())
    assert rows(lake, "SELECT id, amount FROM t WHERE id = 1") == [(1, None)]
    lake.sql("UPDATE t SET amount = 7 WHERE id = 1")
    assert rows(lake, "SELECT id, amount FROM t WHERE id = 1") == [(1, 7)]
    table.widen_column("amount", pa.int64())
    lake.sql("UPDATE t SET amount = 5000000000 WHERE id = 2")
    assert rows(lake, "SELECT id, amount FROM t WHERE amount IS NOT NULL ORDER BY id") == [(1, 7), (2, 5_000_000_000)]
    assert lake.sql("SELECT amount FROM t", engine="pro").arrow().schema.field("amount").type == pa.int64()


def test_older_versions_are_read_beside_the_newest(lake: Lake) -> None:
    assert rows(lake, "SELECT count(id), count(name) FROM t AT (VERSION => 1)") == [(0, 0)]
    rows(lake, ALL)
    before = f"t AT (TIMESTAMP => '{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S.%f}')"
    lake.delete("t", where="id > 1")
    assert rows(lake, f"SELECT id, name FROM {before} ORDER BY id") == [(1, "one"), (2, "two"), (3, None), (4, "four")]
    assert rows(lake, f"SELECT id FROM {before} EXCEPT SELECT id FROM t ORDER BY id") == [(2,), (3,), (4,)]
    both = "SELECT n.id, o.id FROM t n RIGHT JOIN (FROM t AT (VERSION => 2)) o USING (id) ORDER BY o.id"
    assert rows(lake, both) == [(1, 1), (None, 2), (None, 3), (None, 4)]
    assert rows(lake, "SELECT id FROM t") == [(1,)]
    lake.clone("t", "c", version=2)
    assert rows(lake, "SELECT c.id FROM c ANTI JOIN t USING (id) ORDER BY 1") == [(2,), (3,), (4,)]


def test_columns_are_loaded_as_statements_read_them(lake: Lake) -> None:
    assert rows(lake, "SELECT sum(amount) FROM t") == [(8.5,)]
    assert [sorted(one.fields) for one in generations(lake)] == [[3]]
    assert rows(lake, "SELECT NAME FROM t WHERE id = 2") == [("two",)]
    assert [sorted(one.fields) for one in generations(lake)] == [[1, 2, 3]]
    assert rows(lake, "SELECT x.id FROM t x WHERE EXISTS (SELECT 1 FROM t y WHERE y.id = x.id + 1) ORDER BY 1") == [
        (1,),
        (2,),
        (3,),
    ]
    assert rows(lake, "SELECT (SELECT count(*) FROM t), max(id) FROM t") == [(4, 4)]
    assert rows(lake, "SELECT 1 FROM t WHERE random() < 2") == [(1,)] * 4
    assert rows(lake, "SELECT t FROM t WHERE id = 1") == [({"id": 1, "name": "one", "amount": 1.5},)]


def test_names_of_columns_mean_what_they_mean_in_files(tmp_path: Path) -> None:
    names = ["st_file", "st_row", "rowid", "c1", "a b", 'q"q', "SELECT", "t"]
    with pro_lake(tmp_path) as lake:
        lake.write("t", pa.table([[n] for n in range(len(names))], names=names))
        for number, name in enumerate(names):
            quoted = name.replace('"', '""')
            assert rows(lake, f'SELECT "{quoted}" FROM t') == [(number,)]
        assert rows(lake, "FROM t") == [tuple(range(len(names)))]
        lake.write("u", pa.table({"a": [1]}))
        assert rows(lake, "SELECT a FROM u") == [(1,)]
        with pytest.raises(InvalidStatement, match="rowid"):
            rows(lake, "SELECT rowid FROM u")
        for hidden in ("st_file", "st_row", "c1"):
            with pytest.raises(InvalidStatement, match=hidden):
                rows(lake, f"SELECT {hidden} FROM u")


TYPED = pa.table(
    {
        "bool": pa.array([True, False, None]),
        "tiny": pa.array([-128, 127, None], pa.int8()),
        "small": pa.array([-(2**15), 2**15 - 1, None], pa.int16()),
        "big": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
        "unsigned": pa.array([0, 2**64 - 1, None], pa.uint64()),
        "single": pa.array([0.1, float("inf"), None], pa.float32()),
        "double": pa.array([-0.0, float("-inf"), None], pa.float64()),
        "dec": pa.array([Decimal("-0.01"), Decimal("9" * 36 + ".99"), None], pa.decimal128(38, 2)),
        "text": pa.array(["", "Ä\x00ß😀", None]),
        "blob": pa.array([b"", b"\x00\xff", None]),
        "day": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None]),
        "time": pa.array([dt.time(0), dt.time(23, 59, 59, 999999), None], pa.time64("us")),
        "at": pa.array([dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), None], pa.timestamp("us")),
        "at_ns": pa.array([-(2**63) + 2, 2**63 - 2, None], pa.timestamp("ns")),
        "zoned": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
        "list": pa.array([[], [1, None, 3], None], pa.list_(pa.int32())),
        "struct": pa.array([{"a": 1, "b": None}, {"a": None, "b": "x"}, None]),
        "map": pa.array([[], [("k", 1), ("l", None)], None], pa.map_(pa.string(), pa.int64())),
    }
)


@pytest.mark.parametrize("place", ["disk", "memory"])
def test_values_of_every_type_come_back(tmp_path: Path, place: str) -> None:
    with pro_lake(tmp_path, pro_cache_in=place) as lake:
        lake.write("t", TYPED.append_column("n", pa.array([1, 2, 3])), keys=["n"], mode="upsert")
        for _ in range(2):  # made from files, then refreshed, then merged
            found = lake.sql("SELECT * EXCLUDE (n) FROM t ORDER BY n", engine="pro").arrow()
            assert found.to_pydict() == TYPED.to_pydict()
            assert found.schema == lake.sql("SELECT * EXCLUDE (n) FROM t ORDER BY n", engine="lite").arrow().schema
            assert holds(lake, "FROM t")
            lake.write("t", TYPED.append_column("n", pa.array([1, 2, 3])).slice(0, 2), mode="upsert")
            assert rows(lake, "SELECT count(text), count(list) FROM t WHERE n > 0") == [(2, 2)]
            engine(lake).keeper.settle()
        nan = pa.table({"n": [1], "double": [float("nan")]})
        lake.write("t", nan, mode="upsert")
        assert rows(lake, "SELECT isnan(double), double > 1e308 FROM t WHERE n = 1") == [(True, True)]


def test_no_expression_meets_a_row_that_died(lake: Lake) -> None:
    for number, text in enumerate(["1", "2", "x", "4"], 1):
        write(lake, (number, text, None))
    with pytest.raises(QueryFailed):
        rows(lake, "SELECT sum(CAST(name AS INTEGER)) FROM t")
    lake.delete("t", where="id = 3")
    assert rows(lake, "SELECT sum(CAST(name AS INTEGER)) FROM t WHERE CAST(name AS INTEGER) > 0") == [(7,)]
    assert holds(lake, "FROM t")


def test_limits_hold(lake: Lake) -> None:
    rows(lake, ALL)
    with pytest.raises(ResultTooLarge):
        lake.sql("SELECT id FROM t", engine="pro", max_rows=3).arrow()
    endless = "SELECT count(*) FROM t, range(1000000000000) r(i) WHERE hash(i + id) = 5"
    with pytest.raises(QueryTimeout):
        lake.sql(endless, engine="pro", timeout_seconds=0.2).arrow()
    assert rows(lake, "SELECT id FROM t WHERE id = ?", [2]) == [(2,)]
    with pytest.raises(InvalidStatement):
        rows(lake, "SELECT id FROM t WHERE id = ?")


def test_statements_that_are_not_for_generations_are_answered_all_the_same(lake: Lake) -> None:
    frame = pa.table({"id": [1, 2], "w": [10, 20]})
    assert lake.sql("SELECT sum(w * amount) FROM t JOIN frame USING (id)", engine="pro").arrow().to_pydict() == {
        "sum((w * amount))": [65.0]
    }
    assert frame.num_rows == 2
    assert rows(lake, "SELECT count(*) FROM table_changes('t', 0)") == [(4,)]
    assert rows(lake, "SELECT count(id) FROM main") == [(4,)]
    assert rows(lake, "SELECT 1") == [(1,)]
    assert len(rows(lake, "EXPLAIN SELECT * FROM t")) > 0
    assert rows(lake, "SELECT count(*) FROM (FROM t TABLESAMPLE SYSTEM (100%) REPEATABLE (3))") == [(4,)]


def test_a_role_is_told_how_many_rows_it_sees_at_each_version(tmp_path: Path) -> None:
    with pro_lake(tmp_path) as owner:
        owner.write("t", pa.table({"id": range(100), "team": ["red", "blue", "red", None] * 25}), "upsert", keys=["id"])
        owner.roles.create("reds", "reader")
        owner.roles.grant("reds", "t", columns=["id"], where="team = 'red'")
        role = Lake(owner._container, "main", Session("default", "e" * 32, "ann", "reds", external=True))

        def told(sql: str = "SELECT count(*) FROM t", **options: Any) -> tuple[list[tuple[Any, ...]], str]:
            result = role.sql(sql, engine="pro", **options)
            return [tuple(row) for row in result.fetchall()], result.engine

        assert told() == told() == ([(50,)], "pro")
        assert role.sql("SELECT count(*) AS n FROM t", engine="pro").columns == ["n"]
        owner.write("t", pa.table({"id": [0, 1, 2, 200, 201], "team": ["blue", "red", "red", "red", None]}), "upsert")
        assert told() == ([(51,)], "pro")
        assert told("SELECT count(*) FROM t AT (VERSION => 2)")[0] == [(50,)]
        assert told("SELECT count(*) FROM t AT (VERSION => 3)")[0] == [(51,)]
        assert told("SELECT count(*) FROM t WHERE id < 3") == ([(2,)], "pro")
        owner.delete("t", where="team IS NULL OR id = 2")
        assert told() == ([(50,)], "pro")
        assert told("SELECT count(*) FROM t LIMIT 0") == ([], "pro")
        with pytest.raises(ResultTooLarge):
            told(max_rows=0)
        with pytest.raises(InvalidStatement):
            told("SELECT count(*) FROM t", parameters=[1])
        owner.sql("TRUNCATE t")
        assert told()[0] == [(0,)]
