"""Counts that the snapshot knows: nothing runs for them, and the answer is the same as if it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import supertable
from supertable.domain.errors import InvalidStatement, ResultTooLarge
from supertable.entrypoints.sdk.lakes.lake import Lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Table t: ids 0 to 9, then 3 of them deleted, then 2 replaced and 1 added. Table `none` has no row."""
    home: Path = tmp_path_factory.mktemp("counted")
    with supertable.connect(home=home) as made:
        made.write("t", [{"id": n, "v": n % 3} for n in range(10)], keys="id")
        made.delete("t", where="id < 3")
        made.write("t", [{"id": n, "v": 7} for n in (8, 9, 10)], mode="upsert")
        made.write("u", [{"id": 1}])
        made.write("none", [{"id": 1}])
        made.delete("none", where="true")
        made.roles.create("part", "reader")
        made.roles.grant("part", "t", where="v = 7")
        made.roles.create("masked", "reader")
        made.roles.grant("masked", "t", masks={"v": "null"})
        yield made


CASES: list[tuple[str, dict[str, list[Any]]]] = [
    ("select count(*) from t", {"count_star()": [8]}),
    ("SELECT COUNT(*) FROM t;", {"count_star()": [8]}),
    ('select count(*) as "a b" from t as x', {"a b": [8]}),
    ("select count() n from t", {"n": [8]}),
    ("select count(*) n from none", {"n": [0]}),
    ("select count(*) n from t at (version => 2)", {"n": [10]}),
    ("select count(*) n from t at (version => 3)", {"n": [7]}),
    ("select count(*) n from main", {"n": [9]}),
    ("select count(*) n from table_changes('t', 2)", {"n": [8]}),
    ("select count(*) n from t where true", {"n": [8]}),
    ("select count(*) n from t limit 0", {"n": []}),
    ("select count(*) n from t having count(*) > 8", {"n": []}),
    ("select count(*) n from t group by all", {"n": [8]}),
    ("select count(*) filter (where false) n from t", {"n": [0]}),
    ("select count(distinct 1) n from t", {"n": [1]}),
    ("select count(null) n from t", {"n": [0]}),
    ("select count(*) + 1 n from t", {"n": [9]}),
    ("select count(*) a, count(*) b from t", {"a": [8], "b": [8]}),
    ("select count(*) over () n from u", {"n": [1]}),
    ("with c as (select count(*) from t) select count(*) n from c", {"n": [1]}),
    ("select count(*) n from t, u", {"n": [8]}),
    ("select count(*) n from (from t)", {"n": [8]}),
    ("select count(*) n from t union all select count(*) from u", {"n": [8, 1]}),
    ("select count(*) n from t tablesample 100%", {"n": [8]}),
]


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=[sql for sql, _ in CASES])
def test_counts(lake: Lake, sql: str, expected: dict[str, list[Any]]) -> None:
    result = lake.sql(sql)
    assert result.arrow().to_pydict() == expected
    assert {str(field.type) for field in result.schema} == {"int64"}


@pytest.mark.parametrize(("role", "rows"), [("part", 3), ("masked", 8)])
def test_roles_count_the_rows_that_they_see(lake: Lake, role: str, rows: int) -> None:
    with supertable.connect(home=lake.settings.home, role=role) as limited:
        assert limited.sql("select count(*) n from t").arrow().to_pydict() == {"n": [rows]}


def test_limits_and_parameters_are_those_of_any_query(lake: Lake) -> None:
    with pytest.raises(ResultTooLarge):
        lake.sql("select count(*) from t", max_rows=0)
    with pytest.raises(InvalidStatement):
        lake.sql("select count(*) from t", [1])
    rows = lake.sql("explain select count(*) from t").arrow()
    assert rows.column_names == lake.sql("explain select 1").arrow().column_names
