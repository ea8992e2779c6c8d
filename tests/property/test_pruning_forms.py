"""Every form of a constant x type of a column x operator: no file is pruned that has a matching row.

Each row is a file of its own, with the narrowest possible ranges. Two oracles that prune nothing decide which rows
match: the condition as a projection over values in memory, and, for numbers, text and dates, exact arithmetic in
Python.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import operator
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pytest

from supertable.application.queries.parameters import exact_parameters
from supertable.domain.errors import SupertableError
from supertable.domain.scan.file_pruning import may_match
from supertable.domain.scan.predicates import Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile
from tests.support.budgets import BUDGET, chance
from tests.support.parquet_tables import ParquetTables, schema_of

NOON = dt.datetime(2024, 5, 1, 12)
FIRST, LAST = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
NUMBERS = [0, 1, 2, -1, 100, 2**24, 2**24 + 1]
TEXTS = ["", "a", "ab", "b", "A", "ä", "\uffff", "\U0001f600", "1", "01", "10", "9", "z" * 64, "z" * 65, "z" * 64 + "a"]
MOMENTS = [NOON, NOON.replace(microsecond=1), NOON.replace(hour=0), dt.datetime(1969, 12, 31, 23, 59, 59, 999_999)]


def scaled(digits: int, scale: int) -> list[Decimal]:
    most = Decimal((0, (9,) * digits, -scale))
    least = Decimal((0, (1,), -scale))
    return [Decimal(0), least, least.copy_negate(), most, most.copy_negate(), Decimal("1.5"), Decimal(2)]


def cut(moments: Sequence[dt.datetime], step: int) -> list[dt.datetime]:
    return [at.replace(microsecond=at.microsecond // step * step) for at in moments]


WHOLE = {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}
UNSIGNED = {8: pa.uint8(), 16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}
REALS = [
    0.0,
    -0.0,
    1.5,
    -1.5,
    0.1,
    math.nan,
    math.inf,
    -math.inf,
    5e-324,
    1.7976931348623157e308,
    2.0**53,
    16_777_217.0,
]
COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    **{f"int{n}": (kind, [-(2 ** (n - 1)), 2 ** (n - 1) - 1, 0, 1, 2, -1, 100]) for n, kind in WHOLE.items()},
    "large int64": (pa.int64(), [2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**24 + 1, 10**18]),
    **{f"uint{n}": (kind, [2**n - 1, 0, 1, 2, 100]) for n, kind in UNSIGNED.items()},
    "float32": (pa.float32(), [0.0, -0.0, 1.5, 0.1, math.nan, math.inf, -math.inf, 3.4028234663852886e38, 2.0**24]),
    "float64": (pa.float64(), REALS),
    "decimal(5,2)": (pa.decimal128(5, 2), scaled(5, 2)),
    "decimal(9,0)": (pa.decimal128(9, 0), [Decimal(0), Decimal(1), Decimal(2), Decimal(-1), Decimal(999_999_999)]),
    "decimal(18,6)": (pa.decimal128(18, 6), scaled(18, 6)),
    "decimal(38,0)": (pa.decimal128(38, 0), [Decimal(2), Decimal(2**53 + 1), Decimal(10**30), Decimal("9" * 38)]),
    "decimal(38,30)": (pa.decimal128(38, 30), scaled(38, 30)),
    "bool": (pa.bool_(), [True, False]),
    "string": (pa.string(), TEXTS),
    "binary": (pa.binary(), [b"", b"a", b"\xab", b"\x00", b"\xff" * 70]),
    "date": (pa.date32(), [dt.date(2024, 5, 1), dt.date(2024, 5, 2), dt.date(1969, 12, 31), FIRST.date(), LAST.date()]),
    "timestamp(s)": (pa.timestamp("s"), cut(MOMENTS, 1_000_000)),
    "timestamp(ms)": (pa.timestamp("ms"), [*cut(MOMENTS, 1_000), FIRST]),
    "timestamp(us)": (pa.timestamp("us"), [*MOMENTS, FIRST, LAST]),
    "timestamp(ns)": (pa.timestamp("ns"), MOMENTS),
    "zoned(us)": (pa.timestamp("us", "Europe/Berlin"), [at.replace(tzinfo=dt.UTC) for at in MOMENTS]),
    "zoned(ns)": (pa.timestamp("ns", "UTC"), [at.replace(tzinfo=dt.UTC) for at in MOMENTS]),
    "time(ms)": (pa.time32("ms"), [dt.time(0), dt.time(12), dt.time(23, 59, 59, 999_000)]),
    "time(us)": (pa.time64("us"), [dt.time(0), dt.time(12), dt.time(12, 0, 0, 1), dt.time.max]),
    "time(ns)": (pa.time64("ns"), [dt.time(12), dt.time(12, 0, 0, 1), dt.time.max]),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), ["a", "b", "ä"]),
}  # fmt: skip
WIDENED = {
    "int8 to int64": ("int8", pa.int64()),
    "uint32 to int64": ("uint32", pa.int64()),
    "float32 to float64": ("float32", pa.float64()),
    "decimal(5,2) to (12,4)": ("decimal(5,2)", pa.decimal128(12, 4)),
    "decimal(9,0) to (38,20)": ("decimal(9,0)", pa.decimal128(38, 20)),
    "date to timestamp(us)": ("date", pa.timestamp("us")),
    "timestamp(ms) to us": ("timestamp(ms)", pa.timestamp("us")),
    "timestamp(us) to ns": ("timestamp(s)", pa.timestamp("ns")),
    "time(ms) to us": ("time(ms)", pa.time64("us")),
}

_WHOLE_FORMS = ["{}", "({})::BIGINT", "CAST({} AS DOUBLE)", "({})::DECIMAL(38,2)", "{}.0", "'{}'"]
NUMBER_FORMS = [
    *(form.format(n) for n in (0, 1, 2, -1, 100) for form in _WHOLE_FORMS),
    *(str(sign * 2**n + more) for n in (7, 8, 24, 53, 63, 64, 127) for more in (-1, 0, 1) for sign in (1, -1)),
    *("1.5", "-1.5", "+1.5", "1.5::DOUBLE", "CAST(1.5 AS DOUBLE)", "'1.5'::DOUBLE", "1.5::FLOAT", "1.50", "15e-1"),
    *("DECIMAL '1.5'", "CAST('1.5' AS DECIMAL(5,2))", "1.5::DECIMAL(9,1)"),
    *("1.5::DECIMAL(38,30)", "TRY_CAST('1.5' AS DOUBLE)"),
    *("0.01", "0.01::DOUBLE", "-0.01", "0.1", "0.1::DOUBLE", "0.1::FLOAT", "0.005", "999.99", "999.994999"),
    *("1e30", "-1e30", "1e308", "1e400", "1e-400", "5e-324", "1e0", "1E2", ".5", "5.", "1_000", "0x10", "-0.0", "-0e0"),
    *("123456789012345678.123456", "0.000000000000000000000000000001"),
    *("9" * 38, "9" * 39, f"{10**30}", "1" * 20 + ".5"),
    *("'nan'::DOUBLE", "'inf'::DOUBLE", "'-inf'::DOUBLE", "'NaN'"),
    *("'1e2'", "' 2 '", "'abc'", "1 + 1", "-(-2)", "4 / 2"),
    *("9007199254740993", "9007199254740993::DOUBLE"),
    *("9007199254740993.0", "'9007199254740993'::DOUBLE", "16777217::FLOAT"),
    *("true", "false", "NULL", "NULL::INTEGER", "CAST(NULL AS DOUBLE)"),
]  # fmt: skip
TEXT_FORMS = [
    *("'" + text + "'" for text in TEXTS),
    *("'a'::VARCHAR", "'a'::BLOB", "x'61'", "'\\xAB'::BLOB"),
    *("'\\xFF'::BLOB", "E'a\\n'", "'a' || 'b'", "'A' COLLATE NOCASE"),
    *("1", "1.0", "true", "NULL", "'t'", "'true'", "DATE '2024-05-01'", "upper('a')"),
]  # fmt: skip
MOMENT_FORMS = [
    *("'2024-05-01'", "DATE '2024-05-01'", "'2024-05-01'::DATE", "CAST('2024-05-01' AS DATE)", "'2024-5-1'", "'epoch'"),
    *("'2024-05-01 12:00:00'", "TIMESTAMP '2024-05-01 12:00:00.000001'", "'2024-05-01T12:00:00Z'", "'infinity'"),
    *("'2024-05-01 12:00:00'::DATE", "DATE '2024-05-01' + 1"),
    *("DATE '2024-05-01' + INTERVAL 1 DAY", "'-infinity'::DATE"),
    *("DATE '2024-05-01' - INTERVAL 12 HOURS"),
    *("TIMESTAMP '2024-04-01 12:00' + INTERVAL 1 MONTH", "DATE '1970-01-01' - 1"),
    *("TIMESTAMPTZ '2024-05-01 14:00:00+02'", "'2024-05-01 14:00:00+02'", "'2024-05-01 12:00:00 Europe/Berlin'"),
    *("TIMESTAMP_NS '2024-05-01 12:00:00.000000001'"),
    *("TIMESTAMP_MS '2024-05-01 12:00:00.0009'", "TIMESTAMP_S '2024-05-01 12:00'"),
    *("'2024-05-01 12:00:00.0000004'", "'2024-05-01 12:00:00.0000006'", "'2024-05-01 12:00:00.0000009'::TIMESTAMP"),
    *("'0001-01-01'", "'9999-12-31 23:59:59.999999'", "DATE '0001-01-01' - 1", "'10000-01-01'", "'0044-03-15 (BC)'"),
    *("'1969-12-31 23:59:59.999999'", "'12:00'", "TIME '12:00'"),
    *("'12:00:00.000001'", "TIME '23:59:59.999999'", "'24:00:00'"),
    *("'12:00:00+01'::TIMETZ", "'12:00:00.0000006'"),
    *("TIME '12:00' + INTERVAL 1 HOUR", "1", "NULL", "NULL::DATE", "true"),
]  # fmt: skip
MOMENT_FORMS += ["'2024-05-01 23:00:00-05'", "TIMESTAMPTZ '2024-04-01'"]
FORMS = {"number": NUMBER_FORMS, "text": TEXT_FORMS, "moment": MOMENT_FORMS}
PARAMETERS: list[Any] = [
    *(0, 1, 2, -1, 100, 2**53 + 1, 2**63, -(2**63) - 1, 2**127, -(2**127), 2**128 - 1),
    *(1.5, 0.1, -0.0, 1e30, math.nan, math.inf, -math.inf, 2.0**53, 5e-324),
    *map(Decimal, ("1.5", "1E+30", "1E+2", "-1E+1", "1E-30", "0E+3", "0.01", "1.50", "9" * 38, "0.10", "999.99")),
    *(True, False, None, *TEXTS, "1.5", "2024-05-01", b"a", b"\xab", b"", bytearray(b"a")),
    *(dt.date(2024, 5, 1), dt.date.min, dt.date.max, *MOMENTS, FIRST, LAST),
    *(at.replace(tzinfo=dt.UTC) for at in MOMENTS),
    dt.datetime(2024, 5, 1, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    *(dt.time(12), dt.time.max, dt.time(12, 0, 0, 1), uuid.UUID(int=5), dt.timedelta(days=1)),
]  # fmt: skip
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ONE = [
    *(f"v {sign} {{0}}" for sign in COMPARISONS),
    *(f"{{0}} {sign} v" for sign in COMPARISONS),
    *("v IS DISTINCT FROM {0}", "v IS NOT DISTINCT FROM {0}"),
    *("{0} IS NOT DISTINCT FROM v", "v IN ({0})", "v NOT IN ({0})"),
    *("v IN ({0}, NULL)", "NOT v = {0}", "NOT (v < {0} OR v IS NULL)"),
    *("v = {0} AND v IS NOT NULL", "v IS NULL OR v > {0}"),
    *("t.v = {0}", "v LIKE {0}", "v LIKE {0} || '%'"),
    *("starts_with(v, {0})", "v ^@ {0}", "CASE WHEN v = {0} THEN true END"),
]  # fmt: skip
TWO = [
    *("v BETWEEN {0} AND {1}", "v NOT BETWEEN {0} AND {1}"),
    *("v IN ({0}, {1})", "v NOT IN ({0}, {1})", "v >= {0} AND v < {1}"),
    *("v = {0} OR v = {1}", "v IN ({0}, {1}, NULL)", "{0} BETWEEN v AND {1}", "v BETWEEN SYMMETRIC {0} AND {1}"),
]  # fmt: skip


Item = TypeVar("Item")


@dataclass
class Rows:
    """A table of one column `v`, with a file for each row; the last two rows are null, alone and beside a value."""

    tables: ParquetTables
    memory: duckdb.DuckDBPyConnection
    files: list[DataFile]
    written: Schema
    current: Schema
    values: list[Any]

    def matching(self, condition: str, parameters: Sequence[Any] = ()) -> list[bool] | None:
        """Whether the condition is true for each row; None if it cannot be evaluated."""
        try:
            found = self.memory.execute(
                f"SELECT ({condition}) IS TRUE FROM t ORDER BY id", parameters or None
            ).fetchall()
        except duckdb.Error:
            return None
        return [row[0] for row in found]

    def pruned_wrongly(self, condition: str, matching: Sequence[bool], parameters: Sequence[Any] = ()) -> list[Any]:
        try:
            predicate = self.tables.predicate(f"SELECT * FROM t WHERE {condition}", parameters=parameters)
        except SupertableError:
            return []
        return [
            value
            for value, match, file in zip(self.values, matching, self.files, strict=True)
            if match and not self._kept(predicate, file)
        ]

    def _kept(self, predicate: Predicate, file: DataFile) -> bool:
        return may_match(predicate, file, self.written, self.current)


def rows(folder: Path, name: str) -> Rows:
    source, kind = WIDENED.get(name, (name, COLUMNS.get(name, (None,))[0]))
    written, values = COLUMNS[source]
    tables = ParquetTables(folder / "lake", threads=1)
    parts = [pa.table({"v": pa.array([value], written)}) for value in [*values, None]]
    old, new = (schema_of(pa.table({"v": pa.array([], one)})) for one in (written, kind))
    files = [tables.write("t", part, old) for part in parts]
    files.append(tables.write("t", pa.table({"v": pa.array([values[0], None], written)}), old))
    tables.add("t", files, new, {old.id: old} if source == name else None)
    memory = duckdb.connect()
    memory.execute("SET TimeZone = 'UTC'")
    every = pa.array([*values, None, values[0]], written)
    given = every.cast(kind) if kind != written else every
    plain = given.dictionary_decode() if pa.types.is_dictionary(given.type) else given
    memory.register("given", pa.table({"id": range(len(plain)), "v": plain}))
    shown = "v::TIME" if name == "time(ns)" else "v"  # the product reads times in microseconds
    memory.execute(f"CREATE TABLE t AS SELECT id, {shown} AS v FROM given")
    return Rows(tables, memory, files, old, new, [*values, None, values[0]])


def forms_for(name: str) -> list[str]:
    """The forms of the column's own family, and some of the others."""
    moment = any(word in name for word in ("date", "time", "zoned"))
    number = any(word in name for word in ("int", "float", "decimal"))
    family = "moment" if moment else "number" if number else "text"
    others = [form for other, forms in FORMS.items() if other != family for form in forms[::7]]
    return [*FORMS[family], *others]


def some(cases: Sequence[Item], name: str) -> list[Item]:
    """Long runs try all cases."""
    return chance(f"pruning of {name}").sample(cases, min(len(cases), BUDGET.pruning_cases))


def literal_cases(name: str) -> list[str]:
    forms = forms_for(name)
    draw = chance(f"pairs of {name}")
    pairs = [draw.choice(TWO).format(draw.choice(forms), draw.choice(forms)) for _ in range(1_000)]
    return some([*(condition.format(form) for form in forms for condition in ONE), *pairs], name)


@pytest.mark.parametrize("name", [*COLUMNS, *WIDENED])
def test_literals(tmp_path: Path, name: str) -> None:
    table = rows(tmp_path, name)
    wrong = []
    tried = 0
    for condition in literal_cases(name):
        matching = table.matching(condition)
        if matching is not None:
            tried += 1
            lost = table.pruned_wrongly(condition, matching)
            wrong += [(condition, lost)] if lost else []
    assert not wrong
    assert tried


def parameter_cases(name: str) -> list[tuple[str, list[Any]]]:
    draw = chance(f"pairs of {name}")
    pairs = [(draw.choice(TWO).format("$1", "$2"), draw.sample(PARAMETERS, 2)) for _ in range(1_000)]
    lists = [("v IN $1", [[value, value]]) for value in PARAMETERS]
    return some([*((one.format("$1"), [value]) for value in PARAMETERS for one in ONE), *pairs, *lists], name)


@pytest.mark.parametrize("name", [*COLUMNS, *WIDENED])
def test_parameters(tmp_path: Path, name: str) -> None:
    table = rows(tmp_path, name)
    wrong = []
    for condition, given in parameter_cases(name):
        parameters = list(exact_parameters(given))
        matching = table.matching(condition, parameters)
        lost = table.pruned_wrongly(condition, matching, parameters) if matching is not None else []
        wrong += [(condition, given, lost)] if lost else []
    assert not wrong


def exact(value: Any) -> Fraction | None:
    return Fraction(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def compared(left: Any, right: Any, sign: str) -> bool | None:
    """`left sign right` in exact arithmetic; a float makes both floats, of which NaN is the greatest.

    None: not comparable.
    """
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        return COMPARISONS[sign](left.encode(), right.encode())
    if isinstance(left, str | bool) or isinstance(right, str | bool):
        return None
    if not isinstance(left, float) and not isinstance(right, float):
        return COMPARISONS[sign](exact(left), exact(right))
    return COMPARISONS[sign](
        *((math.isnan(number), 0 if math.isnan(number) else number) for number in (float(left), float(right)))
    )


@pytest.mark.parametrize(
    "name", [name for name in COLUMNS if "int" in name or "decimal" in name or name in ("float64", "string")]
)
def test_exact_arithmetic(tmp_path: Path, name: str) -> None:
    """The engine's answer and the files that it reads agree with Python's exact numbers."""
    table = rows(tmp_path, name)
    values = [
        value for value in PARAMETERS if isinstance(value, int | float | Decimal | str) and not isinstance(value, bool)
    ]
    for value, sign in some(list(itertools.product(values, COMPARISONS)), f"exact {name}"):
        parameters = list(exact_parameters([value]))
        matching = table.matching(f"v {sign} $1", parameters)
        model = [compared(row, value, sign) for row in table.values]
        if matching is None or None in model:
            continue
        assert matching == model, (sign, value)
        assert not table.pruned_wrongly(f"v {sign} $1", matching, parameters), (sign, value)
