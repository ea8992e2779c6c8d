"""Masked values, for columns of all types, and that masks reveal nothing else."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supertable.domain.access.masks import Mask, MaskKind
from supertable.domain.errors import InvalidInput
from supertable.domain.scan.scan_plan import AccessStage
from tests.support.parquet_tables import ParquetTables

KEY = "5ec2e7" * 10
NULL, HASH = Mask(MaskKind.NULL), Mask(MaskKind.HASH)
QUIET_NAN, OTHER_NAN = (struct.unpack("<d", bits.to_bytes(8, "little"))[0] for bits in (0x7FF8 << 48, 0xFFF8 << 48 | 1))
EMOJI = "\U0001f926\U0001f3fc\u200d\u2642\ufe0f"
SINGLE: list[tuple[pa.DataType, list[Any]]] = [
    (pa.bool_(), [True, False]),
    (pa.int8(), [-128, 0, 127]),
    (pa.int64(), [-(2**63), 2**63 - 1]),
    (pa.uint64(), [0, 2**64 - 1]),
    (pa.float32(), [0.1, 1e38, math.inf]),
    (pa.float64(), [5e-324, -1e308, math.nan]),
    (pa.decimal128(38, 38), [Decimal("0." + "9" * 38), Decimal("-0." + "9" * 38)]),
    (pa.string(), ["", "a", "ä", EMOJI, "x" * 10_000, "a\x00b", "'; --"]),
    (pa.binary(), [b"", b"\x00\xff", b"\xc3"]),
    (pa.date32(), [date(1, 1, 1), date(9999, 12, 31)]),
    (pa.time64("us"), [time(0), time(23, 59, 59, 999_999)]),
    (pa.timestamp("ms"), [datetime(1, 1, 1), datetime(9999, 12, 31)]),
    (pa.timestamp("ns"), [datetime(1678, 1, 1), datetime(2262, 1, 1)]),
    (pa.timestamp("us", "Europe/Berlin"), [datetime(1970, 1, 1, tzinfo=UTC)]),
]
NESTED: list[tuple[pa.DataType, list[Any]]] = [
    (pa.list_(pa.int8()), [[], [1, None]]),
    (pa.struct([("a", pa.string())]), [{"a": None}, {"a": "x"}]),
    (pa.map_(pa.string(), pa.int8()), [[("k", 1)]]),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ParquetTables:
    return ParquetTables(tmp_path_factory.mktemp("masks") / "lake", threads=1)


def masked(tables: ParquetTables, kind: pa.DataType, values: list[Any], mask: Mask, key: str = KEY) -> list[Any]:
    """The masked values, in order: text or None."""
    rows = pa.table({"n": range(len(values)), "v": pa.array(values, kind)})
    scan = tables.table(f"t{len(tables.scans)}", rows)
    access = AccessStage(masks={scan.schema.fields[1].id: mask}, mask_key=key)
    tables.scans["seen"] = replace(scan, access=access)
    column = tables.query("select v from seen order by n")["v"]
    assert mask == NULL or column.type == pa.string()
    return list(column.to_pylist())


@pytest.mark.parametrize(("kind", "values"), SINGLE + NESTED, ids=str)
def test_null_masks_hide_every_value(tables: ParquetTables, kind: pa.DataType, values: list[Any]) -> None:
    assert masked(tables, kind, [*values, None], NULL) == [None] * (len(values) + 1)


@pytest.mark.parametrize(("kind", "values"), SINGLE, ids=str)
def test_constant_masks_replace_every_value_and_null(
    tables: ParquetTables, kind: pa.DataType, values: list[Any]
) -> None:
    for constant in ("", "it's", EMOJI, "\\", '"'):
        mask = Mask(MaskKind.CONSTANT, constant=constant)
        assert masked(tables, kind, [*values, None], mask) == [constant] * (len(values) + 1)


@pytest.mark.parametrize(("kind", "values"), SINGLE, ids=str)
def test_hashes_are_equal_for_equal_values_only(tables: ParquetTables, kind: pa.DataType, values: list[Any]) -> None:
    seen = masked(tables, kind, [*values, *values, None], HASH)
    assert seen[: len(values)] == seen[len(values) : -1]
    assert seen[-1] is None
    assert len(set(seen)) == len(values) + 1
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in seen[:-1])


def test_equal_floats_with_different_bits_have_one_hash(tables: ParquetTables) -> None:
    for kind in (pa.float32(), pa.float64()):
        zero, minus, nan, other = masked(tables, kind, [0.0, -0.0, QUIET_NAN, OTHER_NAN], HASH)
        assert zero == minus != nan == other


def test_hashes_are_keyed(tables: ParquetTables) -> None:
    """Without the key, hashes cannot be matched to known values."""
    (seen,) = masked(tables, pa.string(), ["ann@example.org"], HASH)
    (other,) = masked(tables, pa.string(), ["ann@example.org"], HASH, key="ab" * 30)
    assert seen != other
    assert seen != hashlib.sha256(b"ann@example.org").hexdigest()


@pytest.mark.parametrize(
    ("first", "last", "seen"),
    [
        (2, 0, ["****", "****", "****", "ab****", "ab****", None]),
        (0, 2, ["****", "****", "****", "****bc", "****ij", None]),
        (1, 1, ["****", "****", "****", "a****c", "a****j", None]),
        (64, 0, ["****", "****", "****", "****", "****", None]),
    ],
)
def test_partial_masks(tables: ParquetTables, first: int, last: int, seen: list[str | None]) -> None:
    values = ["", "a", "ab", "abc", "abcdefghij", None]
    assert masked(tables, pa.string(), values, Mask(MaskKind.PARTIAL, first=first, last=last)) == seen


def test_partial_masks_count_characters(tables: ParquetTables) -> None:
    last = Mask(MaskKind.PARTIAL, last=2)
    assert masked(tables, pa.string(), ["äöü", "\U0001f600" * 3, "\U0001f600" * 2], last) == [
        "****öü",
        "****" + "\U0001f600" * 2,
        "****",
    ]


@given(text=st.text(st.characters(exclude_categories=["Cs"])), first=st.integers(0, 5), last=st.integers(0, 5))
def test_partial_masks_reveal_nothing_else(tables: ParquetTables, text: str, first: int, last: int) -> None:
    """Neither the hidden middle nor its length is visible."""
    mask = Mask(MaskKind.PARTIAL, first=first, last=last)
    hidden = text[first : len(text) - last]
    (seen,) = masked(tables, pa.string(), [text], mask)
    whole = "****" if not hidden else text[:first] + "****" + text[len(text) - last :]
    assert seen == whole


@pytest.mark.parametrize(("kind", "values"), NESTED, ids=str)
def test_nested_columns_allow_only_null_masks(tables: ParquetTables, kind: pa.DataType, values: list[Any]) -> None:
    for mask in (HASH, Mask(MaskKind.CONSTANT, constant="x"), Mask(MaskKind.PARTIAL, last=4)):
        with pytest.raises(InvalidInput, match="null|text"):
            masked(tables, kind, values, mask)


@pytest.mark.parametrize("kind", [kind for kind, _ in SINGLE if kind != pa.string()], ids=str)
def test_partial_masks_are_only_for_text(tables: ParquetTables, kind: pa.DataType) -> None:
    with pytest.raises(InvalidInput, match="is for text"):
        masked(tables, kind, [None], Mask(MaskKind.PARTIAL, last=4))


def test_statements_see_only_the_masked_values(tables: ParquetTables) -> None:
    rows = pa.table({"n": [1, 2, 3], "v": ["b", "a", "c"]})
    scan = tables.table("cards", rows)
    access = AccessStage(masks={scan.schema.fields[1].id: Mask(MaskKind.CONSTANT, constant="-")}, mask_key=KEY)
    tables.scans["cards"] = replace(scan, access=access)
    for sql, answer in [
        ("select n from cards where v = 'a'", []),
        ("select n from cards where v = '-' order by v, n", [1, 2, 3]),
        ("select count(distinct v) as n from cards", [1]),
        ("select length(max(v)) as n from cards", [1]),
        ("select a.n from cards a join (values ('a')) as b(v) using (v)", []),
    ]:
        assert tables.query(sql)["n"].to_pylist() == answer, sql
