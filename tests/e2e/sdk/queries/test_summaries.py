"""min, max and count of whole tables: the values of the rows in Python, and no file is opened where ranges say them."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import SupertableError

Row = dict[str, Any]

FILES, ROWS = 5, 130
TYPES = {
    "id": pa.int64(),
    "n": pa.int32(),
    "u": pa.uint64(),
    "f": pa.float64(),
    "g": pa.float32(),
    "d": pa.decimal128(38, 4),
    "day": pa.date32(),
    "placed": pa.timestamp("ms"),
    "zoned": pa.timestamp("us", "UTC"),
    "ns": pa.timestamp("ns"),
    "clock": pa.time64("us"),
    "s": pa.string(),
    "long": pa.string(),
    "b": pa.bool_(),
    "raw": pa.binary(),
    "none": pa.int64(),
    'Odd "name': pa.int32(),
}


def row(number: int) -> Row:
    moment = dt.datetime(2020, 5, 17, 3, 4, 5) + dt.timedelta(days=number * 37 % 101)
    full: Row = {
        "n": number * 7919 % 1009 - 500,
        "u": 2**64 - 1 - number * 31 % 17,
        "f": (number * 13 % 29 - 14) / 7 + 0.01,
        "g": 0.1 + number % 5,
        "d": Decimal(f"{1234567890123456789012345678901230 + number * 3 % 10}.{number % 10:04}"),
        "day": moment.date(),
        "placed": moment,
        "zoned": moment.replace(tzinfo=dt.UTC),
        "ns": moment,
        "clock": (moment + dt.timedelta(seconds=number)).time(),
        "s": f"key {number * 17 % 31:03} é",
        "long": "x" * 64 + f"{number:03}",
        "b": number % 2 == 0,
        "raw": bytes([number % 256]),
        "none": None,
        'Odd "name': number,
    }
    return {"id": number, **(dict.fromkeys(full) if number % 6 == 5 else full)}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[supertable.Lake]:
    """`clean`: files of more rows than a commit holds; `dirty`: the same with dead rows; `typed`: changed columns."""
    home: Path = tmp_path_factory.mktemp("summaries")
    with supertable.connect(home=home) as lake:
        for table in ("clean", "dirty"):
            for file in range(FILES):
                rows = [row(number) for number in range(file * ROWS, file * ROWS + ROWS)]
                given = pa.table({name: [one[name] for one in rows] for name in TYPES}, schema=pa.schema(TYPES))
                lake.write(table, given)
        lake.delete("dirty", where="id IN (3, 5)")
        lake.sql("CREATE TABLE typed (a INTEGER, b DATE, c DECIMAL(9, 2), e INTEGER)")
        lake.sql("INSERT INTO typed VALUES (-3, DATE '2020-01-02', 1.25, 1), (7, DATE '1999-12-31', -9.50, 2)")
        lake.sql("ALTER TABLE typed ALTER COLUMN a TYPE BIGINT")
        lake.sql("ALTER TABLE typed ALTER COLUMN b TYPE TIMESTAMP")
        lake.sql("ALTER TABLE typed ALTER COLUMN c TYPE DECIMAL(18, 4)")
        lake.sql("ALTER TABLE typed DROP COLUMN e")
        lake.sql("ALTER TABLE typed ADD COLUMN e VARCHAR")
        lake.sql("INSERT INTO typed VALUES (5, TIMESTAMP '2010-01-01 00:00:01', 1.2501, 'x')")
        lake.sql("CREATE TABLE empty (a INTEGER, b VARCHAR)")
        lake.sql("CREATE TABLE nans (f DOUBLE, z DOUBLE, i DOUBLE)")
        lake.sql("INSERT INTO nans VALUES (CAST('nan' AS DOUBLE), 0.0, CAST('inf' AS DOUBLE)), (1.0, -0.0, 2.0)")
        lake.roles.create("some", "reader")
        lake.roles.grant("some", "clean", where="b")
        yield lake


def values(column: str, without: tuple[int, ...] = ()) -> list[Any]:
    rows = [row(number) for number in range(FILES * ROWS) if number not in without]
    return [one[column] for one in rows if one[column] is not None]


def expected(column: str, without: tuple[int, ...] = ()) -> Row:
    found = values(column, without)
    kept = pa.array(found, TYPES[column]).to_pylist()
    return {
        "low": min(kept, default=None),
        "high": max(kept, default=None),
        "known": len(found),
        "rows": FILES * ROWS - len(without),
    }


def summary(column: str, table: str) -> str:
    name = '"' + column.replace('"', '""') + '"'
    return f"SELECT min({name}) AS low, max({name}) AS high, count({name}) AS known, count(*) AS rows FROM {table}"


@pytest.mark.parametrize("column", TYPES)
@pytest.mark.parametrize(("table", "without"), [("clean", ()), ("dirty", (3, 5))])
def test_summaries_are_those_of_the_rows(
    lake: supertable.Lake, column: str, table: str, without: tuple[int, ...]
) -> None:
    found = lake.sql(summary(column, table)).arrow()
    (one,) = found.to_pylist()
    assert one == expected(column, without)
    plain = lake.sql(summary(column, f"(SELECT * FROM {table})")).arrow()
    assert found.schema == plain.schema


NAMES = [
    ("SELECT min(n), MAX(n), count(n) FROM clean", ["min(n)", "max(n)", "count(n)"]),
    ('SELECT min(c."n") AS "a b", count(*) FROM clean AS c', ["a b", "count_star()"]),
    ("SELECT count(c.s) FROM clean c", ["count(c.s)"]),
]


@pytest.mark.parametrize(("sql", "names"), NAMES, ids=[sql for sql, _ in NAMES])
def test_names_are_those_of_any_query(lake: supertable.Lake, sql: str, names: list[str]) -> None:
    found = lake.sql(sql).arrow()
    assert found.column_names == names
    assert found == lake.sql(sql.replace(" FROM clean", " FROM (FROM clean)", 1)).arrow()


def test_columns_that_were_widened_dropped_and_added(lake: supertable.Lake) -> None:
    (found,) = (
        lake.sql(
            "SELECT min(a) a, max(a) b, min(b) c, max(b) d, min(c) e, max(c) f, min(e) g, max(e) h, count(e) i "
            "FROM typed"
        )
        .arrow()
        .to_pylist()
    )
    assert found == {
        "a": -3,
        "b": 7,
        "c": dt.datetime(1999, 12, 31),
        "d": dt.datetime(2020, 1, 2),
        "e": Decimal("-9.5000"),
        "f": Decimal("1.2501"),
        "g": "x",
        "h": "x",
        "i": 1,
    }
    (first,) = lake.sql("SELECT min(a), count(e), max(e) FROM typed AT (VERSION => 2)").arrow().to_pylist()
    assert first == {"min(a)": -3, "count(e)": 2, "max(e)": 2}


def test_tables_without_rows_and_floats_that_no_range_holds(lake: supertable.Lake) -> None:
    (found,) = lake.sql("SELECT min(a) x, max(b) y, count(a) z, count(*) n FROM empty").arrow().to_pylist()
    assert found == {"x": None, "y": None, "z": 0, "n": 0}
    (found,) = lake.sql("SELECT min(f) a, max(f) b, max(z) c, min(i) d, max(i) e FROM nans").arrow().to_pylist()
    assert math.isnan(found.pop("b"))
    assert found == {"a": 1.0, "c": 0.0, "d": 2.0, "e": math.inf}


def test_changed_statements_are_run_as_they_are(lake: supertable.Lake) -> None:
    known = values("n")
    for sql, value in {
        "SELECT min(n) FILTER (WHERE n > 0) v FROM clean": min(n for n in known if n > 0),
        "SELECT count(DISTINCT n) v FROM clean": len(set(known)),
        "SELECT max(n) + 1 v FROM clean": max(known) + 1,
        "SELECT max(n, 2)[2] v FROM clean": sorted(known)[-2],
        "SELECT min(n) v FROM clean WHERE n > 5": min(n for n in known if n > 5),
        "SELECT min(n) v FROM clean HAVING min(n) IS NOT NULL": min(known),
        "SELECT max(x.n) v FROM clean x, (VALUES (1), (2)) y": max(known),
        "SELECT min(n) v FROM clean AT (VERSION => 2)": min(row(n)["n"] for n in range(ROWS) if n % 6 != 5),
    }.items():
        assert lake.sql(sql).arrow().to_pylist() == [{"v": value}], sql


def test_a_role_sees_the_summary_of_its_rows(lake: supertable.Lake) -> None:
    seen = [row(number)["n"] for number in range(FILES * ROWS) if row(number)["b"]]
    with supertable.connect(home=lake.settings.home, role="some") as limited:
        found = limited.sql("SELECT min(n) a, max(n) b, count(n) c FROM clean").arrow().to_pylist()
    assert found == [{"a": min(seen), "b": max(seen), "c": len(seen)}]


def test_no_file_is_opened_for_what_ranges_say(lake: supertable.Lake, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(lake.settings.home, home)
    for file in home.rglob("data/*.parquet"):
        file.unlink()
    exact = ["n", "u", "f", "g", "d", "day", "placed", "zoned", "b", "none"]
    with supertable.connect(home=home) as copied:
        for column in exact:
            assert copied.sql(summary(column, "clean")).arrow().to_pylist() == [expected(column)], column
        (found,) = copied.sql("SELECT min(s) low, count(s) known FROM clean").arrow().to_pylist()
        assert found == {"low": min(values("s")), "known": len(values("s"))}
        for column in ("s", "long", "raw"):
            with pytest.raises(SupertableError):
                copied.sql(summary(column, "clean")).arrow()
