"""What columns take once their encodings are undone, told before it is done."""

from __future__ import annotations

import struct

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from supertable.application.storage.arrow.arrow_encodings import plain_type
from supertable.application.storage.incoming.unpacked_size import bounded_slices, unpacked_size

MIB = 1024 * 1024
LONG = "x" * MIB


def repeated(count: int) -> pa.DictionaryArray:
    """`count` times the same long text, as a dictionary."""
    return pa.DictionaryArray.from_arrays(pa.nulls(count, pa.int32()).fill_null(0), pa.array([LONG]))


def views(count: int) -> pa.Array:
    """`count` views of the same long text. Each is its length, its first bytes, and where the rest is."""
    view = struct.pack("<i4sii", MIB, b"xxxx", 0, 0)
    buffers = [None, pa.py_buffer(view * count), pa.py_buffer(LONG.encode())]
    return pa.Array.from_buffers(pa.string_view(), count, buffers)


BOMBS = {
    "a dictionary": lambda: repeated(10_000),
    "a list of a dictionary": lambda: pa.ListArray.from_arrays([0, 5_000, 10_000], repeated(10_000)),
    "a struct of a dictionary": lambda: pa.StructArray.from_arrays([repeated(10_000)], ["a"]),
    "a map of a dictionary": lambda: pa.MapArray.from_arrays(
        [0, 10_000], pa.array([str(n) for n in range(10_000)]), repeated(10_000)
    ),
    "runs": lambda: pa.RunEndEncodedArray.from_arrays(pa.array([10_000], pa.int32()), pa.array([LONG])),
    "views of one text": lambda: views(10_000),
    "a dictionary of a view": lambda: pa.DictionaryArray.from_arrays(
        pa.nulls(10_000, pa.int32()).fill_null(0), views(1)
    ),
    "views of one list": lambda: pa.ListViewArray.from_arrays(
        pa.nulls(10_000, pa.int32()).fill_null(0), pa.nulls(10_000, pa.int32()).fill_null(MIB), pa.nulls(MIB, pa.int8())
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_equal_values_that_are_stored_once_are_counted_each_time(name: str) -> None:
    array = BOMBS[name]()
    assert array.nbytes < 100 * MIB
    assert unpacked_size(pa.record_batch([array], ["a"])) >= 10_000 * MIB


PLAIN = {
    "int64": pa.array([1, None, 3]),
    "bool": pa.array([True, None, False] * 8),
    "text": pa.array(["a", None, "ccc"]),
    "large text": pa.array(["a", None, "ccc"], pa.large_string()),
    "binary": pa.array([b"a", None, b"ccc"]),
    "fixed binary": pa.array([b"abc", None], pa.binary(3)),
    "list": pa.array([[1, 2], None, []]),
    "fixed list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
    "list of lists": pa.array([[["a"], None], None, []]),
    "struct": pa.array([{"a": 1, "b": "x"}, None]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "null": pa.nulls(5),
    "decimal": pa.array([None, 1], pa.decimal128(9, 2)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_columns_count_about_as_much_as_they_take(name: str) -> None:
    array = pa.concat_arrays([PLAIN[name]] * 1000)
    for part in (array, array.slice(7, 100), array.slice(len(array))):
        counted = unpacked_size(pa.record_batch([part], ["a"]))
        assert counted <= 2 * part.nbytes + 8 * len(part) + 8
        assert counted >= part.nbytes // 2 - 64


@pytest.mark.parametrize("type_", [pa.string_view(), pa.binary_view()], ids=str)
def test_views_count_as_what_they_show(type_: pa.DataType) -> None:
    array = pa.array(["ä", None, "c" * 30, "", "dd"], type_)
    sizes = [unpacked_size(pa.record_batch([part], ["a"])) for part in (array, array.slice(1, 3), array.slice(5))]
    assert sizes == [4 * 5 + 2 + 30 + 2, 4 * 3 + 30, 0]


def test_slices_have_all_rows_and_are_small() -> None:
    batch = pa.record_batch([repeated(1000), pa.array(range(1000))], ["v", "n"])
    slices = list(bounded_slices(batch, 400))
    assert [row for part, _ in slices for row in part.column("n").to_pylist()] == list(range(1000))
    assert max(size for _, size in slices) <= 64 * MIB + 1000
    assert max(part.num_rows for part, _ in slices) <= 64


@pytest.mark.parametrize("name", BOMBS)
def test_plain_types_have_no_encodings(name: str) -> None:
    text = str(plain_type(BOMBS[name]().slice(0, 1).type))
    assert "dictionary" not in text
    assert "run_end" not in text


def test_runs_are_counted_by_their_largest_value() -> None:
    runs = pc.run_end_encode(pa.array([1, 1, 1, 2], pa.int64()))
    assert unpacked_size(pa.record_batch([runs], ["a"])) == 32
