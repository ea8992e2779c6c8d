"""Files and frames in the SQL of the owner of an embedded lake, and of nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable import Lake
from supertable.domain.errors import (
    AccessDenied,
    Closed,
    InvalidInput,
    StatementRefused,
    SupertableError,
    TableNotFound,
    UnreadableInput,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("files")
    (made / "new.csv").write_text("id,code,day\n1,01234,2024-01-02\n3,x,2024-01-03\n")
    (made / "a 1.ndjson").write_text('{"id": 1, "v": {"a": 1}}\n')
    (made / "a 2.ndjson").write_text('{"id": 2, "v": {"a": 2.5}}\n')
    (made / "late.csv").write_text("n\n" + "1\n" * 21_000 + "1.5\n")
    (made / "bad.csv").write_text("a,b\n1,2\n" * 1 + "3\n")
    pq.write_table(pa.table({"id": [2], "z": ["q"]}), made / "x.parquet")
    return made


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("lake")) as made:
        made.create_table_from("orders", pa.table({"id": [1, 2, 3], "price": [1.5, 2.5, 3.5]}), keys=["id"])
        yield made


def rows(lake: Lake, sql: str, **more: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in lake.sql(sql, **more).arrow().to_pylist()]


FILES = [
    ("from '{}/new.csv' order by id", [(1, "01234", dt.date(2024, 1, 2)), (3, "x", dt.date(2024, 1, 3))]),
    ("select code, price from '{}/new.csv' join orders using (id) order by 1", [("01234", 1.5), ("x", 3.5)]),
    ("select id, v.a from '{}/a *.ndjson' order by id", [(1, 1.0), (2, 2.5)]),
    ("select n.id from '{}/x.parquet' n, '{}/x.parquet' m", [(2,)]),
    ("with c as (from '{}/x.parquet') select count(*) from c a, c b", [(1,)]),
    ("select max(n), typeof(max(n)) from '{}/late.csv'", [(1.5, "DOUBLE")]),
    ("select count(*) from '{}/late.csv' where n > 1", [(1,)]),
    ("select column_name, column_type from (describe '{}/new.csv')",
     [("id", "BIGINT"), ("code", "VARCHAR"), ("day", "DATE")]),
    ("pivot (select id, code from '{}/new.csv') on code using sum(id)", [(1, 3)]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), FILES, ids=[sql for sql, _ in FILES])
def test_files_are_read_as_they_are_loaded(sql: str, expected: object, lake: Lake, folder: Path) -> None:
    assert rows(lake, sql.replace("{}", str(folder))) == expected


def test_files_are_written_to_tables_as_load_does(lake: Lake, folder: Path) -> None:
    lake.sql(f"create table made as from '{folder}/new.csv'")
    lake.load(folder / "new.csv", into="loaded")
    assert lake.table("made").schema.types == lake.table("loaded").schema.types
    assert rows(lake, "from made except from loaded") == rows(lake, "from loaded except from made") == []


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("from '{}/missing.csv'", UnreadableInput, "no such file"),
        ("from '{}/bad.csv'", UnreadableInput, "line 3"),
        ("from '-'", InvalidInput, "standard input"),
        ("from '{}/new.csv' at (version => 1)", StatementRefused, "none"),
        ("from read_csv('{}/new.csv')", StatementRefused, "read_csv"),
        ("from main.'new.csv'", SupertableError, "."),
        ("create view v as from '{}/new.csv'", StatementRefused, "by their path"),
        ("create view v as select * from frame_in_no_view", TableNotFound, "frame_in_no_view"),
        (
            "update orders set price = 0 from '{}/new.csv' f where f.id = orders.id and f.nope = 1",
            SupertableError,
            "nope",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_that_cannot_be_read_are_told(
    sql: str, error: type[Exception], words: str, lake: Lake, folder: Path
) -> None:
    with pytest.raises(error, match=words):
        lake.sql(sql.replace("{}", str(folder))).arrow()


def tuples(result: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in result.arrow().to_pylist()]


# ruff: noqa: F841 - SQL names the variables
def test_frames_of_the_callers_variables(lake: Lake) -> None:
    polars, table = pl.DataFrame({"id": [1, 2], "q": ["a", None]}), pa.table({"id": [2, 2]})
    pandas, lazy = pd.DataFrame({"id": [3]}), polars.lazy()
    relation, stream = duckdb.sql("select 7 as id"), table.to_reader()
    result = lake.sql("select 5 as id")
    orders, text = pa.table({"other": [1]}), "no frame"
    joined = lake.sql("select q, price from polars join orders using (id) order by id")
    assert tuples(joined) == [("a", 1.5), (None, 2.5)]
    assert tuples(lake.sql("from pandas")) == [(3,)]
    assert tuples(lake.sql("select id from lazy order by id")) == [(1,), (2,)]
    assert tuples(lake.sql("from relation")) == [(7,)]
    assert tuples(lake.sql("from stream")) == [(2,), (2,)]
    assert tuples(lake.sql("from result", stream=True)) == [(5,)]
    assert tuples(lake.sql("select count(*) from orders")) == [(3,)]
    assert tuples(lake.sql("select count(*) from polars a, polars b")) == [(4,)]
    for sql in ("from text", "from main.pandas", "from Pandas"):
        with pytest.raises(TableNotFound):
            lake.sql(sql)
    with pytest.raises(TableNotFound):
        lake.sql("from pandas", frames={"other": table})
    stream = table.to_reader()
    with pytest.raises(InvalidInput, match="read once"):
        lake.sql("select * from stream a, stream b")


def test_a_variable_with_the_name_of_a_table_is_not_read(lake: Lake) -> None:
    """A table of a lake as a variable is a query, and a closed lake answers none."""
    with supertable.connect(home=lake.settings.home) as closed:
        orders = closed.table("orders")
    assert tuples(lake.sql("select max(id) from orders")) == [(3,)]
    with pytest.raises(Closed):
        orders.head()


def test_frames_that_are_given(lake: Lake) -> None:
    given = {"records": [{"id": 1, "n": 2}], "columns": {"id": [1, 2]}}
    assert rows(lake, "select n from records join columns using (id)", frames=given) == [(2,)]
    with pytest.raises(InvalidInput):
        lake.sql("from nothing", frames={"nothing": 5})
    lake.sql("insert into orders select id, 9.5 from more", frames={"more": {"id": [9]}})
    assert rows(lake, "select price from orders where id = 9") == [(9.5,)]
    lake.delete("orders", where="id = 9")


@pytest.mark.parametrize(
    "sql",
    [
        "update orders set id = orders.id from more where more.id = orders.id",
        "delete from orders using more where more.id = orders.id",
    ],
    ids=["update", "delete"],
)
def test_keys_of_updates_do_not_go_with_frames(sql: str, lake: Lake) -> None:
    before = rows(lake, "select * from orders order by all")
    with pytest.raises(InvalidInput, match="what a frame or file holds"):
        lake.sql(sql, frames={"more": {"id": [1]}}, idempotency_key="k")
    assert rows(lake, "select * from orders order by all") == before


def test_roles_and_tokens_read_neither_files_nor_frames(lake: Lake, folder: Path) -> None:
    frame = pa.table({"id": [1]})
    lake.roles.create("boss", "superadmin")
    lake.users.create("ada", ["boss"])
    token = lake.tokens.create("t", "ada").secret
    for other in (
        supertable.connect(home=lake.settings.home, role="superadmin"),
        supertable.connect(home=lake.settings.home, token=token),
    ):
        with other:
            with pytest.raises(StatementRefused, match="Files cannot be read by their path"):
                other.sql(f"from '{folder}/new.csv'")
            with pytest.raises(TableNotFound):
                other.sql("from frame")
            with pytest.raises(AccessDenied):
                other.sql("from frame", frames={"frame": frame})
    with pytest.raises(StatementRefused):
        lake.table("orders").sql(f"from '{folder}/new.csv'")
