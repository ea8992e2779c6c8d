"""The outermost values that a table holds are the same wherever they are read, and values beyond are refused."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidSchema
from supertable.entrypoints.encoding.results import Encoding, encode_result
from supertable.entrypoints.sdk.lakes.lake import Lake

FIRST_DAY, LAST_DAY = -719_162, 2_932_896
SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
MAX_64 = 2**63 - 1


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


def of_integers(values: list[int], kind: pa.DataType) -> pa.Array:
    """An array of dates, times or timestamps from the integers that they are stored as."""
    return pa.array(values, pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)


def nested(column: pa.Array) -> dict[str, pa.Array]:
    """The column in a struct, a list and a map, one value each."""
    offsets = pa.array(range(len(column) + 1), pa.int32())
    names = pa.array(["k"] * len(column))
    return {
        "struct": pa.StructArray.from_arrays([column], ["m"]),
        "list": pa.ListArray.from_arrays(offsets, column),
        "map": pa.MapArray.from_arrays(offsets, names, column),
        "deep": pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays([column], ["m"])),
    }


def encoded(lake: Lake, encoding: Encoding) -> str:
    pieces = encode_result(lake.sql("SELECT v FROM t ORDER BY v").batches(), encoding)
    return b"".join(part for piece in pieces for part in piece).decode()


LIMITS: list[tuple[str, pa.DataType, list[int], list[str]]] = [
    ("date", pa.date32(), [FIRST_DAY, LAST_DAY], ["0001-01-01", "9999-12-31"]),
    (
        "ms",
        pa.timestamp("ms"),
        [FIRST_DAY * 86_400_000, (LAST_DAY + 1) * 86_400_000 - 1],
        ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999"],
    ),
    (
        "us",
        pa.timestamp("us"),
        [FIRST_DAY * 86_400_000_000, (LAST_DAY + 1) * 86_400_000_000 - 1],
        ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"],
    ),
    (
        "zoned",
        pa.timestamp("us", "UTC"),
        [FIRST_DAY * 86_400_000_000, (LAST_DAY + 1) * 86_400_000_000 - 1],
        ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"],
    ),
    (
        "ns",
        pa.timestamp("ns"),
        [-(2**63) + 2, 2**63 - 2],
        ["1677-09-21T00:12:43.145224194", "2262-04-11T23:47:16.854775806"],
    ),
    ("time", pa.time64("us"), [0, 86_399_999_999], ["00:00:00", "23:59:59.999999"]),
    ("time-ms", pa.time32("ms"), [0, 86_399_999], ["00:00:00", "23:59:59.999"]),
]


@pytest.mark.parametrize(
    ("kind", "values", "texts"), [limit[1:] for limit in LIMITS], ids=[limit[0] for limit in LIMITS]
)
def test_the_outermost_values_are_read_as_they_were_written(
    home: Path, kind: pa.DataType, values: list[int], texts: list[str]
) -> None:
    column = of_integers([values[1], values[0]], kind)
    rows = pa.table({"v": column, "n": [1, 2], **nested(column)})
    json = "[\n" + ",\n".join(f'{{"v":"{text}"}}' for text in texts) + "\n]\n"

    def check(lake: Lake) -> None:
        assert encoded(lake, Encoding.JSON) == json
        found = lake.sql("SELECT v, struct.m, list[1], map['k'], deep[1].m FROM t ORDER BY v").arrow()
        wide = pa.timestamp("us", kind.tz) if kind == pa.timestamp("ms") else kind
        wide = pa.time64("us") if kind == pa.time32("ms") else wide
        expected = of_integers(values, kind).cast(wide)
        assert all(found.column(i).combine_chunks().equals(expected) for i in range(5))
        assert lake.sql("SELECT n FROM t WHERE v = (SELECT max(v) FROM t)").arrow().to_pylist() == [{"n": 1}]

    with supertable.connect(home=home) as lake:
        lake.create_table_from("t", rows, keys=["v"])
        check(lake)
        assert lake.write("t", rows, mode="upsert").rows_updated == 2
        lake.table("t").compact(everything=True)
        check(lake)
    with supertable.connect(home=home) as lake:
        check(lake)
        assert lake.fsck().findings == ()
        assert lake.delete("t", keys=rows.select(["v"])).rows_deleted == 2


def _beyond() -> Iterator[tuple[str, pa.Array]]:
    for day in (FIRST_DAY - 1, LAST_DAY + 1, 2**31 - 1, -(2**31) + 1, -(2**31)):
        yield f"date {day}", of_integers([day], pa.date32())
    yield "date64", of_integers([(LAST_DAY + 1) * 86_400_000], pa.date64())
    for unit, second in SECOND.items():
        for zone in (None, "UTC", "Europe/Berlin"):
            outside = [FIRST_DAY * 86_400 * second - 1, (LAST_DAY + 1) * 86_400 * second]
            for value in (*outside, MAX_64, -MAX_64, -MAX_64 - 1, MAX_64 - 1):
                yield f"{unit} {zone} {value}", of_integers([value], pa.timestamp(unit, zone))
    for value in (MAX_64, -MAX_64, -MAX_64 - 1):
        yield f"ns {value}", of_integers([value], pa.timestamp("ns"))
    for kind, day in ((pa.time32("s"), 86_400), (pa.time32("ms"), 86_400_000), (pa.time64("us"), 86_400_000_000)):
        for value in (day, day + 1, -1):
            yield f"{kind} {value}", of_integers([value], kind)
    yield "time64[ns]", of_integers([86_400_000_000_000], pa.time64("ns"))
    three_digits = pa.Array.from_buffers(pa.decimal128(3, 1), 1, [None, pa.py_buffer((1000).to_bytes(16, "little"))])
    yield "decimal", three_digits
    offsets = pa.py_buffer(struct.pack("<ii", 0, 3))
    for text in (b"\xff\xfea", b"\xed\xa0\x80", b"ab\xc3"):
        bad = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(text)])
        yield f"string {text!r}", bad
    yield "large_string", pa.array([b"\xff"], pa.large_binary()).view(pa.large_string())
    yield "string_view", pa.array([b"\xff"], pa.binary_view()).view(pa.string_view())
    yield "dictionary", pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), bad)
    yield "json", pa.ExtensionArray.from_storage(pa.json_(), bad)


BEYOND = list(_beyond())


@pytest.mark.parametrize("column", [column for _, column in BEYOND], ids=[name for name, _ in BEYOND])
def test_values_beyond_are_refused_at_every_depth(lake: Lake, column: pa.Array) -> None:
    good = lake.create_table("good", pa.schema([("v", column.type)]))
    for name, values in {"v": column, **nested(column)}.items():
        with pytest.raises(InvalidSchema, match=f"Column '{'v' if name == 'v' else name}"):
            lake.create_table_from("t", pa.table({name: values}))
        lake.create_table(name, pa.schema([(name, values.type)]))
        with pytest.raises(InvalidSchema):
            lake.write(name, pa.table({name: values}))
    with pytest.raises(InvalidSchema):
        lake.write("good", pa.table({"v": column, "new": [1]}), evolve=True)
    assert good.info().version == 1


@pytest.mark.parametrize("column", [column for _, column in BEYOND], ids=[name for name, _ in BEYOND])
def test_values_beyond_are_no_keys(lake: Lake, column: pa.Array) -> None:
    lake.create_table("t", pa.schema([("v", column.type), ("n", pa.int64())]), keys=["v"])
    with pytest.raises(InvalidSchema, match="Column 'v'"):
        lake.write("t", pa.table({"v": column, "n": [1]}), mode="upsert")
    with pytest.raises(InvalidSchema, match="Column 'v'"):
        lake.delete("t", keys=pa.table({"v": column}))


def test_what_lies_under_a_null_is_no_value(lake: Lake) -> None:
    day = of_integers([2**31 - 1], pa.date32())
    hidden = pa.StructArray.from_arrays([day], ["m"], mask=pa.array([True]))
    sliced = pa.ListArray.from_arrays(pa.array([0, 1, 1], pa.int32()), day).slice(1)
    lake.create_table_from("t", pa.table({"a": hidden, "b": sliced}))
    assert lake.sql("FROM t").arrow().to_pylist() == [{"a": None, "b": []}]


@pytest.mark.parametrize(
    "maps",
    [
        [[("a", 1), ("b", 2), ("a", 3)]],
        [[("a", 1)], [], [("a", 1), ("a", 1)]],
    ],
)
def test_a_map_with_a_key_twice_is_refused(lake: Lake, maps: Any) -> None:
    kind = pa.map_(pa.string(), pa.int32())
    lake.create_table("t", pa.schema([("m", kind), ("l", pa.list_(kind))]))
    with pytest.raises(InvalidSchema, match="Column 'm': row [13]: the map has a key twice"):
        lake.write("t", pa.table({"m": pa.array(maps, kind)}))
    with pytest.raises(InvalidSchema, match="Column 'l.element': row 1: the map has a key twice"):
        lake.write("t", pa.table({"l": pa.array([maps], pa.list_(kind))}))
    lake.write("t", pa.table({"m": pa.array([[("a", 1)], [("a", 2)], None, []], kind)}))


@pytest.mark.parametrize("keys", [[0.0, -0.0], [float("nan")] * 2, [1.5, 1.5]])
def test_floats_that_are_equal_are_one_key_of_a_map(lake: Lake, keys: list[float]) -> None:
    maps = pa.MapArray.from_arrays([0, 2], pa.array(keys), pa.array([1, 2]))
    with pytest.raises(InvalidSchema, match="has a key twice"):
        lake.create_table_from("t", pa.table({"m": maps}))


REQUESTS: dict[str, Callable[[Lake], Any]] = {
    "comment of a table": lambda lake: lake.create_table("u", pa.schema([("x", pa.int8())]), comment="\ud800"),
    "comment of a column": lambda lake: lake.table("t").comment_column("x", "\ud800"),
    "comment of a new column": lambda lake: lake.table("t").add_column("y", pa.int8(), comment="\ud800"),
    "name of a property": lambda lake: lake.write("t", pa.table({"x": [1]}), properties={"\ud800": ""}),
    "value of a property": lambda lake: lake.write("t", pa.table({"x": [1]}), properties={"a": "\ud800"}),
    "idempotency key": lambda lake: lake.write("t", pa.table({"x": [1]}), idempotency_key="\ud800"),
    "reason": lambda lake: lake.delete("t", where="x = 1", reason="\ud800"),
    "number for a comment": lambda lake: lake.table("t").comment_column("x", 5),  # type: ignore[arg-type]
    "number for a reason": lambda lake: lake.delete("t", where="true", reason=5),  # type: ignore[arg-type]
    "text for a boolean": lambda lake: lake.table("t").set_nullable("x", "no"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=list(REQUESTS))
def test_what_the_log_cannot_hold_is_refused(home: Path, request_: Callable[[Lake], Any]) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", pa.schema([("x", pa.int64())]))
        with pytest.raises(supertable.InvalidInput, match="nothing was changed|valid Unicode|must be text"):
            request_(lake)
    with supertable.connect(home=home) as lake:
        assert [table.version for table in lake.tables()] == [1]
        assert lake.fsck().findings == ()
