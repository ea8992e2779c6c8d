"""Which statements give the same rows at any time. The rest is never kept."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import (
    FUNCTIONS,
    TABLE_FUNCTIONS,
    VOLATILE,
)
from tests.support.parquet_tables import ParquetTables

REPEATABLE = [
    "SELECT 1",
    "SELECT a, sum(b) OVER (ORDER BY c) FROM t WHERE d IN (SELECT e FROM u) ORDER BY lower(a) LIMIT 3",
    "SELECT date_trunc('day', ts), strftime(ts, '%d') FROM t",
    "SELECT list_transform([1, 2], lambda x: x + 1)",
    "SELECT 'now', 'random()', t.current_date FROM t",
    "FROM t AT (VERSION => 3)",
    "FROM t AT (TIMESTAMP => now() - INTERVAL 1 HOUR)",  # it is the version that counts
    "SELECT * FROM range(5)",
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 5) FROM r",
]
VOLATILE_ONES = [
    "SELECT now()",
    "SELECT NOW()",
    "SELECT current_date",
    "SELECT Current_Timestamp",
    'SELECT "current_time" FROM t',
    "SELECT localtime",
    "SELECT localtimestamp",
    "SELECT a FROM t WHERE ts > today() - INTERVAL 1 DAY",
    "SELECT a FROM t ORDER BY random()",
    "SELECT a FROM t LIMIT (SELECT (random() * 3)::INT)",
    "SELECT uuid() FROM range(3)",
    "SELECT gen_random_uuid()",
    "SELECT age(ts) FROM t",
    "SELECT ago(INTERVAL 1 DAY)",
    "SELECT reservoir_quantile(a, 0.5, 10) FROM t",
    "SELECT list_aggregate([1, 2], 'reservoir_quantile', 0.5)",
    "SELECT list_transform([1], lambda x: x + random())",
    "SELECT sum(a) FILTER (WHERE random() > 0.5) FROM t",
    "SELECT row_number() OVER (ORDER BY random()) FROM t",
    "WITH x AS MATERIALIZED (SELECT now() AS n) SELECT 1 FROM x",
    "SELECT (SELECT transaction_timestamp())",
    "SELECT a FROM t USING SAMPLE 10",
    "FROM t TABLESAMPLE reservoir(5) REPEATABLE (1)",
    "SELECT get_current_time()",
    "SELECT a FROM t GROUP BY a HAVING count(*) > random()",
    "SELECT a FROM t QUALIFY rank() OVER (ORDER BY a) > random()",
    "VALUES (random())",
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetTables]:
    made = ParquetTables(tmp_path_factory.mktemp("tables"))
    yield made
    made.engine.close()


def test_statements(tables: ParquetTables) -> None:
    found = {sql: tables.engine.parse(sql).repeatable for sql in [*REPEATABLE, *VOLATILE_ONES]}
    assert found == {**dict.fromkeys(REPEATABLE, True), **dict.fromkeys(VOLATILE_ONES, False)}


def test_the_engine_s_own_word_for_each_function() -> None:
    """`CONSISTENT_WITHIN_QUERY` alone: the time. Beside `CONSISTENT`: the overloads with a time zone, which is UTC."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT function_name, list(DISTINCT stability) FROM duckdb_functions() GROUP BY ALL"
        ).fetchall()
    allowed = FUNCTIONS | TABLE_FUNCTIONS
    of_time = {name for name, said in rows if set(said) - {None} == {"CONSISTENT_WITHIN_QUERY"}}
    of_chance = {name for name, said in rows if "VOLATILE" in said}
    names_only = {"current_database", "current_schema", "current_schemas"}
    assert (of_time | of_chance) & allowed - names_only <= VOLATILE
    assert allowed >= VOLATILE
