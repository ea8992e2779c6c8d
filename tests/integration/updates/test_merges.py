"""MERGE, with the rows that it must leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import InvalidInput, InvalidSchema, InvalidStatement, Lake, StatementRefused, SupertableError
from supertable.domain.errors import DuplicateKey

SCHEMA = pa.schema([("id", pa.int64()), ("n", pa.int32()), ("s", pa.string())])
ROWS = [(1, 10, "a"), (2, 20, "b"), (3, None, None)]
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """`t` has no keys, `k` has the key id: the same rows, in two files. `o` is a source."""
    with supertable.connect(tmp_path_factory.mktemp("lake")) as made:
        for name in ("t", "k"):
            made.create_table(name, SCHEMA, keys=["id"] if name == "k" else [])
            for part in (ROWS[:2], ROWS[2:]):
                made.write(
                    name, pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in part], SCHEMA)
                )
        made.create_table("o", [("id", "int64"), ("v", "string")])
        made.write("o", pa.table({"id": [2, 3, 4, None], "v": ["two", "three", "four", "none"]}))
        yield made


def rows(lake: Lake, name: str) -> Rows:
    found = lake.sql(f"SELECT * FROM {name} ORDER BY ALL").arrow().to_pylist()
    return [tuple(row.values()) for row in found]


ONE, TWO, THREE = ROWS
MERGES: dict[str, tuple[tuple[int, int, int], Rows]] = {
    "USING o ON t.id = o.id WHEN MATCHED THEN UPDATE SET s = v": (
        (0, 2, 0),
        [ONE, (2, 20, "two"), (3, None, "three")],
    ),
    "USING o ON t.id = o.id WHEN MATCHED AND n IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET n = t.n + 1": (
        (0, 1, 1),
        [ONE, (2, 21, "b")],
    ),
    "USING o ON t.id = o.id WHEN NOT MATCHED AND id > 0 THEN INSERT (id, s) VALUES (id, v)": (
        (1, 0, 0),
        [ONE, TWO, THREE, (4, None, "four")],
    ),
    "USING o ON t.id = o.id WHEN NOT MATCHED BY TARGET AND id IS NULL THEN INSERT VALUES (7, length(v), upper(v))": (
        (1, 0, 0),
        [ONE, TWO, THREE, (7, 4, "NONE")],
    ),
    "USING o ON t.id = o.id WHEN NOT MATCHED BY SOURCE THEN DELETE": ((0, 0, 1), [TWO, THREE]),
    "USING o ON t.id = o.id WHEN NOT MATCHED BY SOURCE AND n > 10 THEN DELETE": ((0, 0, 0), [ONE, TWO, THREE]),
    "USING o ON t.id = o.id WHEN MATCHED AND v = 'two' THEN DO NOTHING WHEN MATCHED THEN UPDATE SET n = 0 "
    "WHEN NOT MATCHED THEN DO NOTHING WHEN NOT MATCHED BY SOURCE THEN UPDATE SET s = s || '?'": (
        (0, 2, 0),
        [(1, 10, "a?"), TWO, (3, 0, None)],
    ),
    "AS x USING (SELECT id AS n, 5 AS id FROM o WHERE id = 2) AS y ON x.id = y.n "
    "WHEN MATCHED THEN UPDATE SET n = y.id, id = 22": ((0, 1, 0), [ONE, THREE, (22, 5, "b")]),
    "USING (VALUES (1, 'x'), (8, 'y')) p(id, w) ON t.id = p.id WHEN MATCHED THEN UPDATE SET s = w "
    "WHEN NOT MATCHED THEN INSERT (s, id) VALUES ('é' || list_transform([w], w -> w || '!')[1], id)": (
        (1, 1, 0),
        [(1, 10, "x"), TWO, THREE, (8, None, "éy!")],
    ),
    "USING (SELECT 3 AS id, 's' AS s, 9 AS n UNION ALL SELECT 4, NULL, NULL) p ON t.id = p.id "
    "WHEN MATCHED THEN UPDATE BY NAME WHEN NOT MATCHED THEN INSERT BY NAME": (
        (1, 1, 0),
        [ONE, TWO, (3, 9, "s"), (4, None, None)],
    ),
    "USING (SELECT 4 AS id, 40 AS n, 'd' AS s) p ON t.id = p.id WHEN MATCHED THEN UPDATE SET * "
    "WHEN NOT MATCHED THEN INSERT *": ((1, 0, 0), [ONE, TWO, THREE, (4, 40, "d")]),
    "USING (SELECT 4 AS id) p ON t.id = p.id WHEN NOT MATCHED THEN INSERT DEFAULT VALUES": (
        (1, 0, 0),
        [ONE, TWO, THREE, (None, None, None)],
    ),
    "USING t AS u ON u.id = t.id + 1 WHEN MATCHED THEN UPDATE SET s = u.s": (
        (0, 2, 0),
        [(1, 10, "b"), (2, 20, None), THREE],
    ),
    "USING (VALUES (2), (2)) p(id) ON t.id = p.id AND t.n < 15 WHEN MATCHED THEN DELETE": (
        (0, 0, 0),
        [ONE, TWO, THREE],
    ),
    "USING (VALUES (2, 1), (2, 2)) p(id, w) ON t.id = p.id WHEN MATCHED AND w = 2 THEN UPDATE SET n = w": (
        (0, 1, 0),
        [ONE, (2, 2, "b"), THREE],
    ),
    "USING (SELECT 1 AS id WHERE false) p ON t.id = p.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT *": (
        (0, 0, 0),
        [ONE, TWO, THREE],
    ),
    "USING (SELECT 2 AS id, 'u' AS w) AS p USING (id) WHEN MATCHED THEN UPDATE SET s = w": (
        (0, 1, 0),
        [ONE, (2, 20, "u"), THREE],
    ),
    "USING o ON NULL WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET n = 1": (
        (0, 3, 0),
        [(1, 1, "a"), (2, 1, "b"), (3, 1, None)],
    ),
}


def test_merges(lake: Lake) -> None:
    version = lake.table("t").info().version
    for merge, (counts, expected) in MERGES.items():
        sql = f"MERGE INTO t {merge}"
        if "INSERT *" in merge and "false" in merge:
            with pytest.raises(InvalidStatement, match="same order"):
                lake.sql(sql)
            sql = sql.replace("INSERT *", "INSERT BY NAME")
        done = lake.sql(sql).write
        assert done is not None
        assert (done.rows_inserted, done.rows_updated, done.rows_deleted) == counts, merge
        assert (done.operation, rows(lake, "t")) == ("merge", expected), merge
        lake.table("t").restore(version)


REFUSED: dict[str, tuple[type[SupertableError], str]] = {
    "USING (VALUES (2), (2)) p(id) ON t.id = p.id WHEN MATCHED THEN DELETE": (InvalidInput, "matches several rows"),
    "USING (VALUES (2), (2)) p(id) ON t.id = p.id WHEN MATCHED THEN UPDATE SET n = 1": (
        InvalidInput,
        "matches several rows",
    ),
    "USING o ON t.id = o.id WHEN MATCHED THEN INSERT VALUES (1)": (InvalidStatement, "only WHEN NOT MATCHED"),
    "USING o ON t.id = o.id WHEN NOT MATCHED THEN DELETE": (InvalidStatement, "cannot do 'DELETE'"),
    "USING o ON t.id = o.id WHEN NOT MATCHED THEN INSERT VALUES (t.n, 1, 'x')": (InvalidStatement, "no row of 't'"),
    "USING o ON t.id = o.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET s = o.v": (InvalidStatement, "no row of 'o'"),
    "USING o ON t.id = o.id WHEN MATCHED THEN UPDATE SET n = id": (InvalidStatement, "Ambiguous"),
    "USING o ON t.id = o.id WHEN NOT MATCHED THEN INSERT VALUES (id, 1)": (InvalidStatement, "value for each column"),
    "USING o ON t.id = o.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2)": (InvalidStatement, "1 columns but 2"),
    "USING o ON t.id = o.id WHEN NOT MATCHED THEN INSERT (m) VALUES (1)": (InvalidStatement, "no column 'm'"),
    "USING o ON t.id = o.id WHEN NOT MATCHED THEN INSERT BY NAME": (InvalidStatement, "no column 'v'"),
    "USING o ON t.id = o.id WHEN MATCHED THEN UPDATE": (InvalidStatement, "BY NAME"),
    "USING o ON t.id = o.id WHEN MATCHED THEN ERROR": (InvalidStatement, "cannot do 'ERROR'"),
    "USING o ON t.id = o.id WHEN MATCHED THEN DELETE RETURNING *": (StatementRefused, "RETURNING"),
    "USING o ON t.id = o.id": (InvalidStatement, "a MERGE is"),
    "USING o, o AS p ON t.id = o.id WHEN MATCHED THEN DELETE": (StatementRefused, "one source"),
    "USING (SELECT 1 AS id) ON t.id = 1 WHEN MATCHED THEN DELETE": (StatementRefused, "needs a name"),
    "USING t ON t.id = t.id WHEN MATCHED THEN DELETE": (StatementRefused, "both named 't'"),
    "USING o ON t.id = o.id WHEN MATCHED THEN UPDATE SET n = 2.5": (InvalidSchema, "Column 'n'"),
    "USING o ON t.id = o.id WHEN MATCHED THEN UPDATE SET s = t": (StatementRefused, "is a row"),
    "USING o ON t.id = o.id WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN MATCHED THEN UPDATE SET s = o::VARCHAR": (
        StatementRefused,
        "name its columns",
    ),
}


def test_refused_merges_change_nothing(lake: Lake) -> None:
    version = lake.table("t").info().version
    for merge, (kind, text) in REFUSED.items():
        with pytest.raises(kind) as refused:
            lake.sql(f"MERGE INTO t {merge}")
        assert text in str(refused.value), merge
        assert "st_u" not in str(refused.value), merge
    assert lake.table("t").info().version == version


def test_keys_stay_unique(lake: Lake) -> None:
    version = lake.table("k").info().version
    merge = "MERGE INTO k USING (VALUES (1), (4), (4)) p(id) ON k.id = p.id"
    for clauses in (
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (id)",  # two new rows
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (2)",  # a row that stays
        "WHEN MATCHED THEN UPDATE SET id = 3",
    ):
        with pytest.raises(DuplicateKey):
            lake.sql(f"{merge} {clauses}")
    assert lake.table("k").info().version == version
    lake.sql(
        "MERGE INTO k USING (VALUES (1), (4)) p(id) ON k.id = p.id "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, s) VALUES (1, 'reused')"
    )
    assert rows(lake, "k") == [(1, None, "reused"), TWO, THREE]
    changes = lake.changes("k", version, version + 1).arrow().to_pylist()
    assert sorted((change["_change"], change["s"]) for change in changes) == [
        ("update_after", "reused"),
        ("update_before", "a"),
    ]
    lake.table("k").restore(version)


def test_the_source_is_read_under_the_rights_of_the_caller(lake: Lake) -> None:
    lake.roles.create("clerk", "writer", ["t"])
    with supertable.connect(lake.settings.home, role="clerk") as clerk:
        with pytest.raises(supertable.TableNotFound):
            clerk.sql("MERGE INTO t USING o ON t.id = o.id WHEN MATCHED THEN DELETE")
        with pytest.raises(supertable.TableNotFound):
            clerk.sql("UPDATE k SET n = 1")
    lake.roles.create("looks", "reader", ["t", "o"])
    with (
        supertable.connect(lake.settings.home, role="looks") as reader,
        pytest.raises(supertable.AccessDenied),
    ):
        reader.sql("UPDATE t SET n = 1")
