"""Ways past the fence that stood between a statement and the hidden rows: each must find nothing there.

The engine evaluates expressions on more than the rows that a plan selects: on the dictionaries of Parquet files, on
statistics when it plans, on whole vectors. So a statement must run where nothing hidden exists.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

import supertable
from supertable import Lake, QueryFailed

NAMES = ["Ada", "Grace", "hidden Hedy", "hidden Karen"]
ROWS = 20_000
SEEN = 10_000
DUMP = "CASE WHEN x LIKE 'hidden%' THEN x::INT ELSE 0 END"

STEPS = "SELECT 0::BIGINT AS i UNION ALL SELECT i + 2 FROM r JOIN people ON id = i WHERE i < 40"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """People, of which the role sees every second, by a condition on a column that it does not see."""
    home = tmp_path_factory.mktemp("lake")
    numbers = np.arange(ROWS)
    seen = numbers % 2 == 0
    people = pa.table(
        {
            "id": numbers,
            "team": np.where(seen, "open", "closed"),
            "name": pa.array([NAMES[(number % 2) * 2 + number // 2 % 2] for number in range(ROWS)]),
            "day": pa.array(np.where(seen, 19_000, -700_000).astype("int32")).cast(pa.date32()),
            "salary": np.where(seen, 100, 987_654_321),
            "word": pa.array(["x", "7"] * (ROWS // 2)),
        }
    )
    with supertable.connect(home) as owner:
        owner.create_table_from("people", people)
        owner.create_table_from("offices", pa.table({"name": ["Ada", "Grace"]}))
        owner.roles.create("open", "writer", "offices")
        columns = ["id", "name", "day", "salary", "word"]
        owner.roles.grant("open", "people", columns=columns, where="team = 'open'")
        with supertable.connect(home, role="open") as role:
            yield role


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SELECT sum(list_sum(list_transform([name], lambda x: {DUMP}))) AS n FROM people", 0),
        (f"SELECT sum(list_sum([{DUMP} FOR x IN [name]])) AS n FROM people", 0),
        (f"SELECT max({DUMP}) AS n FROM (SELECT name AS x FROM people)", 0),
        (f"SELECT count(*) AS n FROM people WHERE list_transform([name], lambda x: {DUMP})[1] = 0", SEEN),
        ("SELECT count(DISTINCT epoch_ns(day)) AS n FROM people", 1),
        ("SELECT count(*) AS n FROM people WHERE epoch_ns(day) > 0", SEEN),
        ("SELECT count(*) AS n FROM people WHERE (salary * 10000000000)::BIGINT > 0", SEEN),
        ("SELECT sum(CAST(salary AS TINYINT)) AS n FROM people", SEEN * 100),
        ("SELECT count(*) AS n FROM people JOIN offices USING (name) WHERE salary::TINYINT > 0", SEEN),
        ("WITH p AS (SELECT * FROM people) SELECT count(*) AS n FROM p a JOIN p b USING (id)", SEEN),
        (f"WITH RECURSIVE r AS ({STEPS}) SELECT count(*) AS n FROM r", 21),
    ],
)
def test_no_expression_meets_a_hidden_value(lake: Lake, sql: str, expected: object) -> None:
    assert lake.sql(sql).arrow()["n"].to_pylist() == [expected]


def test_statistics_cannot_be_asked_for(lake: Lake) -> None:
    with pytest.raises(supertable.StatementRefused):
        lake.sql("SELECT stats(salary) FROM people")


@pytest.mark.parametrize("seed", range(8))
def test_a_sample_of_vectors_has_the_size_of_seen_vectors(lake: Lake, seed: int) -> None:
    """The engine samples vectors of 2,048 rows. Vectors of the file would show how many of their rows are seen."""
    sql = f"SELECT count(*) AS n FROM people TABLESAMPLE SYSTEM (50%) REPEATABLE ({seed})"
    (found,) = lake.sql(sql).arrow()["n"].to_pylist()
    assert found % 2_048 in (0, SEEN % 2_048)


@pytest.mark.parametrize(
    "condition",
    [
        "salary >= {bound} AND CAST(word AS INT) >= 0",
        "CAST(word AS INT) >= 0 AND salary >= {bound}",
        "name >= 'hidden' AND CAST(word AS INT) >= {bound}",
        "day < DATE '1900-01-01' AND CAST(word AS INT) >= {bound}",
        "salary + 0 >= {bound} AND [word]::INT[] IS NOT NULL",
        "salary >= {bound} AND CASE WHEN name LIKE 'hidden%' THEN CAST(name AS INT) ELSE 0 END > 0",
    ],
)
def test_whether_a_delete_or_a_query_fails_tells_nothing(lake: Lake, condition: str) -> None:
    """All bounds lie above what the role sees. Only hidden rows could make a difference between them."""
    found = set()
    for bound in (101, 1_000, 987_654_320, 987_654_321, 987_654_322, 2**40):
        text = condition.format(bound=bound)
        found.add((_delete(lake, text), _count(lake, text)))
    assert len(found) == 1
    assert "hidden" not in repr(found)


def _delete(lake: Lake, condition: str) -> object:
    try:
        return lake.delete("people", where=condition).rows_deleted
    except QueryFailed as error:
        return str(error)


def _count(lake: Lake, condition: str) -> object:
    try:
        return lake.sql(f"SELECT count(*) AS n FROM people WHERE {condition}").arrow()["n"][0].as_py()
    except QueryFailed as error:
        return str(error)


def test_errors_quote_no_value(lake: Lake) -> None:
    for sql, what in {
        "SELECT name::INT FROM people": "could not be converted",
        "SELECT salary::TINYINT * 2::TINYINT FROM people": "out of the range",
        "SELECT strptime(name, '%Y') FROM people": "does not accept",
    }.items():
        with pytest.raises(QueryFailed, match=what) as failed:
            lake.sql(sql).arrow()
        assert not [name for name in (*NAMES, "100", "200") if name in str(failed.value)]


def test_field_ids_show_no_gap(lake: Lake) -> None:
    assert [column.field_id for column in lake.table("people").columns()] == [1, 2, 3, 4, 5]
    assert [field.metadata[b"PARQUET:field_id"] for field in lake.table("people").schema] == [
        str(number).encode() for number in range(1, 6)
    ]
