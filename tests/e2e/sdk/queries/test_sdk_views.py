"""Views: stored queries that run with the rights of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from supertable.adapters.codecs.json_documents import registry_log_codec
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.adapters.engines.duckdb.statement.extensions import views
from supertable.domain.errors import (
    AccessDenied,
    InvalidInput,
    InvalidStatement,
    StatementRefused,
    SupertableError,
    TableExists,
    TableNotFound,
    WrongKind,
)


class Lakes:
    """One lake, as its owner and as a reader of a part of `orders` and of some views."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.owner = supertable.connect(home=home)
        orders = {"id": [1, 2, 3], "region": ["north", "south", "zz"], "price": [1.5, 2.5, 99.0], "secret": ["a"] * 3}
        self.owner.create_table_from("orders", pa.table(orders), keys=["id"])
        self.owner.create_table_from("hidden", pa.table({"k": [1], "amount": [2]}))
        for sql in MADE:
            self.owner.sql(sql).arrow()
        self.owner.roles.create("clerk", "reader")
        self.owner.roles.grant("clerk", "orders", columns=["id", "region", "price"], where="price < 9")
        for view in ("cheap", "doubled", "of_hidden", "of_secret", "on_hidden", "columns_seen"):
            self.owner.roles.grant("clerk", view)
        self.clerk = supertable.connect(home=home, role="clerk")


MADE = [
    "CREATE VIEW cheap AS SELECT id, price * 2, /* a comment */ upper(region) AS r FROM orders WHERE price < 50 -- end",
    "CREATE VIEW doubled (n, total) AS SELECT count(*), sum(\"(price * 2)\") FROM cheap",
    "CREATE VIEW of_hidden AS SELECT * FROM hidden",
    "CREATE VIEW on_hidden AS SELECT k FROM of_hidden",
    "CREATE VIEW of_secret AS SELECT secret FROM orders",
    "CREATE VIEW columns_seen AS SELECT table_name, column_name FROM information_schema.columns",
    "CREATE VIEW not_granted AS SELECT 1 AS one",
]  # fmt: skip


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakes]:
    made = Lakes(tmp_path_factory.mktemp("views"))
    yield made
    made.clerk.close()
    made.owner.close()


def rows(lake: Lake, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in lake.sql(sql, parameters).arrow().to_pylist()]


READ = [
    ("from cheap order by id", [(1, 3.0, "NORTH"), (2, 5.0, "SOUTH")], [(1, 3.0, "NORTH"), (2, 5.0, "SOUTH")]),
    ("from doubled", [(2, 8.0)], [(2, 8.0)]),
    ("select total from main.doubled d where d.n > 1", [(8.0,)], [(8.0,)]),
    ("select c.r, o.price from cheap c join orders o using (id) where o.id > 1", [("SOUTH", 2.5)], [("SOUTH", 2.5)]),
    ("with cheap as (select 7 as x) from cheap", [(7,)], [(7,)]),
    ("select count(*) from cheap a, cheap b", [(4,)], [(4,)]),
    ("pivot (select r, id from Cheap) on r using sum(id)", [(1, 2)], [(1, 2)]),
    ("select column_name from (describe cheap)",
     [("id",), ("(price * 2)",), ("r",)], [("id",), ("(price * 2)",), ("r",)]),
    ("select count(*) from orders", [(3,)], [(2,)]),
    ("select table_type, is_insertable_into from information_schema.tables where table_name = 'cheap'",
     [("VIEW", "NO")], [("VIEW", "NO")]),
    ("select column_name, data_type from information_schema.columns where table_name = 'doubled'",
     [("n", "int64"), ("total", "float64")], [("n", "int64"), ("total", "float64")]),
    ("select table_name, view_definition from information_schema.views where table_name = 'of_secret'",
     [("of_secret", "SELECT secret FROM orders")], [("of_secret", None)]),
    ("select count(*) from columns_seen where column_name in ('secret', 'amount')", [(4,)], [(0,)]),
    ("show tables",
     [(name,) for name in ("cheap", "columns_seen", "doubled", "hidden", "not_granted", "of_hidden", "of_secret",
                           "on_hidden", "orders")],
     [(name,) for name in ("cheap", "columns_seen", "doubled", "of_hidden", "of_secret", "on_hidden", "orders")]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "owner", "clerk"), READ, ids=[sql for sql, *_ in READ])
def test_a_view_shows_what_its_reader_may_see(sql: str, owner: object, clerk: object, lakes: Lakes) -> None:
    assert rows(lakes.owner, sql) == owner
    assert rows(lakes.clerk, sql) == clerk


@pytest.mark.parametrize("view", ["of_hidden", "on_hidden", "of_secret"])
def test_a_view_grants_nothing_and_tells_nothing_of_what_it_reads(view: str, lakes: Lakes) -> None:
    for sql in (f"from {view}", f"select count(*) from {view}", f"describe {view}", f"select x from {view}"):
        with pytest.raises(AccessDenied) as caught:
            lakes.clerk.sql(sql).arrow()
        assert str(caught.value).startswith(f"View {view} cannot be read under this role")
        assert not any(word in str(caught.value) for word in ("'hidden'", '"secret"', "amount", "orders"))
    with pytest.raises(TableNotFound):
        lakes.clerk.sql("from not_granted").arrow()
    assert rows(lakes.clerk, f"select * from information_schema.columns where table_name = '{view}'") == []


def test_views_are_listed_apart_from_tables(lakes: Lakes) -> None:
    assert [table.name for table in lakes.owner.tables()] == ["hidden", "orders"]
    assert [view.name for view in lakes.clerk.views()] == [
        "cheap", "columns_seen", "doubled", "of_hidden", "of_secret", "on_hidden"
    ]  # fmt: skip
    assert {view.definition for view in lakes.clerk.views()} == {None}
    assert lakes.owner.views()[0].definition is not None
    assert "a comment" in str(lakes.owner.views()[0].definition)


REFUSED = [
    ("create view bad as select * from nothing", TableNotFound),
    ("create view bad as select nothing from orders", InvalidStatement),
    ("create view bad as select * from 'x.csv'", StatementRefused),
    ("create view bad as select $1", SupertableError),
    ("create view bad as select * from main", StatementRefused),
    ("create view bad as select 1 as a, 2 as A", InvalidStatement),
    ("create view bad (a) as select 1, 2", InvalidStatement),
    ("create view bad as select interval 1 day as i", InvalidInput),
    ("create view bad as explain select 1", InvalidStatement),
    ("create view bad as insert into orders values (1)", InvalidStatement),
    ("create view bad as select 1; select 2", StatementRefused),
    ("create view bad as select read_text('x')", StatementRefused),
    ("create view main as select 1", SupertableError),
    ("create view orders as select 1", TableExists),
    ("create or replace view orders as select 1 as one", TableExists),
    ("create view cheap as select 1", TableExists),
    ("create or replace view if not exists cheap as select 1", StatementRefused),
    ("create or replace view cheap as select * from doubled", StatementRefused),
    ("create table cheap (a int)", TableExists),
    ("create view system.v as select 1 as one", SupertableError),
    ("drop view orders", WrongKind),
    ("drop view nothing", TableNotFound),
    ("drop table cheap", WrongKind),
    ("alter table cheap add column x int", WrongKind),
    ("alter view cheap add column x int", StatementRefused),
    ("alter view orders rename to x", WrongKind),
    ("comment on view orders is 'x'", WrongKind),
    ("comment on table cheap is 'x'", WrongKind),
    ("insert into cheap values (1, 2, 'x')", WrongKind),
    ("delete from cheap", WrongKind),
    ("truncate cheap", WrongKind),
    ("from cheap at (version => 1)", StatementRefused),
    ("from cheap at (timestamp => now())", StatementRefused),
    ("from table_changes('cheap', 0)", WrongKind),
    ("show versions from cheap", WrongKind),
]


@pytest.mark.parametrize(("sql", "error"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_refusals_change_nothing(sql: str, error: type[Exception], lakes: Lakes) -> None:
    with pytest.raises(error):
        lakes.owner.sql(sql).arrow()
    assert rows(lakes.owner, "select count(*) from cheap") == [(2,)]
    assert not {"bad", "x"} & {view.name for view in lakes.owner.views()}


def test_calls_for_tables_refuse_views(lakes: Lakes) -> None:
    lake = lakes.owner
    one = pa.table({"id": [1]})
    for call in (
        lambda: lake.write("cheap", one),
        lambda: lake.delete("cheap", where="id = 1"),
        lambda: lake.table("cheap"),
        lambda: lake.clone("cheap", "copy"),
        lambda: lake.drop("cheap"),
        lambda: lake.rename("cheap", "other"),
        lambda: lake.roles.grant("clerk", "cheap", columns=["id"]),
    ):
        with pytest.raises(WrongKind):
            call()
    with pytest.raises(TableExists):
        lake.create_table_from("cheap", one)
    for sql in ("create view v as select 1 as a", "drop view cheap", "create or replace view cheap as select 1 as a"):
        with pytest.raises(AccessDenied):
            lakes.clerk.sql(sql).arrow()


def test_the_life_of_a_view(tmp_path: Path) -> None:
    lake = supertable.connect(home=tmp_path)
    lake.create_table_from("t", pa.table({"a": [1, 2], "b": [10, 20]}))
    for sql in (
        "create view v as select sum(b) as s from t",
        "create view if not exists v as select 1 as other",
        "comment on view v is 'sums'",
        "create view w as select s + 1 as s from v",
    ):
        lake.sql(sql).arrow()
    assert rows(lake, "from w") == [(31,)]
    lake.write("t", pa.table({"a": [3], "b": [70]}))
    assert rows(lake, "from w") == [(101,)]
    lake.sql("alter table t rename column b to c").arrow()
    with pytest.raises(InvalidStatement, match="View w does not fit what it reads"):
        lake.sql("from w").arrow()
    lake.sql("create or replace view v as select max(b) as s from t at (version => 2)").arrow()
    assert rows(lake, "from w") == [(21,)]
    (view,) = [view for view in lake.views() if view.name == "v"]
    assert (view.version, view.comment) == (3, "sums")
    assert lake.fsck().findings == ()
    assert lake.rebuild_catalog().tables == 3
    lake.vacuum()
    lake.maintain()
    lake.close()

    lake = supertable.connect(home=tmp_path)
    assert [view.name for view in lake.views()] == ["v", "w"]
    lake.sql("alter view v rename to u").arrow()
    with pytest.raises(InvalidStatement, match="View w does not fit"):
        lake.sql("from w").arrow()
    lake.sql("drop view u").arrow()
    lake.sql("drop view if exists u").arrow()
    with pytest.raises(TableNotFound):
        lake.undrop("u")
    lake.create_table_from("u", pa.table({"s": [5]}))
    lake.sql("create or replace view w as select s from u").arrow()
    assert rows(lake, "from w") == [(5,)]
    assert lake.dropped_tables() == []
    lake.close()


def test_views_are_nested_up_to_a_depth_and_never_in_a_circle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "DEEPEST", 5)
    monkeypatch.setattr(views, "MOST_VIEWS", 12)
    lake = supertable.connect(home=tmp_path)
    lake.sql("create view v0 as select 1 as a").arrow()
    for depth in range(1, 5):
        lake.sql(f"create view v{depth} as select a + 1 as a from v{depth - 1}").arrow()
    assert rows(lake, "from v4") == [(5,)]
    with pytest.raises(StatementRefused, match="5 deep"):
        lake.sql("create view v5 as from v4").arrow()
    with pytest.raises(StatementRefused, match="reads itself"):
        lake.sql("create or replace view v0 as from v4").arrow()
    lake.sql("create view wide as select a.a from v1 a, v1 b").arrow()
    with pytest.raises(StatementRefused, match="too many views"):
        lake.sql("select 1 from wide a, wide b, wide c").arrow()
    lake.close()


def test_views_across_supertables_and_moments(tmp_path: Path) -> None:
    main = supertable.connect(home=tmp_path)
    main.create_table_from("t", pa.table({"a": [1, 2, 3]}))
    main.sql("create view other.v as select a, a * 2 as b from main.t")
    main.sql("create view recent as select a from t at (timestamp => now() + interval 1 second)")
    other = supertable.connect(home=tmp_path, supertable="other")
    assert rows(main, "select sum(b) from other.v where a > ?", [1]) == [(10,)]
    assert rows(other, "select x + y from v as c(x, y) order by 1 limit 1") == [(3,)]
    assert rows(other, "from v tablesample 100% order by a limit 1") == [(1, 2)]
    assert rows(main, "select count(*) from recent r, recent s") == [(9,)]
    assert rows(main, "pivot (select a, a > 1 as big from recent) on big using count(*) group by a order by a") == [
        (1, 1, 0),
        (2, 0, 1),
        (3, 0, 1),
    ]
    main.roles.create("reader", "reader", tables=["main.t", "other.v"])
    with supertable.connect(home=tmp_path, role="reader") as reader:
        assert rows(reader, "select sum(b) from other.v") == [(12,)]
        assert rows(reader, "select table_schema, table_name from information_schema.views") == [("other", "v")]
        assert rows(reader, "show tables from other") == [("v",)]
    other.sql("drop view v")
    assert [purge.table for purge in other.vacuum(retention=0).purged] == ["v"]
    assert other.fsck().findings == main.fsck().findings == ()
    main.close()
    other.close()


def test_logs_of_lakes_without_views_are_read_as_before() -> None:
    record = (
        b'{"format":1,"body":{"id":"c","version":1,"committed_at_us":5,"change":{"action":"add","table_id":"t1",'
        b'"name":"orders","version":0,"origin":null}}}'
    )
    assert registry_log_codec().decode_record(record).change.view is False
    commit = (
        b'{"format":1,"body":{"id":"c","version":1,"committed_at_us":5,"change":{"operation":"create","definition":'
        b'{"keys":[1],"sequence":null,"comment":"x"}}}}'
    )
    definition = table_log_codec().decode_record(commit).change.definition
    assert definition is not None
    assert definition.view == ""


def test_inserts_read_views_and_updates_do_not(tmp_path: Path) -> None:
    lake = supertable.connect(home=tmp_path)
    lake.create_table_from("t", pa.table({"id": [1, 2], "a": [10, 20]}), keys=["id"])
    lake.create_table_from("n", pa.table({"id": [2, 3], "a": [5, 7]}), keys=["id"])
    lake.sql("create view news as select n.id, n.a, t.a as old from n left join t using (id)").arrow()
    lake.sql("insert into t select id, a from news where old is null").arrow()
    lake.sql("create table u as select * from news").arrow()
    lake.sql("create view changed as select _change, id from table_changes('t', 2)").arrow()
    assert rows(lake, "from changed") == [("insert", 3)]
    for sql in (
        "update t set a = b.a from news b where b.id = t.id",
        "update t set a = 0 where id in (select id from news)",
        "merge into t using news b on b.id = t.id when matched then update set a = 1000",
    ):
        with pytest.raises(StatementRefused, match="news is a view"):
            lake.sql(sql).arrow()
    assert rows(lake, "from t order by id") == [(1, 10), (2, 20), (3, 7)]
    assert rows(lake, "select count(*) from u") == [(2,)]
    with pytest.raises(SupertableError):
        lake.delete("t", where="id in (select id from news)")
    lake.close()
