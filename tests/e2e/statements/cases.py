"""What statements do: steps of SQL over one table `t`, each with what must come of it, in literal values.

A step is a statement with what it returns: rows (of queries and RETURNING), what it changed, or an error. `{main}` is
the supertable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Changed:
    """What a statement changed. `version`: the one that it made."""

    operation: str
    version: int
    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Fails:
    """The name of the error, and a part of its message."""

    error: str
    message: str = ""


CHANGE = ("operation", "version", "rows_inserted", "rows_updated", "rows_deleted")
"""The fields of a write that `Changed` has."""
Rows = list[tuple[Any, ...]]
Outcome = Rows | Changed | Fails


@dataclass(frozen=True)
class Step:
    sql: str
    outcome: Outcome
    parameters: Any = field(default_factory=list)

    def on(self, supertable: str) -> str:
        return self.sql.replace("{main}", supertable)


def steps(*given: tuple[Any, ...]) -> Sequence[Step]:
    return [Step(*one) for one in given]


def assert_same(found: Outcome, step: Step) -> None:
    expected = step.outcome
    if isinstance(expected, Fails):
        assert isinstance(found, Fails), (step.sql, found)
        assert expected.error in ("", found.error), (step.sql, found)
        assert expected.message in found.message, (step.sql, found)
    elif isinstance(expected, Changed):
        assert isinstance(found, Changed), (step.sql, found)
        assert astuple(found) == astuple(expected), step.sql
    else:
        assert found == expected, step.sql


ALL = "FROM t ORDER BY ALL"
MADE = Changed("create", 1)
PLAIN = ("CREATE TABLE t (id INT, name TEXT)", MADE)
KEYED = ("CREATE TABLE t (id INT PRIMARY KEY, name TEXT, n BIGINT)", MADE)
ODD_TYPES = """CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL, "c d" DECIMAL(8,3), l INT[], s STRUCT(x INT),
    m MAP(TEXT, DOUBLE), z TIMESTAMPTZ, PRIMARY KEY (a, b))"""
NO_TABLE = Changed("none", 0)

CASES: dict[str, Sequence[Step]] = {
    "insert values": steps(
        PLAIN,
        ("INSERT INTO t VALUES (1, 'a'), (2, NULL);", Changed("append", 2, 2)),
        ("insert into T (NAME, id) values ('it''s', 3)", Changed("append", 3, 1)),
        ("INSERT INTO t (id) VALUES (4)", Changed("append", 4, 1)),
        (ALL, [(1, "a"), (2, None), (3, "it's"), (4, None)]),
        ("FROM t AT (VERSION => 2) ORDER BY id", [(1, "a"), (2, None)]),
        ("SELECT count(*) AS n FROM t AT (VERSION => 1)", [(0,)]),
    ),
    "insert select": steps(
        PLAIN,
        ("INSERT INTO t SELECT i, 'x' || i FROM range(3) r(i)", Changed("append", 2, 3)),
        ("INSERT INTO t SELECT id + 10, name FROM t WHERE id > 0", Changed("append", 3, 2)),
        ("INSERT INTO t SELECT * FROM t AT (VERSION => 2) WHERE id = 0", Changed("append", 4, 1)),
        ("INSERT INTO t BY NAME SELECT name, 90 AS ID FROM t WHERE id = 11", Changed("append", 5, 1)),
        ("WITH w AS (SELECT 91 AS i) INSERT INTO t (id) SELECT i FROM w", Changed("append", 6, 1)),
        ("INSERT INTO t (FROM t WHERE id = 91)", Changed("append", 7, 1)),
        ("INSERT INTO t FROM t WHERE false", Changed("append", 8)),
        (
            ALL,
            [(0, "x0"), (0, "x0"), (1, "x1"), (2, "x2"), (11, "x1"), (12, "x2"), (90, "x1"), (91, None), (91, None)],
        ),
    ),
    "parameters": steps(
        PLAIN,
        ("INSERT INTO t VALUES (?, ?), (?, 'b')", Changed("append", 2, 2), [1, "a", 2]),
        ("INSERT INTO t SELECT $n + id, $s FROM t WHERE id = $n", Changed("append", 3, 1), {"n": 2, "s": "x'; --"}),
        ("DELETE FROM t WHERE id = ? OR name = ?", Changed("delete", 4, deleted=2), [1, "x'; --"]),
        ("DELETE FROM t WHERE id = $id", Fails("InvalidStatement", "no value for the parameter $id"), {"no": 1}),
        ("DELETE FROM t WHERE id = 2", Fails("InvalidStatement", "no parameter for these values: $1"), [1]),
        ("INSERT INTO t VALUES (?, ?)", Fails("InvalidStatement", "parameter"), [1]),
        (ALL, [(2, "b")]),
    ),
    "counts and columns": steps(
        PLAIN,
        ("INSERT INTO t VALUES (1)", Fails("InvalidInput", "gives 1 values in each row, for the columns id, name")),
        ("INSERT INTO t SELECT 1, 'a', 2", Fails("InvalidInput", "gives 3 values")),
        ("INSERT INTO t (id, nope) VALUES (1, 2)", Fails("InvalidSchema", "no such column; it has id, name")),
        ("INSERT INTO t (id, ID) VALUES (1, 2)", Fails("InvalidSchema", "twice")),
        ("INSERT INTO t BY NAME SELECT 1 AS id, 2 AS other", Fails("InvalidSchema", "other")),
        ("INSERT INTO t VALUES (1, 'a'), (2)", Fails("InvalidStatement")),
        ("INSERT INTO t SELECT nope FROM t", Fails("InvalidStatement", "nope")),
        ("INSERT INTO t SELECT * FROM 'x.csv'", Fails("", "x.csv")),
        ("INSERT INTO t SELECT * FROM read_csv('x.csv')", Fails("StatementRefused", "read_csv")),
        ("INSERT INTO nowhere VALUES (1)", Fails("TableNotFound", "nowhere")),
        ("INSERT INTO system.audit VALUES (1)", Fails("TableNotFound", "audit")),
        (ALL, []),
    ),
    "values fit exactly": steps(
        (
            "CREATE TABLE t (i TINYINT, f DOUBLE, d DECIMAL(6,2), day DATE, ts TIMESTAMP, ok BOOLEAN, s TEXT)",
            MADE,
        ),
        (
            "INSERT INTO t VALUES (1.0, 9.5, 2, '2024-02-29', '2024-01-31 10:00', 'true', 'x')",
            Changed("append", 2, 1),
        ),
        ("INSERT INTO t (i) VALUES (1), (128)", Fails("InvalidSchema", "'i': row 2: the value does not fit int8")),
        ("INSERT INTO t (i) VALUES (1.5)", Fails("InvalidSchema", "The value is 1.5")),
        (
            "INSERT INTO t (i) VALUES ('1'), ('0x1')",
            Fails("InvalidSchema", "row 2: the text does not fit int8 exactly"),
        ),
        (
            "INSERT INTO t (d) VALUES (1.239)",
            Fails("InvalidSchema", "Correct it, or use ALTER TABLE to widen the column to decimal(7,3)."),
        ),
        ("INSERT INTO t (d) VALUES ('1.239')", Fails("InvalidSchema", "The value is '1.239'")),
        ("INSERT INTO t (day) VALUES ('2023-02-29')", Fails("InvalidSchema", "date")),
        ("INSERT INTO t (day) VALUES ('2023-02-01 10:00')", Fails("InvalidSchema", "date")),
        ("INSERT INTO t (day) SELECT TIMESTAMP '2023-02-01 10:00'", Fails("InvalidSchema", "date")),
        ("INSERT INTO t (ts) SELECT TIMESTAMPTZ '2023-02-01 10:00Z'", Fails("IncompatibleSchema", "ts")),
        ("INSERT INTO t (s) VALUES (5)", Fails("IncompatibleSchema", "string")),
        ("INSERT INTO t (ok) VALUES (1)", Fails("IncompatibleSchema", "bool")),
        ("INSERT INTO t (f) SELECT 9007199254740993", Fails("InvalidSchema", "float64")),
        ("INSERT INTO t SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL", Changed("append", 3, 1)),
        (
            "SELECT i, f, d::TEXT, day::TEXT, ts::TEXT, ok, s FROM t WHERE i = 1",
            [(1, 9.5, "2.00", "2024-02-29", "2024-01-31 10:00:00", True, "x")],
        ),
        ("SELECT count(*) FROM t", [(2,)]),
    ),
    "instants": steps(
        ("CREATE TABLE t (z TIMESTAMPTZ)", MADE),
        (
            "INSERT INTO t VALUES (TIMESTAMP '2024-01-31 10:00')",
            Fails("IncompatibleSchema", "AT TIME ZONE 'Europe/Berlin'"),
        ),
        ("INSERT INTO t VALUES (TIMESTAMP '2024-01-31 10:00' AT TIME ZONE 'Europe/Berlin')", Changed("append", 2, 1)),
        ("INSERT INTO t VALUES ('2024-01-31 10:00+05:30'), ('2024-01-31 10:00')", Changed("append", 3, 2)),
        (
            "SELECT z::TEXT FROM t ORDER BY z",
            [("2024-01-31 04:30:00+00",), ("2024-01-31 09:00:00+00",), ("2024-01-31 10:00:00+00",)],
        ),
    ),
    "rules of columns and keys": steps(
        ("CREATE TABLE t (id INT PRIMARY KEY, name TEXT NOT NULL, n INT)", MADE),
        ("INSERT INTO t (id, name) VALUES (1, 'a')", Changed("append", 2, 1)),
        ("INSERT INTO t (id, name) VALUES (2, 'b'), (3, NULL)", Fails("InvalidSchema", "row 2: it may not be null")),
        ("INSERT INTO t (id) VALUES (2)", Fails("InvalidSchema", "'name': it may not be null")),
        ("INSERT INTO t VALUES (NULL, 'a', 1)", Fails("InvalidSchema", "'id': row 1: it may not be null")),
        ("INSERT INTO t VALUES (2, 'b', 1), (1, 'c', 1)", Fails("DuplicateKey", "a row with id = 1 already")),
        ("INSERT INTO t VALUES (2, 'b', 1), (2, 'c', 1)", Fails("DuplicateKey", "two rows with the same key")),
        ("INSERT INTO t SELECT * FROM t", Fails("DuplicateKey")),
        (ALL, [(1, "a", None)]),
    ),
    "conflicting keys": steps(
        KEYED,
        ("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)", Changed("append", 2, 2)),
        ("INSERT OR REPLACE INTO t VALUES (2, 'B', 20), (3, 'C', 30)", Changed("upsert", 3, 1, 1)),
        ("INSERT OR REPLACE INTO t (id, n) VALUES (1, 10), (1, 11)", Changed("upsert", 4, 0, 1)),
        ("INSERT OR IGNORE INTO t VALUES (1, 'x', 0), (4, 'd', 4), (4, 'e', 5)", Changed("append", 5, 1)),
        ("INSERT INTO t VALUES (1, 'x', 0) ON CONFLICT DO NOTHING", Changed("append", 6)),
        (
            "INSERT INTO t (id, name) VALUES (3, 'z'), (5, 'y') ON CONFLICT (ID) DO UPDATE SET name = EXCLUDED.name",
            Changed("upsert", 7, 1, 1),
        ),
        (ALL, [(1, "a", 11), (2, "B", 20), (3, "z", 30), (4, "d", 4), (5, "y", None)]),
        ("INSERT INTO t VALUES (1, 'x', 0) ON CONFLICT (name) DO NOTHING", Fails("InvalidInput", "key columns")),
        (
            "INSERT INTO t VALUES (1, 'x', 0) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n",
            Fails("InvalidInput", "SET name = EXCLUDED.name, n = EXCLUDED.n"),
        ),
        (
            "INSERT INTO t VALUES (1, 'x', 0) ON CONFLICT DO UPDATE SET name = 'y'",
            Fails("StatementRefused", "name = EXCLUDED.name"),
        ),
    ),
    "conflicts need keys": steps(
        PLAIN,
        ("INSERT OR REPLACE INTO t VALUES (1, 'a')", Fails("InvalidInput", "no key columns")),
        ("INSERT INTO t VALUES (1, 'a') ON CONFLICT DO NOTHING", Fails("InvalidInput", "no key columns")),
    ),
    "returning": steps(
        KEYED,
        ("INSERT INTO t (id, n) VALUES (1, 2), (3, '4') RETURNING *", [(1, None, 2), (3, None, 4)]),
        ("INSERT INTO t (id) SELECT 7 RETURNING ID AS k, n", [(7, None)]),
        ("INSERT INTO t (id) SELECT 7 WHERE false RETURNING id", []),
        ("INSERT INTO t (id) VALUES (8) RETURNING id + 1", Fails("StatementRefused", "RETURNING takes * or columns")),
        ("INSERT INTO t (id) VALUES (8) RETURNING nope", Fails("InvalidSchema", "nope")),
        ("INSERT OR IGNORE INTO t (id) VALUES (8) RETURNING id", Fails("StatementRefused", "OR IGNORE")),
        ("INSERT INTO t (id) VALUES (7) RETURNING id", Fails("DuplicateKey")),
        ("DELETE FROM t RETURNING id", Fails("StatementRefused", "RETURNING")),
        ("SELECT count(*) FROM t", [(3,)]),
    ),
    "delete and truncate": steps(
        PLAIN,
        ("INSERT INTO t SELECT i, CASE WHEN i > 1 THEN 'x' END FROM range(6) r(i)", Changed("append", 2, 6)),
        ("DELETE FROM t WHERE id = 5 AND name = 'x'", Changed("delete", 3, deleted=1)),
        ("DELETE FROM t AS o WHERE o.id = 4", Changed("delete", 4, deleted=1)),
        ("DELETE FROM {main}.t WHERE {main}.t.id = 3 OR t.id = 77", Changed("delete", 5, deleted=1)),
        ("DELETE FROM t WHERE name = 'x' AND NULL", Changed("delete", 6)),
        ("DELETE FROM t WHERE o.id = 1", Fails("InvalidStatement", "o")),
        ("DELETE FROM t WHERE nope = 1", Fails("InvalidStatement", "nope")),
        ("DELETE FROM t WHERE id + 1", Fails("InvalidStatement", "true or false")),
        ("DELETE FROM t WHERE sum(id) > 1", Fails("StatementRefused", "sum")),
        (ALL, [(0, None), (1, None), (2, "x")]),
        ("DELETE FROM t", Changed("delete", 7, deleted=3)),
        ("INSERT INTO t FROM t AT (VERSION => 2)", Changed("append", 8, 6)),
        ("TRUNCATE t", Changed("overwrite", 9, deleted=6)),
        ("TRUNCATE TABLE t", Changed("overwrite", 10)),
        ("SELECT count(*) FROM t AT (VERSION => 8)", [(6,)]),
        (ALL, []),
    ),
    "delete with other tables": steps(
        PLAIN,
        ("INSERT INTO t SELECT i, 'n' || i FROM range(10) r(i)", Changed("append", 2, 10)),
        ("DELETE FROM t WHERE id IN (SELECT id + 1 FROM t WHERE id > 6)", Changed("delete", 3, deleted=2)),
        ("DELETE FROM t AS x USING range(2) r(i), (VALUES (0), (1)) q WHERE x.id = i", Changed("delete", 4, deleted=2)),
        (
            "WITH w AS (SELECT max(id) AS m FROM t) DELETE FROM t WHERE id = (SELECT m FROM w) AND id > ?",
            Changed("delete", 5, deleted=1),
            [1],
        ),
        ("DELETE FROM t WHERE id NOT IN (VALUES (2), (NULL))", Changed("delete", 6)),
        (
            "DELETE FROM t o WHERE EXISTS (FROM t WHERE t.id = o.id + 1 AND name = 'n6')",
            Changed("delete", 7, deleted=1),
        ),
        ("DELETE FROM t WHERE id IN (FROM nowhere)", Fails("TableNotFound", "nowhere")),
        ("DELETE FROM t WHERE id IN (SELECT nope FROM t)", Fails("InvalidStatement", "nope")),
        ("DELETE FROM t USING t u WHERE sum(u.id) > 1", Fails("StatementRefused", "sum")),
        ("DELETE FROM t WHERE id IN (SELECT 2) RETURNING id", Fails("StatementRefused", "RETURNING")),
        (ALL, [(2, "n2"), (3, "n3"), (4, "n4"), (6, "n6")]),
    ),
    "create": steps(
        (ODD_TYPES, MADE),
        ("CREATE TABLE t (a INT)", Fails("TableExists", "'t'")),
        ("CREATE TABLE IF NOT EXISTS t (a INT)", Changed("none", 1)),
        (
            "SELECT column_name, column_type FROM (DESCRIBE t)",
            [
                ("a", "INTEGER"),
                ("b", "VARCHAR"),
                ("c d", "DECIMAL(8,3)"),
                ("l", "INTEGER[]"),
                ("s", "STRUCT(x INTEGER)"),
                ("m", "MAP(VARCHAR, DOUBLE)"),
                ("z", "TIMESTAMP WITH TIME ZONE"),
            ],
        ),
        ("INSERT INTO t (a, b) VALUES (1, 'x'), (1, 'y')", Changed("append", 2, 2)),
        ("INSERT INTO t (a, b) VALUES (1, 'y')", Fails("DuplicateKey", "a = 1, b = 'y'")),
        ("INSERT INTO t (a) VALUES (1)", Fails("InvalidSchema", "'b'")),
    ),
    "create as": steps(
        (
            "CREATE TABLE t AS SELECT i AS id, i / 2 AS half, 'x' AS \"odd name\" FROM range(3) r(i)",
            Changed("append", 2, 3),
        ),
        (ALL, [(0, 0.0, "x"), (1, 0.5, "x"), (2, 1.0, "x")]),
        ("CREATE TABLE t AS SELECT 1 AS a", Fails("TableExists")),
        ("CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a", Changed("none", 2)),
        ("CREATE OR REPLACE TABLE t AS SELECT 1 AS a", Fails("StatementRefused", "OR REPLACE")),
        ("CREATE TABLE u AS SELECT id, 1 AS ID FROM t", Fails("InvalidSchema", "ID")),
        ("CREATE TABLE u AS SELECT 'x'::INT AS a", Fails("", "")),
        ("CREATE TABLE u AS SELECT a FROM nowhere", Fails("TableNotFound", "nowhere")),
        ("FROM u", Fails("TableNotFound", "'u'")),
        ("CREATE TABLE u AS FROM t WHERE false", Changed("append", 2)),
        ("SELECT count(*) FROM u", [(0,)]),
        ("DROP TABLE u", Changed("drop", 2)),
    ),
    "alter": steps(
        PLAIN,
        ("INSERT INTO t VALUES (1, NULL)", Changed("append", 2, 1)),
        ("ALTER TABLE t ADD COLUMN n SMALLINT, ADD k TEXT", Changed("alter", 3)),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS N INT", Changed("none", 3)),
        ("ALTER TABLE t ADD n INT", Fails("InvalidSchema", "already exists")),
        ("ALTER TABLE t ADD x INT NOT NULL", Fails("InvalidSchema", "nulls can only be forbidden")),
        ("INSERT INTO t VALUES (2, 'b', 5, 'k')", Changed("append", 4, 1)),
        ("ALTER TABLE t ALTER n TYPE BIGINT", Changed("alter", 5)),
        ("ALTER TABLE t ALTER COLUMN n SET DATA TYPE SMALLINT", Fails("IncompatibleSchema", "int64")),
        ("ALTER TABLE t ALTER name SET NOT NULL", Fails("InvalidSchema", "1 rows have one")),
        ("ALTER TABLE t ALTER id SET NOT NULL", Changed("alter", 6)),
        ("INSERT INTO t (n) VALUES (1)", Fails("InvalidSchema", "'id'")),
        ("ALTER TABLE t ALTER id DROP NOT NULL", Changed("alter", 7)),
        ('ALTER TABLE t RENAME COLUMN n TO "the n"', Changed("alter", 8)),
        ("ALTER TABLE t DROP COLUMN k, DROP IF EXISTS nothing", Changed("alter", 9)),
        ("ALTER TABLE t DROP COLUMN IF EXISTS nothing", Changed("none", 9)),
        ("ALTER TABLE t DROP nothing", Fails("InvalidSchema", "no such column")),
        ("ALTER TABLE t ADD y INT, DROP nothing", Fails("InvalidSchema", "nothing")),
        ('SELECT id, "the n", name FROM t ORDER BY id', [(1, None, None), (2, 5, "b")]),
        ("SELECT n FROM t AT (VERSION => 5) ORDER BY id", [(None,), (5,)]),
        ("ALTER TABLE nowhere DROP a", Fails("TableNotFound", "nowhere")),
        ("ALTER TABLE IF EXISTS nowhere DROP a", NO_TABLE),
        ("ALTER TABLE t SET PARTITIONED BY (bucket(4, id), name)", Changed("alter", 10)),
        ("ALTER TABLE t SET SORTED BY (id DESC)", Changed("alter", 11)),
        ("ALTER TABLE t SET PARTITIONED BY (day(id))", Fails("InvalidSchema", "by day of")),
        ("ALTER TABLE t RESET PARTITIONED BY", Changed("alter", 12)),
        ("ALTER TABLE IF EXISTS nowhere RESET SORTED BY", NO_TABLE),
    ),
    "rename, drop and comment": steps(
        PLAIN,
        ("COMMENT ON TABLE t IS 'it''s'", Changed("alter", 2)),
        ("COMMENT ON COLUMN t.name IS 'who'", Changed("alter", 3)),
        ("COMMENT ON COLUMN t.nope IS 'who'", Fails("InvalidSchema", "no such column")),
        ("ALTER TABLE t RENAME TO u", Changed("rename", 3)),
        ("FROM t", Fails("TableNotFound")),
        ("FROM u", []),
        ("ALTER TABLE u RENAME TO t", Changed("rename", 3)),
        ("DROP TABLE t", Changed("drop", 3)),
        ("DROP TABLE t", Fails("TableNotFound")),
        ("DROP TABLE IF EXISTS t", NO_TABLE),
        PLAIN,
        (ALL, []),
    ),
    "names": steps(
        ('CREATE TABLE t ("select" INT, "a""b" INT, "ü ;" INT, "CamelCase" INT)', MADE),
        ('INSERT INTO t ("select", "a""b", "u ;", camelcase) VALUES (1, 2, 3, 4)', Fails("InvalidSchema", "u ;")),
        ('INSERT INTO "T" ("select", "a""b", "ü ;", camelcase) VALUES (1, 2, 3, 4)', Changed("append", 2, 1)),
        ('DELETE FROM t WHERE "ü ;" = 4 OR t."a""b" = 5 OR "camelcase" = 6', Changed("delete", 3)),
        (ALL, [(1, 2, 3, 4)]),
        ('CREATE TABLE "a b" (a INT)', Fails("StatementRefused", "not a valid table name")),
        ("DROP TABLE {main}", Fails("StatementRefused", "union")),
        ("INSERT INTO other.main.t VALUES (1)", Fails("TableNotFound")),
    ),
    "one statement at a time": steps(
        PLAIN,
        ("INSERT INTO t VALUES (1, ';'); DELETE FROM t", Fails("StatementRefused", "supertable query --file")),
        ("INSERT INTO t VALUES (1, ';') -- ; one\n;", Changed("append", 2, 1)),
        ("COPY t TO 'x'", Fails("StatementRefused")),
        ("EXPLAIN INSERT INTO t VALUES (1, 'a')", Fails("StatementRefused")),
        ("CREATE SCHEMA s", Fails("StatementRefused")),
        ("SELECT * FROM (DELETE FROM t)", Fails("InvalidStatement")),
        (ALL, [(1, ";")]),
    ),
}
