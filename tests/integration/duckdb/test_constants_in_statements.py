"""Long lists of constants, which are not part of the tree, and parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.adapters.engines.duckdb.statement.validation.literal_lists import SHORTEST
from supertable.domain.errors import InvalidStatement, StatementRefused
from tests.support.parquet_tables import ParquetTables

MANY = SHORTEST + 20


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ParquetTables:
    made = ParquetTables(Path(tmp_path_factory.mktemp("constants")) / "root")
    rows = pa.table(
        {
            "i": pa.array([0, 1, 2, 500, None], pa.int64()),
            "f": pa.array([0.0, 1.5, 2.0, 1e10, None]),
            "s": pa.array(["k0", "it's", "", "k500", None]),
            "d": pa.array([0, 18_262, 18_263, 30_000, None], pa.int32()).cast(pa.date32()),
        }
    )
    made.table("t", *(rows.slice(number, 1) for number in range(5)))
    return made


def repeated(text: str) -> str:
    """`text` so many times, with the number in place of `#`."""
    return ", ".join(text.replace("#", str(number)) for number in range(MANY))


def listed(*first: str) -> str:
    """So many constants that they are one object: the given ones, and integers that no row has."""
    return ", ".join([*first, *(str(10_000 + number) for number in range(MANY))])


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (f"i IN ({listed('0', '2', '-5', '1_000')})", [0, 2]),
        (f"i IN ({listed('0', 'NULL')})", [0]),
        (f"i NOT IN ({listed('0', '2')})", [1, 500]),
        (f"i NOT IN ({listed('0', 'NULL')})", []),
        (f"i IN ({listed('0.0', '2.50')})", [0]),
        (f"i IN ({listed('170141183460469231731687303715884105727')})", []),
        (f"f IN ({listed('1.5', '1e10', '.0')})", [0, 1, 500]),
        (f"f IN ({listed('1.5::DOUBLE', '2::FLOAT')})", [1, 2]),
        ("s IN (" + repeated("'k#'") + ", 'it''s', '')", [0, 1, 2]),
        ("d IN (" + repeated("DATE '2020-01-01'") + ")", [1]),
        ("d IN (" + repeated("'2020-01-02'") + ")", [2]),
        ("d IN (" + repeated("TIMESTAMP '2020-01-01 00:00:00'") + ")", [1]),
        ("d IN (" + repeated("TIMESTAMP '2020-01-01 00:00:01'") + ")", []),
        (f"list_contains([{listed('1', '2')}], i)", [1, 2]),
        ("i IN (SELECT a + 0 FROM (VALUES " + repeated("(#)") + ") AS v(a))", [0, 1, 2]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prune", [False, True])
def test_long_lists(tables: ParquetTables, condition: str, rows: list[int], prune: bool) -> None:
    sql = f"SELECT i FROM t WHERE {condition} ORDER BY i"
    assert tables.query(sql, prune=prune)["i"].to_pylist() == rows


def test_long_values_keep_their_types_and_rows(tables: ParquetTables) -> None:
    rows = repeated("(#, 'x''#', #.50, NULL, DATE '2020-01-31')")
    got = tables.query(f"SELECT * FROM (VALUES {rows}) AS v(a, b, c, d, e) ORDER BY a")
    assert [str(kind) for kind in got.schema.types][:3] == ["int32", "string", "decimal128(5, 2)"]
    assert got.num_rows == MANY
    assert [str(value) for value in got.slice(7, 1).to_pylist()[0].values()] == [
        "7",
        "x'7",
        "7.50",
        "None",
        "2020-01-31",
    ]


def test_a_long_list_is_validated(tables: ParquetTables) -> None:
    for hidden in ("getenv('HOME')", "1::secret_type", "'x'::s.t", "(SELECT getenv('x'))"):
        with pytest.raises(InvalidStatement):
            tables.query(f"SELECT i FROM t WHERE i IN ({listed(hidden)})")


def test_the_audit_shows_no_value_of_a_long_list(tables: ParquetTables) -> None:
    shape = tables.engine.parse("SELECT i FROM t WHERE s IN (" + repeated("'secret'") + ")").shape
    assert "secret" not in shape
    assert "st_q" not in shape


@pytest.mark.parametrize("name", ["st_files_0", "ST_FILES_0", "st_dead_0", "st_x"])
@pytest.mark.parametrize("parameters", [(), {}, {"x": 1}])
def test_parameters_do_not_read_the_engines_variables(tables: ParquetTables, name: str, parameters: Any) -> None:
    with pytest.raises(StatementRefused, match="cannot start with 'st_'"):
        tables.query(f"SELECT ${name} FROM t", parameters)


@pytest.mark.parametrize("parameters", [(), {}, {"b": 1}])
def test_a_parameter_without_a_value_is_an_error(tables: ParquetTables, parameters: Any) -> None:
    with pytest.raises(InvalidStatement):
        tables.query("SELECT $a AS x FROM t", parameters)


def test_names_of_four_parts_are_refused(tables: ParquetTables) -> None:
    for sql in ("SELECT * FROM a.b.c.t", "SELECT 1::a.b.c.d", "SELECT * FROM a.b.c.range(3)"):
        with pytest.raises(InvalidStatement):
            tables.query(sql)


def test_division_by_zero_is_no_error(tables: ParquetTables) -> None:
    answer = tables.query("SELECT 5 // 0 AS a, 5 % 0 AS b, 5 / 0 AS c").to_pylist()
    assert answer == [{"a": None, "b": None, "c": float("inf")}]
