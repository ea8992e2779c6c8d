"""`Table` reads and writes rows through the same paths as the lake; lists print as tables; a closed lake is closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import supertable
from supertable.domain.access.sessions import Session
from supertable.domain.errors import Closed, InvalidStatement, SupertableError, TableNotFound, VersionNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake
from supertable.entrypoints.sdk.tables.table import Table

DAYS = [dt.datetime(2024, 1, day) for day in (1, 2, 3, 4)]
PEOPLE = pa.table(
    {
        "id": [1, 2, 3, 4],
        "name": ["ann", "bob", None, "dan"],
        "at": pa.array(DAYS, pa.timestamp("us")),
        "pay": [1.5, 2.5, float("nan"), 4.5],
    }
)
CONDITIONS: list[tuple[str, pl.Expr, str, list[int]]] = [
    ("and", (pl.col("id") > 1) & (pl.col("name") == "bob"), 'WHERE ("id" > ? AND "name" = ?)', [2]),
    ("or", (pl.col("id") < 2) | (pl.col("name") == "dan"), 'WHERE ("id" < ? OR "name" = ?)', [1, 4]),
    ("half an and", (pl.col("id") + 1 > 3) & (pl.col("id") < 4), 'WHERE ("id" < ?)', [3]),
    ("half an or", (pl.col("id") + 1 > 4) | (pl.col("id") < 2), "", [1, 4]),
    ("turned", pl.lit(3) < pl.col("id"), 'WHERE "id" > ?', [4]),
    ("null", pl.col("name").is_null(), 'WHERE "name" IS NULL', [3]),
    ("not null", pl.col("name").is_not_null(), 'WHERE "name" IS NOT NULL', [1, 2, 4]),
    ("time", pl.col("at") >= DAYS[2], 'WHERE "at" >= ?', [3, 4]),
    ("nan", pl.col("pay") > 2.5, 'WHERE "pay" > ?', [3, 4]),
    ("float of an integer column", pl.col("id") > 2.5, "", [3, 4]),
    ("list", pl.col("id").is_in([1, 9]), "", [1]),
    ("not", ~(pl.col("id") > 1), 'WHERE "id" <= ?', [1]),
    ("function", pl.col("name").str.len_chars() > 2, "", [1, 2, 4]),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("tables")) as lake:
        lake.create_table_from("people", PEOPLE)
        lake.create_table_from("Select", pa.table({'Odd "column"': [1]}))
        yield lake


@pytest.fixture(scope="module")
def people(lake: Lake) -> Table:
    return lake.table("people")


def test_rows_of_a_table(people: Table) -> None:
    assert people.to_arrow().slice(0, 2).to_pylist() == PEOPLE.slice(0, 2).to_pylist()
    assert people.to_arrow(["name", "id"], "id > 1 -- at the end", version=2).slice(0, 1).to_pylist() == [
        {"name": "bob", "id": 2}
    ]
    assert people.to_arrow("id", limit=2).to_pylist() == [{"id": 1}, {"id": 2}]
    assert people.to_polars(["id"]).rows() == [(1,), (2,), (3,), (4,)]
    assert people.to_pandas(["id"], "name IS NULL").values.tolist() == [[3]]
    assert len(people.head(3)) == 3
    assert people.batches(["id"]).read_all()["id"].to_pylist() == [1, 2, 3, 4]
    assert pl.DataFrame(people).height == 4
    with pytest.raises(VersionNotFound):
        people.to_arrow(version=99)
    with pytest.raises(InvalidStatement, match="nope"):
        people.to_arrow(["nope"])


def test_names_that_need_quotes(lake: Lake) -> None:
    odd = lake.table("select")
    assert odd.to_arrow(['Odd "column"']).to_pylist() == [{'Odd "column"': 1}]
    assert odd.sql("SELECT count(*) FROM self").fetchall() == [(1,)]
    assert odd.scan().collect().height == 1


def test_sql_over_self(lake: Lake, people: Table) -> None:
    assert people.sql("SELECT max(self.id) FROM Self WHERE id < ?", [3]).fetchall() == [(2,)]
    assert people.sql("SELECT count(*) FROM self JOIN people USING (id)").fetchall() == [(4,)]
    assert people.sql("SELECT count(*) FROM self AT (VERSION => 1)").fetchall() == [(0,)]
    with pytest.raises(TableNotFound):
        lake.sql("FROM self")


def test_writes_are_those_of_the_lake(lake: Lake) -> None:
    table = lake.create_table("written", pa.schema([("id", pa.int64())]), keys=["id"])
    assert table.write(pa.table({"id": [1, 2]}), mode="upsert").rows_inserted == 2
    assert table.sql("DELETE FROM self WHERE id = 1").write is not None
    assert table.to_arrow().to_pylist() == [{"id": 2}]


@pytest.mark.parametrize(("condition", "sql", "ids"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS])
def test_a_lazy_frame_reads_what_it_needs(
    lake: Lake, people: Table, monkeypatch: pytest.MonkeyPatch, condition: pl.Expr, sql: str, ids: list[int]
) -> None:
    frame = people.scan()
    ran: list[str] = []
    run = lake.sql

    def record(text: str, parameters: Any, stream: bool) -> Any:
        ran.append(text)
        return run(text, parameters, stream=stream)

    monkeypatch.setattr(lake, "sql", record)
    assert frame.filter(condition).select("id").collect()["id"].to_list() == ids
    (text,) = ran
    assert text.partition(" AT (VERSION => 2)")[2].strip() == sql
    assert "*" not in text


def test_a_lazy_frame_stays_at_its_version_and_limits(lake: Lake) -> None:
    table = lake.create_table("growing", pa.schema([("id", pa.int64())]))
    table.write(pa.table({"id": [1, 2, 3]}))
    frame = table.scan()
    table.write(pa.table({"id": [4]}))
    assert frame.select(pl.len()).collect().item() == 3
    assert frame.head(2).collect().height == 2
    assert frame.head(2).filter(pl.col("id") > 2).collect().height == 0
    assert table.scan(version=1).collect().height == 0


def test_a_lazy_frame_shows_what_the_role_sees(lake: Lake) -> None:
    lake.roles.create("part", "reader")
    lake.roles.grant("part", "people", columns=["id", "name"], masks={"name": "first:1"}, where="id < 3")
    token = lake.tokens.create("t", lake.users.create("ann", ["part"]).name).secret
    session: Session = lake._container.sign_in()(lake.organization, token, None)
    seen = Lake(lake._container, "main", session).table("people")
    assert seen.scan().collect().rows() == [(1, "a****"), (2, "b****")]
    assert seen.scan().filter(pl.col("name") == "ann").collect().height == 0
    assert seen.scan().filter(pl.col("id") > 1).collect().rows() == [(2, "b****")]
    with pytest.raises(SupertableError, match="pay"):
        seen.to_arrow(where="pay > 1")


def test_lists_print_as_tables(lake: Lake, people: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    lines = repr(lake.tables()).splitlines()
    assert lines[0].split()[:6] == ["name", "version", "rows", "dead_rows", "files", "bytes"]
    assert lines[3].split()[:3] == ["people", "2", "4"]
    assert repr(people.history()).splitlines()[0].split()[:3] == ["version", "committed_at", "operation"]
    assert repr(lake.whoami()).splitlines()[:2] == ["organization  default", "user          owner"]
    assert repr(lake.dropped_tables()) == "[]"
    assert "<td>people</td>" in lake.tables()._repr_html_()


USES: dict[str, Callable[[Lake, Table], Any]] = {
    "sql": lambda lake, table: lake.sql("SELECT 1"),
    "tables": lambda lake, table: lake.tables(),
    "write": lambda lake, table: lake.write("people", PEOPLE),
    "load": lambda lake, table: lake.load("x.csv", into="t"),
    "drop": lambda lake, table: lake.drop("people"),
    "whoami": lambda lake, table: lake.whoami(),
    "maintain": lambda lake, table: lake.maintain(),
    "fsck": lambda lake, table: lake.fsck(),
    "roles": lambda lake, table: lake.roles.list(),
    "audit": lambda lake, table: lake.audit.events(),
    "info": lambda lake, table: table.info(),
    "head": lambda lake, table: table.head(),
    "scan": lambda lake, table: table.scan(),
    "table write": lambda lake, table: table.write(PEOPLE),
    "with": lambda lake, table: lake.__enter__(),
}


def test_a_closed_lake_is_closed(tmp_path_factory: pytest.TempPathFactory) -> None:
    lake = supertable.connect(home=tmp_path_factory.mktemp("closed"))
    lake.create_table_from("people", PEOPLE)
    table, roles = lake.table("people"), lake.roles
    lake.close()
    lake.close()
    for name, use in USES.items():
        with pytest.raises(Closed, match=r"This lake was closed\. Open it again with supertable\.connect\."):
            pytest.fail(f"{name} gave {use(lake, table)}")
    with pytest.raises(Closed):
        roles.list()
    assert (repr(table), lake.organization, lake.settings.home.is_dir()) == ("<Table people>", "default", True)
