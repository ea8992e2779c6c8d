"""What `Lake.write` takes: each becomes the rows that are right, or is refused with what to do."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import supertable
from supertable import InvalidInput, Lake, TableExists, TableNotFound

AT = dt.datetime(2024, 1, 31, 5)
NANOS = pd.Timestamp("2024-01-31 05:00:00.123456789")
D = Decimal
Rows = list[tuple[Any, ...]]


@dataclass
class Order:
    id: int
    price: Decimal
    at: dt.datetime | None = None
    tags: list[str] = field(default_factory=list)


@dataclass
class Parcel:
    order: Order
    weights: dict[str, float]


class Color(enum.Enum):
    RED = 1


def batches(*columns: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    yield from (pa.record_batch(each) for each in columns)


def words(*values: str, dtype: Any) -> pl.DataFrame:
    return pl.DataFrame({"a": pl.Series(values, dtype=dtype)})


def recursive() -> list[dict[str, Any]]:
    row: dict[str, Any] = {}
    row["a"] = [row]
    return [row]


NUMBERS = {"a": np.int8(1), "b": np.float32(0.5), "c": np.bool_(True), "d": np.str_("x"), "e": np.array([1, 2])}
MOMENTS = {"a": np.datetime64("2024-01-31"), "b": np.datetime64("2024-01-31T05:00", "ns"), "c": AT.date(), "d": AT}
FRAME = {"k": ["x", None], "i": pd.array([1, None], dtype="Int64"), "f": [1.5, None], "c": pd.Categorical(["a", "b"])}
RECORDS = np.array([(1, "a"), (2, "b")], dtype=[("id", "i4"), ("name", "U2")])

TAKEN: dict[str, tuple[Callable[[], Any], Rows]] = {
    "a dict of columns": (lambda: {"a": [1, 2], "b": ("x", None), "c": range(2)}, [(1, "x", 0), (2, None, 1)]),
    "arrays in a dict": (
        lambda: {
            "a": np.array([1.5, 2]),
            "b": pa.array([1, None]),
            "c": pl.Series([1, 2]),
            "d": pd.Series(["x", None]),
        },
        [(1.5, 1, 1, "x"), (2.0, None, 2, None)],
    ),
    "an index of pandas in a dict": (lambda: {"a": pd.Index([1, 2])}, [(1,), (2,)]),
    "dates of numpy": (lambda: {"a": np.array(["2024-01-31"], "datetime64[D]")}, [(dt.date(2024, 1, 31),)]),
    "a byte order": (lambda: {"a": np.array([1.5], ">f8")}, [(1.5,)]),
    "records of numpy": (lambda: RECORDS, [(1, "a"), (2, "b")]),
    "dicts": (lambda: [{"a": 1}, {"b": "x", "a": None}], [(1, None), (None, "x")]),
    "an iterator of dicts": (lambda: ({"a": i} for i in range(3)), [(0,), (1,), (2,)]),
    "a mapping of another kind": (lambda: collections.UserDict({"a": [1]}), [(1,)]),
    "dataclasses": (
        lambda: [Order(1, D("1.5")), Order(2, D(3), AT, ["x"])],
        [(1, D("1.5"), None, []), (2, D("3.0"), AT, ["x"])],
    ),
    "dataclasses in a dataclass": (
        lambda: [Parcel(Order(1, D(2), AT, ["x"]), {"net": 1.5})],
        [({"id": 1, "price": D(2), "at": AT, "tags": ["x"]}, {"net": 1.5})],
    ),
    "integers of 64 bits": (lambda: [{"a": 2**63}, {"a": 0}], [(2**63,), (0,)]),
    "integers of 38 digits": (lambda: [{"a": 2**70}, {"a": -1}], [(D(2**70),), (D(-1),)]),
    "decimals with exponents": (lambda: [{"a": D("1.5")}, {"a": D("1E+3")}], [(D("1.5"),), (D("1000.0"),)]),
    "scalars of numpy": (lambda: [NUMBERS], [(1, 0.5, True, "x", [1, 2])]),
    "moments": (lambda: [MOMENTS], [(AT.date(), AT, AT.date(), AT)]),
    "missing values of pandas": (lambda: [{"a": pd.NaT, "b": pd.NA}, {"a": AT, "b": 1}], [(None, None), (AT, 1)]),
    "nanoseconds": (lambda: [{"a": NANOS}], [(NANOS,)]),
    "a UUID": (lambda: [{"a": uuid.UUID(int=5)}], [(uuid.UUID(int=5).bytes,)]),
    "pandas": (lambda: pd.DataFrame(FRAME), [("x", 1, 1.5, "a"), (None, None, None, "b")]),
    "pandas with a named index": (lambda: pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="k")), [("x", 1)]),
    "pandas with an index without a name": (lambda: pd.DataFrame({"a": [1, 2]})[1:], [(2,)]),
    "pandas with decimals": (lambda: pd.DataFrame({"a": [D("1.5"), None]}), [(D("1.5"),), (None,)]),
    "pandas without rows": (lambda: pd.DataFrame(columns=["a"]), []),
    "parts of pandas": (
        lambda: iter([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2.0, None]}), pd.DataFrame({"a": [None]})]),
        [(1,), (2,), (None,), (None,)],
    ),
    "polars": (lambda: pl.DataFrame({"a": [1, None], "b": [["x"], []]}), [(1, ["x"]), (None, [])]),
    "a category of polars": (lambda: words("x", "y", dtype=pl.Categorical), [("x",), ("y",)]),
    "an enum of polars": (lambda: words("x", "y", dtype=pl.Enum(["y", "x"])), [("x",), ("y",)]),
    "lazy polars": (lambda: pl.LazyFrame({"a": [1, 2, 3]}).filter(pl.col("a") > 1), [(2,), (3,)]),
    "lazy polars without rows": (lambda: pl.LazyFrame({"a": [1]}).filter(pl.col("a") > 1), []),
    "a relation of DuckDB": (lambda: duckdb.sql("SELECT 1 AS a, 1.5 AS b, [NULL] AS c"), [(1, D("1.5"), [None])]),
    "a dataset": (lambda: ds.dataset(pa.table({"a": [1]})), [(1,)]),
    "a scanner": (lambda: ds.dataset(pa.table({"a": [1], "b": [2]})).scanner(columns=["b"]), [(2,)]),
    "a stream without rows": (lambda: pa.table({"a": pa.array([], pa.int8())}).to_reader(), []),
    "batches": (lambda: batches({"a": [1]}, {"a": [2]}), [(1,), (2,)]),
    "batches of other types": (lambda: batches({"a": [1]}, {"a": [2.0, None]}), [(1,), (2,), (None,)]),
    "batches in another order": (lambda: batches({"a": [1], "b": ["x"]}, {"b": ["y"], "a": [2]}), [(1, "x"), (2, "y")]),
    "tables": (lambda: [pa.table({"a": [1]}), pa.table({"a": [2]})], [(1,), (2,)]),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "a number among integers": ([{"a": 1}, {"a": 2.5}], "Column 'a': row 2: it is of type float, and rows before are"),
    "text among integers": (
        [{"a": 1}, {"a": None}, {"a": "x"}],
        "row 3: it is of type str, and rows before are of type",
    ),
    "an integer among booleans": ({"a": [True, 1]}, "row 2: it is of type int, and rows before are of type bool"),
    "a datetime among dates": ({"a": [AT.date(), AT]}, "row 2: it is of type datetime"),
    "datetimes with and without a zone": ({"a": [AT, AT.replace(tzinfo=dt.UTC)]}, "row 2: some datetimes have a zone"),
    "text in a list of integers": ([{"a": [1]}, {"a": [2, "x"]}], "Column 'a.element': row 2: it is of type str"),
    "text in a member": ([{"a": {"b": 1}}, {"a": {"b": "x"}}], "Column 'a.b': row 2: it is of type str"),
    "names that are no text": ([{"a": {1: 2}}], "Column 'a': row 1: names in a dict must be text"),
    "columns without text for names": ([{1: 2}], "The name of a column must be text"),
    "an integer of 41 digits": ([{"a": 1}, {"a": 10**40}], "row 2: no column holds this value of type int"),
    "NaN as a decimal": ([{"a": D("NaN")}], "row 1: no column holds this value of type Decimal"),
    "half a character": ([{"a": "x"}, {"a": "\ud800"}], "row 2: no column holds this value of type str"),
    "a set": ([{"a": {1}}], "row 1: no column holds values of type set"),
    "an enum": ([{"a": Color.RED}], "row 1: no column holds values of type Color"),
    "a timedelta": ([{"a": dt.timedelta(1)}], "Parquet has no type duration"),
    "a time with a zone": ([{"a": dt.time(1, tzinfo=dt.UTC)}], "row 1: no column holds times with a zone"),
    "nothing": ([], "There are no rows, and so no columns"),
    "one row": ({"a": 1}, "write one row as [{…}]"),
    "one dataclass": (Order(1, D(1)), "For one row, give a list: [row]"),
    "lengths": ({"a": [1], "b": [1, 2]}, "Columns must have equally many values: a has 1, b has 2"),
    "two dimensions": ({"a": np.array([[1]])}, "Column 'a' is an array of 2 dimensions"),
    "an array": (np.array([1]), "Rows cannot be read from a ndarray. Give a pyarrow Table"),
    "numbers": ([1, 2], "Rows cannot be read from a int in a list"),
    "tuples": ([(1, 2.5)], "Rows cannot be read from a tuple in a list"),
    "a row among dicts": ([{"a": 1}, 5], "Row 2 is a int. All rows must be dicts or dataclasses"),
    "a series of pandas": (pd.Series([1]), "A pandas Series is no table, but one column. Give a DataFrame with it"),
    "a series of polars": (pl.Series([1]), "A polars Series is no table, but one column. Give a DataFrame with it"),
    "numbers for names": (pd.DataFrame([[1]]), "The name of a column must be text, and not 0. Rename it"),
    "a name twice": (pd.DataFrame([[1, 2]], columns=["a", "a"]), "The frame has two columns 'a'"),
    "objects of several types": (pd.DataFrame({"a": [1, "x"]}), "Column 'a': row 2: it is of type str"),
    "periods": (pd.DataFrame({"a": pd.period_range("2024", periods=1, freq="M")}), "Convert it by .dt.to_timestamp()"),
    "complex numbers": (pd.DataFrame({"a": [1j]}), "Column 'a' has the pandas type complex128, which no column holds"),
    "objects of polars": (pl.DataFrame({"a": pl.Series([{1}], dtype=pl.Object)}), "has the polars type Object"),
    "integers of 128 bits": (words(dtype=pl.Int128), "Column 'a' has the polars type Int128"),
    "a query that fails": (duckdb.sql("SELECT error('oh')::INT AS a FROM range(9)"), "The rows cannot be read: "),
    "a fraction in a later batch": (
        list(batches({"a": [1]}, {"a": [2.5]})),
        "Column 'a': row 2: the value does not fit",
    ),
    "other columns later": (
        list(batches({"a": [1]}, {"b": [2]})),
        "From row 2, the columns are b, and before they are a",
    ),
    "what contains itself": (recursive(), "The rows are nested too deeply"),
    "a file that is not there": ("nothing.csv", "Cannot read nothing.csv: there is no such file"),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(tmp_path_factory.mktemp("home")) as lake:
        yield lake


def stored(lake: Lake, table: str, order: str = "") -> Rows:
    found = lake.sql(f'SELECT * FROM "{table}" {order}').arrow().to_pydict()
    return [tuple(row) for row in zip(*found.values(), strict=True)]


@pytest.mark.parametrize("name", TAKEN)
def test_data_is_taken_and_the_table_created(lake: Lake, name: str) -> None:
    make, expected = TAKEN[name]
    table = f"taken{[*TAKEN].index(name)}"
    assert lake.write(table, make()).rows_inserted == len(expected)
    assert stored(lake, table) == expected


def test_what_has_no_rows_is_refused_and_makes_no_table(lake: Lake) -> None:
    before = [table.name for table in lake.tables()]
    for name, (data, message) in REFUSED.items():
        with pytest.raises(InvalidInput) as caught:
            lake.write("refused", data)
        assert message in str(caught.value), (name, str(caught.value))
    assert [table.name for table in lake.tables()] == before


def test_results_of_queries_and_files_are_taken(lake: Lake, tmp_path: Path) -> None:
    lake.write("source", {"a": [1, 2]})
    lake.write("copy", lake.sql("SELECT a * 2 AS a FROM source"))
    assert stored(lake, "copy", "ORDER BY a") == [(2,), (4,)]
    for number in (1, 2):
        (tmp_path / f"{number}.csv").write_text(f"id,name\n{number},x\n")
    lake.write("files", str(tmp_path / "*.csv"), keys="id")
    lake.write("files", [tmp_path / "1.csv"], mode="upsert")
    lake.write("files", tmp_path.glob("2.*"), mode="upsert")
    assert stored(lake, "files", "ORDER BY id") == [(1, "x"), (2, "x")]
    lake.delete("files", keys=[{"id": 1}])
    assert stored(lake, "files") == [(2, "x")]


def test_a_table_is_created_with_keys_unless_it_must_exist(lake: Lake) -> None:
    rows = [{"id": 1, "v": 1, "s": "a"}]
    with pytest.raises(TableNotFound):
        lake.write("keyed", rows, create=False)
    with pytest.raises(InvalidInput, match="give its key columns"):
        lake.write("keyed", rows, mode="upsert")
    first = lake.write("keyed", rows, mode="upsert", keys="id", sequence="v", idempotency_key="k")
    assert lake.write("keyed", rows, mode="upsert", keys="id", idempotency_key="k").version == first.version == 2
    lake.write("keyed", [{"id": 1, "v": 0, "s": "older"}], mode="upsert", keys=["ID"], sequence="v")
    assert stored(lake, "keyed") == [(1, 1, "a")]
    for other in ({"keys": "v"}, {"keys": ["id", "v"]}, {"sequence": "id"}):
        with pytest.raises(InvalidInput, match="for new tables only"):
            lake.write("keyed", rows, **other)
    with pytest.raises(InvalidInput, match="Row 2 lacks the column 's'"):
        lake.write("keyed", [*rows, {"id": 2, "v": 1}], mode="upsert")
    lake.table("keyed").write([{"id": 2, "v": 1}], mode="upsert")
    assert stored(lake, "keyed", "ORDER BY id") == [(1, 1, "a"), (2, 1, None)]
    lake.drop("keyed")


def test_numbers_of_several_types_fit_a_column_that_exists(lake: Lake) -> None:
    lake.create_table("numbers", {"a": "decimal(10,2)", "b": pa.float64(), "l": pa.list_(pa.float32())})
    lake.write("numbers", [{"a": 1, "b": 1, "l": [1, 0.5]}, {"a": 9.99, "b": 0.1}, {"a": D("0.5"), "b": D("0.5")}])
    assert stored(lake, "numbers") == [(D("1.00"), 1.0, [1.0, 0.5]), (D("9.99"), 0.1, None), (D("0.50"), 0.5, None)]
    with pytest.raises(InvalidInput, match="Column 'b': row 2: the value does not fit float64 exactly"):
        lake.write("numbers", [{"b": 0.5}, {"b": 2**53 + 1}])
    with pytest.raises(InvalidInput, match=r"Column 'l\.element': row 3: the value does not fit float32 exactly"):
        lake.write("numbers", [{"l": [1, 0.5]}, {}, {"l": [2**24 + 1]}])


def test_local_times_become_instants_in_a_zone_that_is_given(lake: Lake) -> None:
    kind = pa.timestamp("us", "UTC")
    lake.create_table("instants", [("at", kind), ("l", pa.list_(kind)), ("s", pa.struct([("at", kind)])), ("d", kind)])
    winter, summer = dt.datetime(2024, 1, 31, 5), dt.datetime(2024, 7, 31, 5)
    given = [{"at": winter, "l": [summer, None], "s": {"at": summer}, "d": dt.date(2024, 1, 31)}]
    with pytest.raises(InvalidInput, match=r"timezone='Europe/Berlin'"):
        lake.write("instants", given)
    lake.write("instants", given, timezone="Europe/Berlin")
    summer_utc = dt.datetime(2024, 7, 31, 3, tzinfo=dt.UTC)
    winter_utc, midnight = dt.datetime(2024, 1, 31, 4, tzinfo=dt.UTC), dt.datetime(2024, 1, 30, 23, tzinfo=dt.UTC)
    assert stored(lake, "instants") == [(winter_utc, [summer_utc, None], {"at": summer_utc}, midnight)]
    for wrong in (dt.datetime(2024, 10, 27, 2, 30), dt.datetime(2024, 3, 31, 2, 30)):
        with pytest.raises(InvalidInput, match="row 2: .*Europe/Berlin has this local time twice, or not at all"):
            lake.write("instants", [{"at": winter}, {"at": wrong}], timezone="Europe/Berlin")
    with pytest.raises(InvalidInput, match="There is no time zone 'Mars'"):
        lake.write("instants", given, timezone="Mars")
    lake.write("created", [{"at": winter}], timezone="Europe/Berlin")
    assert lake.table("created").schema.field("at").type == pa.timestamp("us", "Europe/Berlin")
    assert lake.table("created").write([{"at": AT}], timezone="+02:00").rows_inserted == 1


def test_a_table_is_created_from_a_schema_or_from_data(lake: Lake) -> None:
    expected = pa.schema([("id", pa.int64()), ("price", pa.decimal128(10, 2))])
    schemas = [expected, {"id": "int64", "price": "decimal(10,2)"}, [("id", pa.int64()), ("price", "decimal(10,2)")]]
    for number, schema in enumerate(schemas):
        table = lake.create_table(f"created{number}", schema, keys="id")
        assert (table.schema.types, table.info().version) == (expected.types, 1)
    made = lake.create_table("filled", [{"id": 1, "note": None}], keys="id", comment="from rows")
    assert (made.info().version, made.info().comment, stored(lake, "filled")) == (2, "from rows", [(1, None)])
    assert made.schema.field("note").type == pa.string()
    with pytest.raises(TableExists):
        lake.create_table("filled", [{"id": 2}])
    with pytest.raises(InvalidInput, match="lake.load"):
        lake.create_table("filled", "a.csv")


def test_a_column_without_values_has_the_type_that_the_dataclass_names(lake: Lake) -> None:
    lake.write("orders", [Order(1, D("1.5"))])
    assert lake.table("orders").schema.field("at").type == pa.timestamp("us")


def test_batches_of_an_iterator_are_streamed(lake: Lake) -> None:
    """At no time are more batches alive than fit into a row group."""
    alive = most = 0

    class Batch:
        def __init__(self, number: int) -> None:
            nonlocal alive, most
            alive, most, self._number = alive + 1, max(most, alive + 1), number

        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            rows = pa.table({"id": range(self._number * 1000, self._number * 1000 + 1000)})
            return rows.__arrow_c_stream__(requested_schema)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    assert lake.write("streamed", (Batch(number) for number in range(1000))).rows_inserted == 1_000_000
    assert most < 10
    assert lake.sql("SELECT count(DISTINCT id), sum(id) FROM streamed").fetchone() == (1_000_000, 499_999_500_000)
