"""What the parser finds in statements that change something, and what it refuses."""

from __future__ import annotations

import pytest

from supertable.adapters.engines.duckdb import DuckDBStatementParser
from supertable.application.ports.statements import (
    DeleteStatement,
    InsertStatement,
    ScriptPart,
    TruncateStatement,
)
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.table.key_conflicts import OnConflict

PARSER = DuckDBStatementParser()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "insert into t values (1, 'a;b'), (?, $x);",
            InsertStatement(("t",), (), False, "              values (1, 'a;b'), (?, $x)"),
        ),
        (
            'INSERT INTO a.b."C ""d" ("x y", key) SELECT 1 -- end\n, 2',
            InsertStatement(("a", "b", 'C "d'), ("x y", "key"), False, " " * 37 + "SELECT 1 -- end\n, 2"),
        ),
        (
            "/* a */ INSERT OR REPLACE INTO t BY NAME FROM s RETURNING *",
            InsertStatement(("t",), (), True, " " * 41 + "FROM s", OnConflict.REPLACE, returning=(("*", "*"),)),
        ),
        (
            "INSERT INTO t (SELECT 1) ON CONFLICT (k) DO NOTHING RETURNING k AS a, v",
            InsertStatement(
                ("t",), (), False, " " * 14 + "(SELECT 1)", OnConflict.NOTHING, ("k",), (), (("k", "a"), ("v", "v"))
            ),
        ),
        (
            "INSERT INTO t FROM a JOIN b ON conflict ON CONFLICT DO UPDATE SET V = excluded.v, w = EXCLUDED.w",
            InsertStatement(
                ("t",), (), False, " " * 14 + "FROM a JOIN b ON conflict", OnConflict.REPLACE, (), ("V", "w")
            ),
        ),
        (
            "WITH x AS (SELECT ')' AS a) INSERT INTO t SELECT a FROM x",
            InsertStatement(("t",), (), False, "WITH x AS (SELECT ')' AS a)" + " " * 15 + "SELECT a FROM x"),
        ),
        ("DELETE FROM t", DeleteStatement(("t",), "", "")),
        ("delete from s.t as x where x.a in (1)", DeleteStatement(("s", "t"), "x", " " * 27 + "x.a in (1)")),
        ("TRUNCATE TABLE t;", TruncateStatement(("t",))),
        ("SELECT 'insert into t values (1)'", None),
        ("WITH a AS (SELECT 'insert') SELECT * FROM a", None),
        ("-- insert into t\nFROM t", None),
        ("", None),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_the_parts_of_a_statement(sql: str, expected: object) -> None:
    assert PARSER.parse(sql) == expected


@pytest.mark.parametrize(
    ("sql", "kind", "message"),
    [
        ("INSERT INTO t VALUES (1); DELETE FROM t", StatementRefused, "this text has 2"),
        ("INSERT t VALUES (1)", InvalidStatement, 'near "t", at line 1, column 8: INTO is expected'),
        ("INSERT INTO t", InvalidStatement, "end of input: VALUES or SELECT"),
        ("INSERT INTO t DEFAULT VALUES", StatementRefused, "no defaults"),
        ("INSERT INTO select VALUES (1)", InvalidStatement, "the name of a table"),
        ("INSERT INTO t EXPLAIN SELECT 1", InvalidStatement, "VALUES or SELECT is expected"),
        ("INSERT INTO a.b.c.d VALUES (1)", InvalidStatement, "up to three parts"),
        ("INSERT INTO t (a) BY NAME SELECT 1", StatementRefused, "either a list"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = a + 1", StatementRefused, "a = EXCLUDED.a"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = excluded.b", StatementRefused, "a = EXCLUDED.a"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = excluded.a + 1", StatementRefused, "EXCLUDED.a"),
        ("INSERT INTO t VALUES (1) ON CONFLICT (a) WHERE a > 1 DO NOTHING", StatementRefused, "no WHERE"),
        ("INSERT OR IGNORE INTO t VALUES (1) ON CONFLICT DO NOTHING", StatementRefused, "either"),
        ("INSERT INTO t VALUES (1) RETURNING a + 1", StatementRefused, "RETURNING takes"),
        ("DELETE FROM t USING s WHERE t.a = s.a", StatementRefused, "no USING"),
        ("DELETE FROM t WHERE a = 1 RETURNING *", StatementRefused, "no RETURNING"),
        ("DELETE FROM t WHERE", InvalidStatement, "a condition is expected"),
        ("TRUNCATE t s", InvalidStatement, "the end of the statement"),
        ('INSERT INTO "t VALUES (1)', InvalidStatement, "no end"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_other_forms_are_refused(sql: str, kind: type[InvalidStatement], message: str) -> None:
    with pytest.raises(InvalidStatement) as caught:
        PARSER.parse(sql)
    assert type(caught.value) is kind
    assert message in str(caught.value)


def test_the_statements_of_a_script() -> None:
    script = ";; SELECT ';' AS a; -- one; two\n\n/* x; */ INSERT INTO t\nVALUES ($$;$$);\n;DELETE FROM t"
    assert PARSER.split(script) == [
        ScriptPart("SELECT ';' AS a", 1),
        ScriptPart("\n\nINSERT INTO t\nVALUES ($$;$$)", 3),
        ScriptPart("\n\n\n\nDELETE FROM t", 5),
    ]
