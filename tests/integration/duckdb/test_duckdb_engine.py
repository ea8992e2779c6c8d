"""The view chain over real Parquet files: deletion vectors, evolved schemas, unions, damage, EXPLAIN."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.sources import Union
from supertable.domain.errors import (
    InvalidStatement,
    ObjectDamaged,
    ObjectMissing,
    QueryFailed,
    StoreUnavailable,
    SupertableError,
)
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field
from tests.support.parquet_tables import ParquetTables, schema_of


@pytest.fixture
def tables(tmp_path: Path) -> ParquetTables:
    return ParquetTables(tmp_path / "lake")


def column(answer: pa.Table, name: str = "a") -> list[Any]:
    return sorted(answer[name].to_pylist(), key=repr)


def test_dead_rows_are_hidden(tables: ParquetTables) -> None:
    parts = [pa.table({"a": list(range(start, start + 10))}) for start in (0, 10, 20)]
    tables.table("t", *parts, dead={0: [0, 9], 2: list(range(10))})
    assert column(tables.query("select a from t")) == sorted([*range(1, 9), *range(10, 20)], key=repr)
    assert tables.query("select count(*) n from t where a < 12")["n"].to_pylist() == [10]


def test_dead_rows_in_many_row_groups(tables: ParquetTables) -> None:
    rows = pa.table({"a": list(range(10_000))})
    schema = schema_of(rows)
    dead = list(range(0, 10_000, 3))
    files = [tables.write("t", rows, schema, dead, row_group_size=700) for _ in range(3)]
    tables.add("t", files, schema)
    assert tables.query("select count(*) n, min(a) low from t where a % 3 <> 1")["n"].to_pylist() == [9_999]
    assert tables.query("select count(*) n from t where a between 5000 and 5002")["n"].to_pylist() == [6]


def test_columns_may_have_the_names_of_duckdbs_internal_columns(tables: ParquetTables) -> None:
    names = ["file_index", "File_Row_Number", "filename", "rowid", "st_file", "st_dead", "st_row", "f", "d"]
    rows = pa.table({name: [7, 7, 7] for name in names} | {"n": [1, 2, 3]})
    tables.table("t", rows, rows, dead={0: [0], 1: [1, 2]})
    assert column(tables.query("select * from t"), "n") == [1, 2, 3]
    assert tables.query("select file_index, file_row_number, filename, f, d from t limit 1").to_pylist() == [
        {"file_index": 7, "File_Row_Number": 7, "filename": 7, "f": 7, "d": 7}
    ]


def test_duckdbs_internal_columns_cannot_be_read(tables: ParquetTables) -> None:
    tables.table("t", pa.table({"a": [1]}))
    for name in ("file_index", "file_row_number", "filename", "rowid", "t.rowid", "st_f.a", "st_dead"):
        with pytest.raises(InvalidStatement):
            tables.query(f"select {name} from t")


def test_empty_tables_have_their_types(tables: ParquetTables) -> None:
    rows = pa.table({"a": pa.array([], pa.int64()), "s": pa.array([], pa.list_(pa.string()))})
    tables.add("t", [], schema_of(rows))
    answer = tables.query("select *, count(*) over () from t")
    assert answer.num_rows == 0
    assert answer.schema.field("a").type == pa.int64()
    assert tables.query("select count(*) n, sum(a) s from t").to_pylist() == [{"n": 0, "s": None}]


TYPES: list[tuple[pa.DataType, list[Any], pa.DataType]] = [
    (pa.bool_(), [True, None], pa.bool_()),
    (pa.int8(), [-128, 127], pa.int8()),
    (pa.uint8(), [0, 255], pa.uint8()),
    (pa.int16(), [-(2**15)], pa.int16()),
    (pa.uint16(), [2**16 - 1], pa.uint16()),
    (pa.int32(), [-(2**31)], pa.int32()),
    (pa.uint32(), [2**32 - 1], pa.uint32()),
    (pa.int64(), [-(2**63), 2**63 - 1], pa.int64()),
    (pa.uint64(), [2**64 - 1], pa.uint64()),
    (pa.float16(), [0.5, -2.0], pa.float32()),
    (pa.float32(), [0.5, math.inf, -math.inf], pa.float32()),
    (pa.float64(), [0.1, 5e-324], pa.float64()),
    (pa.decimal128(38, 10), [Decimal("1234567890123456789012345678.0123456789")], pa.decimal128(38, 10)),
    (pa.decimal128(5, 2), [Decimal("-999.99")], pa.decimal128(5, 2)),
    (pa.string(), ["", "ü", "a\x00b", "\U0001f600"], pa.string()),
    (pa.binary(), [b"", b"\x00\xff"], pa.binary()),
    (pa.date32(), [dt.date(1, 1, 1), dt.date(9999, 12, 31)], pa.date32()),
    (pa.time32("ms"), [dt.time(1, 2, 3, 4000)], pa.time64("us")),
    (pa.time64("us"), [dt.time(23, 59, 59, 999_999)], pa.time64("us")),
    (pa.timestamp("ms"), [dt.datetime(2024, 1, 1, 0, 0, 0, 1000)], pa.timestamp("us")),
    (pa.timestamp("us"), [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)], pa.timestamp("us")),
    (pa.timestamp("us", "Europe/Berlin"), [dt.datetime(2024, 6, 1, tzinfo=dt.UTC)], pa.timestamp("us", "UTC")),
    (pa.list_(pa.int32()), [[], [1, None], None], pa.list_(pa.int32())),
    (pa.struct([("x", pa.int8()), ("y", pa.list_(pa.string()))]), [{"x": 1, "y": ["a"]}, None], pa.struct([])),
    (pa.map_(pa.string(), pa.int64()), [[("a", 1), ("b", None)], []], pa.map_(pa.string(), pa.int64())),
]


@pytest.mark.parametrize(("kind", "values", "seen"), TYPES, ids=lambda value: str(value)[:30])
def test_types(kind: pa.DataType, values: list[Any], seen: pa.DataType, tables: ParquetTables) -> None:
    array = pa.array(values, kind)
    tables.table("t", pa.table({"a": array}), pa.table({"a": array}), dead={1: list(range(len(values)))})
    answer = tables.query("select a from t")
    assert answer["a"].to_pylist() == array.to_pylist()
    assert pa.types.is_nested(kind) or answer.schema.field("a").type == seen


def test_nanoseconds_are_kept(tables: ParquetTables) -> None:
    tables.table("t", pa.table({"a": pa.array([1_001], pa.timestamp("ns"))}))
    answer = tables.query("select a from t where a = timestamp_ns '1970-01-01 00:00:00.000001001'")
    assert answer["a"].cast(pa.int64()).to_pylist() == [1_001]


class TestEvolvedSchemas:
    def test_add_rename_drop_widen_reorder(self, tables: ParquetTables) -> None:
        old = Schema(1, (Field(1, "a", DataType("int32")), Field(2, "gone", DataType("string"))), 2)
        new = Schema(
            2,
            (
                Field(3, "gone", DataType("decimal", precision=5, scale=2)),
                Field(1, "renamed", DataType("int64")),
            ),
            3,
        )
        first = tables.write("t", pa.table({"a": pa.array([1, 2], pa.int32()), "gone": ["x", "y"]}), old)
        dirty = tables.write("t", pa.table({"a": pa.array([3, 4], pa.int32()), "gone": ["x", "y"]}), old, dead=[0])
        amount = pa.array([Decimal("1.50")], pa.decimal128(5, 2))
        last = tables.write("t", pa.table({"gone": amount, "renamed": pa.array([2**40], pa.int64())}), new)
        tables.add("t", [last, first, dirty], new, {1: old})
        answer = tables.query("select * from t order by renamed")
        assert answer.schema.names == ["gone", "renamed"]
        assert answer.schema.types == [pa.decimal128(5, 2), pa.int64()]
        assert answer["renamed"].to_pylist() == [1, 2, 4, 2**40]
        assert answer["gone"].to_pylist() == [None, None, None, Decimal("1.50")]

    @pytest.mark.parametrize(
        ("old", "new", "value", "seen"),
        [
            (DataType("uint8"), DataType("int16"), 255, 255),
            (DataType("float32"), DataType("float64"), 0.5, 0.5),
            (DataType("decimal", 5, 2), DataType("decimal", 10, 4), Decimal("1.25"), Decimal("1.2500")),
            (DataType("date"), DataType("timestamp", unit="us"), dt.date(2024, 1, 2), dt.datetime(2024, 1, 2)),
            (DataType("time", unit="ms"), DataType("time", unit="us"), dt.time(1, 2, 3, 4000), dt.time(1, 2, 3, 4000)),
            (
                DataType("timestamp", unit="ms", timezone="UTC"),
                DataType("timestamp", unit="us", timezone="UTC"),
                dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
                dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
            ),
        ],
        ids=str,
    )
    def test_widened(self, old: DataType, new: DataType, value: Any, seen: Any, tables: ParquetTables) -> None:
        before, after = (Schema(number, (Field(1, "a", kind),), 1) for number, kind in ((1, old), (2, new)))
        file = tables.write("t", pa.table({"a": [value, None]}), before)
        tables.add("t", [file], after, {1: before})
        assert tables.query("select a from t where a is not null")["a"].to_pylist() == [seen]

    def test_nested_fields_are_matched_by_their_ids(self, tables: ParquetTables) -> None:
        def nested(number: int, members: tuple[Field, ...]) -> Schema:
            struct = DataType("struct", fields=members)
            key = Field(11, "key", DataType("string"), nullable=False)
            return Schema(
                number,
                (
                    Field(1, "st", struct),
                    Field(2, "l", DataType("list", fields=(Field(3, "item", struct),))),
                    Field(10, "m", DataType("map", fields=(key, Field(12, "value", struct)))),
                ),
                20,
            )

        x, y = Field(4, "x", DataType("int32")), Field(5, "y", DataType("string"))
        old = nested(1, (x, y))
        new = nested(2, (Field(6, "y", DataType("int8")), replace(x, name="z", type=DataType("int64"))))
        row = {"x": 1, "y": "a"}
        rows = pa.table(
            {
                "st": [row, None, {"x": None, "y": None}],
                "l": [[row, None], [], None],
                "m": pa.array(
                    [[("k", row), ("n", None)], [], None],
                    pa.map_(pa.string(), pa.struct([("x", pa.int64()), ("y", pa.string())])),
                ),
            }
        )
        file = tables.write("t", rows, old)
        tables.add("t", [file], new, {1: old})
        seen = {"y": None, "z": 1}
        assert tables.query("select * from t").to_pylist() == [
            {"st": seen, "l": [seen, None], "m": [("k", seen), ("n", None)]},
            {"st": None, "l": [], "m": []},
            {"st": {"y": None, "z": None}, "l": None, "m": None},
        ]
        assert tables.query("select st.z, l[1].z as first, m['k'].z as k from t limit 1").to_pylist() == [
            {"z": 1, "first": 1, "k": 1}
        ]

    def test_a_file_older_than_all_columns(self, tables: ParquetTables) -> None:
        old = Schema(1, (Field(1, "a", DataType("int64")),), 1)
        new = Schema(2, (Field(2, "b", DataType("string")),), 2)
        tables.add("t", [tables.write("t", pa.table({"a": [1, 2, 3]}), old, dead=[0])], new, {1: old})
        assert tables.query("select * from t").to_pylist() == [{"b": None}, {"b": None}]


class TestUnion:
    def test_by_name(self, tables: ParquetTables) -> None:
        one = tables.table("one", pa.table({"a": [1, 2], "b": ["x", "y"]}), dead={0: [1]})
        two = tables.table("two", pa.table({"B": ["z"], "c": [1.5]}))
        tables.scans["lake"] = Union((one, two))
        answer = tables.query("select * from lake order by _table")
        assert answer.schema.names == ["_table", "a", "b", "c"]
        assert answer.to_pylist() == [
            {"_table": "one", "a": 1, "b": "x", "c": None},
            {"_table": "two", "a": None, "b": "z", "c": 1.5},
        ]

    def test_of_no_table(self, tables: ParquetTables) -> None:
        tables.scans["lake"] = Union(())
        answer = tables.query("from lake")
        assert answer.schema.names == ["_table"]
        assert answer.num_rows == 0

    def test_of_an_empty_table(self, tables: ParquetTables) -> None:
        one = tables.table("one", pa.table({"a": [1]}))
        tables.scans["lake"] = Union((one, replace(one, table="two", groups=())))
        assert tables.query("select _table, a from lake").to_pylist() == [{"_table": "one", "a": 1}]

    def test_numbers_get_a_common_type(self, tables: ParquetTables) -> None:
        one = tables.table("one", pa.table({"a": pa.array([1], pa.int8())}))
        two = tables.table("two", pa.table({"a": [1.5]}))
        tables.scans["lake"] = Union((one, two))
        assert column(tables.query("from lake")) == [1.0, 1.5]

    def test_types_that_do_not_fit(self, tables: ParquetTables) -> None:
        one = tables.table("one", pa.table({"a": [1]}))
        two = tables.table("two", pa.table({"A": ["x"]}))
        tables.scans["lake"] = Union((one, two))
        with pytest.raises(InvalidStatement, match=r"A is int64 in one and string in two"):
            tables.query("from lake")


class TestDamage:
    def test_a_missing_file(self, tables: ParquetTables) -> None:
        scan = tables.table("t", pa.table({"a": [1]}), pa.table({"a": [2]}))
        key = f"t/{scan.files[1].path}"
        Path(tables.locate(key)).unlink()
        with pytest.raises(ObjectMissing) as caught:
            tables.query("select * from t")
        assert caught.value.key == key
        assert str(tables.root) not in str(caught.value)

    @pytest.mark.parametrize("place", ["all", "start", "middle", "end", "short", "empty"])
    def test_a_damaged_file(self, place: str, tables: ParquetTables) -> None:
        text = [f"value {i}" for i in range(20_000)]
        scan = tables.table("t", pa.table({"a": [0], "s": [""]}), pa.table({"a": range(20_000), "s": text}))
        key = f"t/{scan.files[1].path}"
        file = Path(tables.locate(key))
        good = file.read_bytes()
        middle = len(good) // 2
        file.write_bytes(
            {
                "all": b"x" * len(good),
                "start": b"\xff" * 1_000 + good[1_000:],
                "middle": good[:middle] + b"\xff" * 1_000 + good[middle + 1_000 :],
                "end": good[:-500] + b"\xff" * 492 + good[-8:],
                "short": good[:1_000],
                "empty": b"",
            }[place]
        )
        with pytest.raises(ObjectDamaged) as caught:
            tables.query("select sum(a), max(s) from t")
        assert caught.value.key == key
        assert str(tables.root) not in str(caught.value)

    def test_a_file_with_other_columns(self, tables: ParquetTables) -> None:
        scan = tables.table("t", pa.table({"a": [1]}), pa.table({"a": [2]}))
        pq.write_table(pa.table({"b": ["x"]}), tables.locate(f"t/{scan.files[1].path}"))
        with pytest.raises(ObjectDamaged, match="columns"):
            tables.query("select a from t")

    def test_a_file_with_more_rows_than_its_deletion_vector(self, tables: ParquetTables) -> None:
        scan = tables.table("t", pa.table({"a": [1, 2, 3]}), dead={0: [0]})
        pq.write_table(pa.table({"a": range(100)}), tables.locate(f"t/{scan.files[0].path}"))
        with pytest.raises(ObjectDamaged):
            tables.query("select a from t")

    def test_a_deletion_vector_that_is_too_short(self, tables: ParquetTables) -> None:
        scan = tables.table("t", pa.table({"a": list(range(100))}), dead={0: [0]})
        tables.dead[f"t/{scan.files[0].path}"] = b"\x80"
        with pytest.raises(ObjectDamaged) as caught:
            tables.query("select a from t")
        assert scan.files[0].deletes is not None
        assert caught.value.key == f"t/{scan.files[0].deletes.path}"

    def test_a_file_outside_the_lake(self, tables: ParquetTables, tmp_path: Path) -> None:
        tables.table("t", pa.table({"a": [1]}))
        tables.root = tables.root.rename(tmp_path / "elsewhere")
        with pytest.raises(StoreUnavailable) as caught:
            tables.query("select a from t")
        assert str(tmp_path) not in str(caught.value)


class TestErrors:
    @pytest.mark.parametrize(
        ("sql", "kind", "words"),
        [
            ("select nope from t", InvalidStatement, ["nope", "a"]),
            ("select value_ from t", InvalidStatement, ["value_", "value"]),
            ("select x.a from t", InvalidStatement, ["x"]),
            ("select a from t join t u on t.a = u.a", InvalidStatement, ["Ambiguous"]),
            ("select a, count(*) from t", InvalidStatement, ["GROUP BY"]),
            ("select (select a, a from t)", InvalidStatement, []),
            ("select (select a from t), a from t group by 1", InvalidStatement, []),
            ("select sum((select max(a) from t)) + a from t", InvalidStatement, []),
            ("select a from t union select a, a from t", InvalidStatement, []),
            ("select 'x'::int from t", QueryFailed, ["x"]),
            ("select s::int from t", QueryFailed, ["INT"]),
            ("select a::tinyint + 127::tinyint from t", QueryFailed, []),
            ("select 1 + (select 1 union all select 2)", QueryFailed, []),
            ("select *", InvalidStatement, []),
            ("select a from t where $1 = a", InvalidStatement, []),
            ("select unnest((select st from t limit 1)) from t", SupertableError, []),
            ("select a from t order by 7", InvalidStatement, []),
            ("with c as (select a from t) select b from c", InvalidStatement, ["b"]),
            ("with recursive c as (select 1 union all select 1, 2 from c) from c", InvalidStatement, []),
            ("select * from t pivot (sum(nope) for a in (1))", InvalidStatement, ["nope"]),
            ("select list_transform([1], x -> nope) from t", InvalidStatement, ["nope"]),
            ("select a::no_such_type from t", InvalidStatement, ["no_such_type"]),
        ],
    )
    def test_messages(self, sql: str, kind: type[Exception], words: list[str], tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1, 2], "value": [1, 2], "s": ["x", "y"]}), dead={0: [0]})
        with pytest.raises(kind) as caught:
            tables.query(sql)
        message = str(caught.value)
        for word in words:
            assert word in message
        for secret in (str(tables.root), "st_", "read_parquet", "getvariable", "LINE", ".parquet"):
            assert secret not in message

    def test_column_names_show_no_internals(self, tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1, 2]}), dead={0: [0]})
        answer = tables.query(
            "with c as (select a from t) select (select max(a) from t), exists (from c), array(select a from c),"
            " 1e10, (select 1e10), a + (select min(a) from c) from t"
        )
        assert not re.search(r"\bst_", str(answer.schema.names))
        assert answer.schema.names[:2] == ["(SELECT max(a) FROM t)", "EXISTS(SELECT * FROM c)"]

    def test_the_engine_survives_an_internal_error(self, tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1]}))
        query = tables.start("select a from t")
        tables.instance.abandon()
        assert tables.query("select a + 1 as a from t")["a"].to_pylist() == [2]
        assert query.reader.read_all()["a"].to_pylist() == [1]


class TestParameters:
    def test_are_bound(self, tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1, 2, 3], "s": ["x", "it's", "z"]}))
        assert column(tables.query("select a from t where s = ? and a = ?", ["it's", 2])) == [2]
        assert column(tables.query("select a from t where s = $text or a = $n", {"text": "x", "n": 3})) == [1, 3]
        assert tables.query("select $1 as v, $2 as w", ["'); drop table t", None]).to_pylist() == [
            {"v": "'); drop table t", "w": None}
        ]
        assert column(
            tables.query("with c as (select a from t where a > $1) select a from c where a < $2", [1, 3])
        ) == [2]

    @pytest.mark.parametrize("given", [[], [1, 2], {"a": 1}])
    def test_that_do_not_fit(self, given: Any, tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1]}))
        with pytest.raises(InvalidStatement) as caught:
            tables.query("select a from t where a = $1", given)
        assert "read_parquet" not in str(caught.value)


class TestExplain:
    def test_shows_how_much_is_read(self, tables: ParquetTables) -> None:
        tables.table("flights", *(pa.table({"a": [i], "s": [str(i)]}) for i in range(10)))
        plan = tables.query("explain select s from flights where a >= 7", prune=True)
        assert plan.schema.names == ["plan"]
        assert "SCAN flights version 1: 3 of 10 files" in "\n".join(plan["plan"].to_pylist())

    def test_shows_no_internals(self, tables: ParquetTables) -> None:
        part = pa.table({"a": [1, 2], "s": ["x", "y"], "n": [Decimal("1.1"), Decimal("2.2")]})
        tables.table("t", part, part, dead={0: [0]})
        tables.table("u", pa.table({"a": [1], "c": [2]}), dead={0: [0]})
        for sql in (
            "explain select a, sum(n) from t where s like 'x%' group by a order by 2 limit 3",
            "explain with c as (select a from t) select * from c join u using (a) left join c d on d.a = u.c",
            "explain select (select max(a) from u where u.a = t.a) from t where a in (select c from u) order by s, a",
            "explain select row_number() over (partition by s order by a) from t qualify 1 = 1",
            "explain summarize t",
            "explain describe t",
            "explain select * from t pivot (sum(a) for s in ('x', 'y'))",
            "explain select a from t union select a from u except select c from u",
            "explain with recursive r as (select 1 a union all select a + 1 from r where a < 5) select * from r, t",
            "explain select distinct s, a from t order by all",
        ):
            text = "\n".join(tables.query(sql)["plan"].to_pylist())
            for secret in (
                "st_",
                "parquet",
                "read_",
                "getvariable",
                "get_bit",
                "__internal",
                str(tables.root),
                "data/",
            ):
                assert secret not in text, (sql, text)

    def test_takes_parameters(self, tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1]}), pa.table({"a": [5]}))
        plan = tables.query("explain select * from t where a = ?", [5], prune=True)["plan"].to_pylist()
        assert "1 of 2 files" in plan[0]

    def test_is_checked_like_what_it_explains(self, tables: ParquetTables) -> None:
        tables.table("t", pa.table({"a": [1]}))
        with pytest.raises(InvalidStatement, match="nope"):
            tables.query("explain select nope from t")


def test_a_long_list_of_files(tables: ParquetTables) -> None:
    scan = tables.table("t", pa.table({"a": [1]}))
    statement = tables.engine.parse("select 1 where false and exists (select * from t)")
    group = scan.groups[0]
    many = replace(scan, groups=(replace(group, clean=(*group.clean,) * 2_000),))
    answer = tables.engine.run(statement, {0: many}, (), Limits()).reader.read_all()
    assert answer.num_rows == 0
    tables.scans["t"] = many
    assert tables.query("select count(a) n from t")["n"].to_pylist() == [2_000]
