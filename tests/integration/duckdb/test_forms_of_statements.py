"""Forms of SELECT that DuckDB's rendering cannot write, or that would tell of deleted rows; and why others are refused.

All expected rows are literal.
"""

from __future__ import annotations

import pyarrow as pa
import pytest

from supertable.domain.errors import InvalidStatement, StatementRefused
from tests.support.parquet_tables import ParquetTables

FRUIT = pa.table(
    {
        "id": pa.array([1, 2, 3, 4, 900], pa.int64()),
        "name": pa.array(["fig", "kiwi", "plum", "pear", "gone"], pa.string()),
        "price": pa.array([30, 10, None, 20, 5], pa.int64()),
    }
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ParquetTables:
    made = ParquetTables(tmp_path_factory.mktemp("lake") / "root")
    made.table("fruit", FRUIT, dead={0: [4]})
    return made


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("(SELECT name FROM fruit ORDER BY price LIMIT 2) ORDER BY name DESC", [("pear",), ("kiwi",)]),
        ("(SELECT id FROM fruit ORDER BY id DESC LIMIT 3) ORDER BY id LIMIT 2", [(2,), (3,)]),
        ("((SELECT id FROM fruit ORDER BY id LIMIT 4) ORDER BY id DESC LIMIT 3) ORDER BY id LIMIT 1", [(2,)]),
        ("(FROM fruit SELECT id ORDER BY id LIMIT 3) OFFSET 2", [(3,)]),
        ("(SELECT DISTINCT price > 15 AS dear FROM fruit ORDER BY ALL LIMIT 2) ORDER BY 1 DESC", [(True,), (False,)]),
        ("(SELECT id FROM fruit UNION SELECT 7 ORDER BY id DESC LIMIT 2) ORDER BY id", [(4,), (7,)]),
        ("(VALUES (3), (1), (2) LIMIT 2) ORDER BY 1", [(1,), (3,)]),
        ("WITH c AS (SELECT 3 AS top) (SELECT id FROM fruit ORDER BY id LIMIT 3) ORDER BY id = (FROM c) DESC, id DESC",
         [(3,), (2,), (1,)]),
        ("(WITH c AS (FROM fruit) SELECT id FROM c ORDER BY id LIMIT 3) ORDER BY id DESC LIMIT 1", [(3,)]),
        ("SELECT max(id) FROM ((SELECT id FROM fruit ORDER BY id LIMIT 3) ORDER BY id DESC LIMIT 2)", [(3,)]),
        ("SELECT id FROM fruit WHERE id IN ((SELECT id FROM fruit ORDER BY id LIMIT 2) ORDER BY id DESC LIMIT 1)",
         [(2,)]),
        ("((SELECT id FROM fruit ORDER BY id LIMIT 2) ORDER BY id DESC LIMIT 1) UNION ALL SELECT 8 ORDER BY ALL",
         [(2,), (8,)]),
        ("SELECT lag(price RESPECT NULLS) OVER (ORDER BY id) FROM fruit ORDER BY id", [(None,), (30,), (10,), (None,)]),
        ("SELECT lag(price IGNORE NULLS) OVER (ORDER BY id) FROM fruit ORDER BY id", [(None,), (30,), (10,), (10,)]),
        ("SELECT last_value(price RESPECT NULLS) OVER w FROM fruit WINDOW w AS (ORDER BY id) ORDER BY id",
         [(30,), (10,), (None,), (20,)]),
        ("SELECT * REPLACE (price + 1 AS price, upper(name) AS NAME, -id AS id) FROM fruit WHERE id < 3 ORDER BY id",
         [(-2, "KIWI", 11), (-1, "FIG", 31)]),
        ("SELECT p, i, n FROM (SELECT * RENAME (price AS p, id AS i, fruit.name AS n) FROM fruit) WHERE i = 4",
         [(20, 4, "pear")]),
        ("SELECT * EXCLUDE (f.price, f.id) FROM fruit f WHERE f.id = 2", [("kiwi",)]),
        ("SELECT COLUMNS(* EXCLUDE (id) REPLACE (0 AS price, 'x' AS name)) FROM fruit WHERE id = 1", [("x", 0)]),
        ("FROM repeat('ha', 2)", [("ha",), ("ha",)]),
        ("FROM repeat_row(1, NULL, 'x', num_rows = 2)", [(1, None, "x"), (1, None, "x")]),
        ("SELECT invoke(lambda x, y: x * y + price, id, 100) FROM fruit WHERE id < 3 ORDER BY id", [(130,), (210,)]),
        ("SELECT lttb(id, price, 3 ORDER BY id) FROM fruit WHERE price IS NOT NULL",
         [([{"x": 1.0, "y": 30.0}, {"x": 2.0, "y": 10.0}, {"x": 4.0, "y": 20.0}],)]),
        ("SELECT path_join('a', name) FROM fruit WHERE id = 1", [("a/fig",)]),
        ("SELECT bitstring_agg(id, 0, 7)::VARCHAR FROM fruit", [("01111000",)]),
    ],
)  # fmt: skip
def test_answers(sql: str, rows: list[tuple[object, ...]], tables: ParquetTables) -> None:
    answer = tables.query(sql)
    numbered = answer.rename_columns([str(number) for number in range(answer.num_columns)])
    assert [tuple(row.values()) for row in numbered.to_pylist()] == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT bitstring_agg(id) FROM fruit",
        "SELECT bitstring_agg(DISTINCT id) OVER () FROM fruit",
        "SELECT fruit.id.bitstring_agg() FROM fruit",
        "SELECT BITSTRING_AGG(abs(id), 0) FROM fruit",
    ],
)
def test_no_bounds_are_taken_from_deleted_rows(sql: str, tables: ParquetTables) -> None:
    """The id 900 is deleted. Without bounds, DuckDB answers with 900 bits, from the statistics of the file."""
    with pytest.raises(StatementRefused, match=r"needs the least and the greatest value: bitstring_agg\(a, 0, 100\)"):
        tables.engine.parse(sql)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("FROM read_csv('/etc/passwd')", "The table function 'read_csv' is not available: it reads files. Load them"),
        ("FROM GLOB('*')", "'glob' is not available: it reads files"),
        ("SELECT current_setting('threads')", "it tells of the engine, not of the lake"),
        ("FROM duckdb_secrets()", "it tells of the engine, not of the lake"),
        ("SELECT setseed(0.5)", r"A sample takes a seed: TABLESAMPLE … REPEATABLE \(1\)"),
        ("SELECT nextval('s')", r"there are no sequences. Number rows by row_number\(\)"),
        ("FROM query('SELECT 1')", "Write the query itself"),
        ("SELECT sleep_ms(1000)", "it only waits or fails"),
        ('SELECT "="(1, 1)', "a comparison is written between its operands: a = b"),
        ("SELECT pg_get_viewdef(1)", "the catalog of PostgreSQL"),
        ("FROM histogram(fruit, price)", r"Use the aggregate: SELECT histogram\(a\) FROM t"),
        ("SELECT unpivot_list(1)", "it is for DuckDB's own use"),
        ("SELECT no_such_function(1)", r"The function 'no_such_function' is not available\.$"),
        ("SELECT lowr('A')", "Did you mean lower"),
        ("SELECT sum(price RESPECT NULLS) OVER () FROM fruit", "not supported"),
    ],
)
def test_refusals_say_why(sql: str, reason: str, tables: ParquetTables) -> None:
    with pytest.raises(StatementRefused, match=reason):
        tables.engine.parse(sql)


@pytest.mark.parametrize("sql", ["SELECT rowid FROM fruit", "SELECT name FROM fruit f WHERE f.RowId = 0"])
def test_rows_have_no_numbers(sql: str, tables: ParquetTables) -> None:
    with pytest.raises(InvalidStatement, match=r"Number them by row_number\(\) OVER \(ORDER BY …\)"):
        tables.query(sql)
