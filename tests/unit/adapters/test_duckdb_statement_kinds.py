"""What the parser finds in statements that change something, and what it refuses."""

from __future__ import annotations

import pytest

from supertable.adapters.engines.duckdb import DuckDBInstance, DuckDBStatementParser
from supertable.application.ports.engines.statements import (
    AlterTableStatement,
    ColumnChange,
    CommentStatement,
    CreateTableAsStatement,
    CreateTableStatement,
    DeleteStatement,
    DropTableStatement,
    InsertStatement,
    JoinedDeleteStatement,
    RenameTableStatement,
    ScriptPart,
    TruncateStatement,
)
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.schema.schema_changes import (
    AddColumn,
    DropColumn,
    RenameColumn,
    SetNullable,
    WidenColumn,
)
from supertable.domain.schema.types import DataType, Field
from supertable.domain.table.commits import OnConflict

PARSER = DuckDBStatementParser(DuckDBInstance(None, None, 1, None))
INT, TEXT = DataType("int32"), DataType("string")


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
        (
            "INSERT INTO t SELECT 1 AS returning, s.returning, $returning FROM s RETURNING a",
            InsertStatement(
                ("t",),
                (),
                False,
                " " * 14 + "SELECT 1 AS returning, s.returning, $returning FROM s",
                returning=(("a", "a"),),
            ),
        ),
        ("DELETE FROM t", DeleteStatement(("t",), "", "")),
        ("delete from s.t as x where x.a in (1)", DeleteStatement(("s", "t"), "x", " " * 27 + "x.a in (1)")),
        ("DELETE FROM t USING s WHERE t.a = s.a", JoinedDeleteStatement()),
        ("WITH x AS (SELECT 1) DELETE FROM t", JoinedDeleteStatement()),
        ("DELETE FROM t WHERE a IN (SELECT 1)", JoinedDeleteStatement()),
        ("DELETE FROM t WHERE \"select\" = 'from'", DeleteStatement(("t",), "", " " * 20 + "\"select\" = 'from'")),
        ("TRUNCATE TABLE t;", TruncateStatement(("t",))),
        (
            'create table if not exists t (Id int primary key, "b c" varchar(20) not null null, c decimal(10,2) null)',
            CreateTableStatement(
                ("t",),
                (
                    Field(0, "Id", INT, nullable=False),
                    Field(0, "b c", TEXT, nullable=False),
                    Field(0, "c", DataType("decimal", precision=10, scale=2)),
                ),
                ("Id",),
                True,
            ),
        ),
        (
            "CREATE TABLE s.t (a INT, B TEXT, PRIMARY KEY (b, a))",
            CreateTableStatement(
                ("s", "t"), (Field(0, "a", INT, nullable=False), Field(0, "B", TEXT, nullable=False)), ("b", "a"), False
            ),
        ),
        (
            "CREATE TABLE t AS WITH x AS (SELECT 1) FROM x WITH DATA",
            CreateTableAsStatement(("t",), " " * 18 + "WITH x AS (SELECT 1) FROM x", False),
        ),
        (
            "ALTER TABLE t ADD COLUMN IF NOT EXISTS s.k int NOT NULL, DROP a, RENAME COLUMN b TO c",
            AlterTableStatement(
                ("t",),
                False,
                (
                    ColumnChange((AddColumn(("s", "k"), INT), SetNullable(("s", "k"), nullable=False)), only_if=False),
                    ColumnChange((DropColumn(("a",)),)),
                    ColumnChange((RenameColumn(("b",), "c"),)),
                ),
            ),
        ),
        (
            "alter table if exists t alter a set data type varchar, alter b type text, alter c drop not null",
            AlterTableStatement(
                ("t",),
                True,
                (
                    ColumnChange((WidenColumn(("a",), TEXT),)),
                    ColumnChange((WidenColumn(("b",), TEXT),)),
                    ColumnChange((SetNullable(("c",), nullable=True),)),
                ),
            ),
        ),
        (
            "ALTER TABLE t DROP COLUMN IF EXISTS x",
            AlterTableStatement(("t",), False, (ColumnChange((DropColumn(("x",)),), only_if=True),)),
        ),
        ("ALTER TABLE a.b RENAME TO c", RenameTableStatement(("a", "b"), False, "c")),
        ("DROP TABLE IF EXISTS t", DropTableStatement(("t",), True)),
        ("COMMENT ON TABLE t IS 'it''s'", CommentStatement(("t",), "", "it's")),
        ("COMMENT ON COLUMN s.t.c IS NULL", CommentStatement(("s", "t"), "c", "")),
        ("CREATE SCHEMA s", None),
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
        ("DELETE FROM t WHERE a = 1 RETURNING *", StatementRefused, "no RETURNING"),
        ("DELETE FROM t WHERE", InvalidStatement, "a condition is expected"),
        ("TRUNCATE t s", InvalidStatement, "the end of the statement"),
        ('INSERT INTO "t VALUES (1)', InvalidStatement, "no end"),
        ("CREATE OR REPLACE TABLE t (a INT)", StatementRefused, "OR REPLACE is not available"),
        ("CREATE TABLE t (a INT DEFAULT 1)", StatementRefused, "no defaults"),
        ("CREATE TABLE t (a INT UNIQUE)", StatementRefused, "UNIQUE"),
        ("CREATE TABLE t (a INT, CHECK (a > 1))", StatementRefused, "CHECK"),
        ("CREATE TABLE t (a INT, CONSTRAINT k PRIMARY KEY (a))", StatementRefused, "no names"),
        ("CREATE TABLE t (a INT REFERENCES s (b))", StatementRefused, "REFERENCES"),
        ("CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)", InvalidStatement, "one PRIMARY KEY"),
        ("CREATE TABLE t (a INT AS (b + 1))", StatementRefused, "Computed"),
        ("CREATE TABLE t (a)", InvalidStatement, "a type is expected"),
        ("CREATE TABLE t ()", InvalidStatement, "the name of a column"),
        ("CREATE TABLE t (a INT) WITH (x = 1)", InvalidStatement, "the end of the statement"),
        ("CREATE TABLE t (a HUGEINT)", StatementRefused, "DECIMAL(38, 0)"),
        ("CREATE TABLE t (a nothing)", StatementRefused, "no type NOTHING"),
        ("CREATE TABLE t (a DECIMAL(39, 2))", InvalidStatement, ""),
        ("CREATE TABLE t (a STRUCT(b JSON))", StatementRefused, "no type JSON"),
        ("CREATE TABLE t (a INT[3])", StatementRefused, "DOUBLE[]"),
        ("CREATE TABLE t AS DELETE FROM s", InvalidStatement, "VALUES or SELECT"),
        ("CREATE TABLE t AS SELECT 1 WITH NO DATA", StatementRefused, "LIMIT 0"),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", StatementRefused, "when it is created"),
        ("ALTER TABLE t ALTER a SET DEFAULT 1", StatementRefused, "no defaults"),
        ("ALTER TABLE t ALTER a TYPE INT USING b + 1", StatementRefused, "without USING"),
        ("ALTER TABLE t OWNER TO x", InvalidStatement, "ADD COLUMN, DROP COLUMN"),
        ("ALTER TABLE t DROP a CASCADE", StatementRefused, "no CASCADE"),
        ("DROP TABLE a, b", StatementRefused, "one table"),
        ("DROP TABLE a CASCADE", StatementRefused, "no CASCADE"),
        ("COMMENT ON TABLE t IS 1", InvalidStatement, "a text in quotes"),
        (f"COMMENT ON TABLE t IS '{'x' * 4097}'", InvalidStatement, "up to 4,096 characters"),
        ("COMMENT ON COLUMN c IS 'x'", InvalidStatement, "orders.price"),
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


def _field(name: str, kind: DataType, nullable: bool = True) -> Field:
    return Field(0, name, kind, nullable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BIGINT", DataType("int64")),
        ("int8", DataType("int64")),
        ("uint8", DataType("uint8")),
        ("double precision", DataType("float64")),
        ("real", DataType("float32")),
        ("numeric", DataType("decimal", precision=18, scale=3)),
        ("DECIMAL(38)", DataType("decimal", precision=38)),
        ("character varying(20)", TEXT),
        ("bytea", DataType("binary")),
        ("timestamp with time zone", DataType("timestamp", unit="us", timezone="UTC")),
        ("TIMESTAMPTZ", DataType("timestamp", unit="us", timezone="UTC")),
        ("datetime", DataType("timestamp", unit="us")),
        ("timestamp_ns", DataType("timestamp", unit="ns")),
        ("time", DataType("time", unit="us")),
        ("INT[][]", DataType("list", fields=(_field("element", DataType("list", fields=(_field("element", INT),))),))),
        ('STRUCT("a b" INT, c TEXT)', DataType("struct", fields=(_field("a b", INT), _field("c", TEXT)))),
        ("MAP(TEXT, INT)", DataType("map", fields=(_field("key", TEXT, nullable=False), _field("value", INT)))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_types_of_columns(text: str, expected: DataType) -> None:
    statement = PARSER.parse(f"CREATE TABLE t (a {text} NOT NULL)")
    assert isinstance(statement, CreateTableStatement)
    assert statement.columns == (Field(0, "a", expected, nullable=False),)
