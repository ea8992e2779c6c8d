"""What a role may change by SQL, and what statements tell of what it may not see."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import supertable
from supertable import Lake
from supertable.application.statements.requests import StatementOptions, StatementRequest
from supertable.domain.errors import (
    AccessDenied,
    DuplicateKey,
    InvalidSchema,
    InvalidStatement,
    StatementRefused,
    SupertableError,
    TableNotFound,
)

Open = Callable[[str], Lake]
SCRIPT = """
CREATE TABLE people (id INT PRIMARY KEY, name TEXT, pay INT);
INSERT INTO people VALUES (1, 'ann', 100), (2, 'bob', 200), (3, 'eve', 300);
CREATE TABLE notes (id INT, text TEXT);
CREATE TABLE secrets (id INT)
"""


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(tmp_path_factory.mktemp("rights")) as lake:
        for part in lake.split(SCRIPT):
            lake.sql(part.sql)
        lake.roles.create("reads", "reader", ["people", "notes"])
        lake.roles.create("writes", "writer", ["notes"])
        lake.roles.grant("writes", "people", columns=["id", "name"], where="id < 3")
        lake.roles.create("masked", "writer", ["notes"])
        lake.roles.grant("masked", "people", masks={"name": "null"}, columns=["id", "name"])
        lake.roles.create("nothing", "writer", ["notes"])
        yield lake


@pytest.fixture(scope="module")
def under(owner: Lake) -> Iterator[Open]:
    """The lake under a role."""
    opened: dict[str, Lake] = {}

    def open_(role: str) -> Lake:
        if role not in opened:
            owner.users.create(role, [role])
            token = owner.tokens.create("tests", role).secret
            opened[role] = supertable.connect(owner.settings.home, token=token)
        return opened[role]

    yield open_
    for lake in opened.values():
        lake.close()


def refused(lake: Lake, sql: str) -> tuple[type[SupertableError], str]:
    with pytest.raises(SupertableError) as caught:
        lake.sql(sql)
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO notes VALUES (1, 'x')",
        "INSERT INTO notes SELECT id, name FROM people",
        "DELETE FROM notes",
        "TRUNCATE notes",
        "CREATE TABLE mine (a INT)",
        "CREATE TABLE mine AS FROM notes",
        "ALTER TABLE notes ADD a INT",
        "ALTER TABLE notes SET PARTITIONED BY (id)",
        "ALTER TABLE IF EXISTS notes RENAME TO mine",
        "DROP TABLE notes",
        "COMMENT ON TABLE notes IS 'x'",
    ],
)
def test_a_reader_changes_nothing(owner: Lake, under: Open, sql: str) -> None:
    assert refused(under("reads"), sql)[0] is AccessDenied
    assert owner.table("notes").info().version == 1


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE {} (a INT)",
        "CREATE TABLE IF NOT EXISTS {} (a INT)",
        "CREATE TABLE {} AS SELECT 1 AS a",
        "ALTER TABLE {} DROP a",
        "ALTER TABLE IF EXISTS {} DROP a",
        "ALTER TABLE IF EXISTS {} RESET SORTED BY",
        "ALTER TABLE IF EXISTS {} RENAME TO b",
        "DROP TABLE IF EXISTS {}",
        "DROP TABLE {}",
        "COMMENT ON TABLE {} IS 'x'",
        "COMMENT ON COLUMN {}.id IS 'x'",
    ],
)
def test_a_writer_learns_nothing_from_definitions(under: Open, sql: str) -> None:
    errors = {refused(under("writes"), sql.format(name)) for name in ("notes", "secrets", "missing")}
    assert [kind for kind, _ in errors] == [AccessDenied]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {} VALUES (1)",
        "INSERT INTO notes SELECT id, 'x' FROM {}",
        "INSERT INTO {} (a) SELECT 1",
        "DELETE FROM {} WHERE id = 1",
        "DELETE FROM {} WHERE nonsense(",
        "TRUNCATE {}",
    ],
)
def test_a_hidden_table_is_a_missing_one(under: Open, sql: str) -> None:
    errors = [refused(under("nothing"), sql.format(name)) for name in ("secrets", "missing")]
    if "notes" in sql:
        assert [kind for kind, _ in errors] == [TableNotFound, TableNotFound]
    hidden, missing = (text.replace("secrets", "_").replace("missing", "_") for _, text in errors)
    assert hidden == missing
    assert errors[0][0] is errors[1][0]


def test_insert_select_copies_what_the_role_sees(owner: Lake, under: Open) -> None:
    lake = under("writes")
    lake.sql("INSERT INTO notes SELECT * FROM people")
    assert sorted(owner.sql("FROM notes").fetchall()) == [(1, "ann"), (2, "bob")]
    for column in ("pay", "no_such"):
        kind, text = refused(lake, f"INSERT INTO notes SELECT {column}, 'x' FROM people")
        assert kind is InvalidStatement
        assert "200" not in text
    under("masked").sql("INSERT INTO notes SELECT id + 10, name FROM people WHERE id = 3")
    ((text,),) = owner.sql("SELECT text FROM notes WHERE id = 13").fetchall()
    assert text is None
    owner.sql("TRUNCATE notes")


def test_what_a_role_that_sees_a_part_may_insert_and_delete(owner: Lake, under: Open) -> None:
    lake = under("writes")
    before = owner.table("people").info().version
    hidden, missing = (refused(lake, f"INSERT INTO people (id, {name}) VALUES (0, 1)") for name in ("pay", "no_such"))
    assert hidden[0] is missing[0] is InvalidSchema
    assert hidden[1].replace("pay", "_") == missing[1].replace("no_such", "_")
    assert refused(lake, "INSERT INTO people VALUES (4, 'dan')")[0] is AccessDenied  # it would not see the row
    assert refused(lake, "INSERT INTO people VALUES (3, 'dan')")[0] is AccessDenied  # whether the key exists or not
    assert refused(lake, "INSERT INTO people VALUES (2, 'dan')")[0] is DuplicateKey
    assert refused(lake, "INSERT INTO people VALUES (0, 'dan', 5)")[1].startswith("INSERT gives 3 values")
    assert refused(lake, "DELETE FROM people WHERE pay > 0")[0] is InvalidStatement
    assert refused(lake, "DELETE FROM people WHERE id IN (SELECT id FROM people WHERE pay > 0)")[0] is InvalidStatement
    assert refused(lake, "TRUNCATE people")[0] is AccessDenied
    assert refused(under("masked"), "INSERT INTO people VALUES (0, 'dan')")[0] is AccessDenied
    assert refused(under("masked"), "DELETE FROM people WHERE name = 'eve'")[0] is InvalidStatement
    assert owner.table("people").info().version == before

    assert lake.sql("INSERT INTO people VALUES (0, 'dan') RETURNING *").fetchall() == [(0, "dan")]
    deleted = lake.sql("DELETE FROM people WHERE id >= (SELECT min(id) FROM people)").write
    assert deleted
    assert (deleted.rows_deleted, deleted.version) == (3, before + 2)
    assert owner.sql("FROM people").fetchall() == [(3, "eve", 300)]
    owner.sql(f"INSERT INTO people FROM people AT (VERSION => {before}) WHERE id < 3")


def test_only_doors_that_say_so_run_changes(owner: Lake) -> None:
    use_case, namespace = owner._container.run_statement(), owner._namespace
    statement = use_case.parse(namespace, "DELETE FROM notes")
    assert statement
    with pytest.raises(StatementRefused, match="DELETE changes something"):
        use_case.execute(statement, StatementRequest(namespace, "DELETE FROM notes"))
    with pytest.raises(StatementRefused, match="CREATE TABLE changes something"):
        use_case.prepare(namespace, "CREATE TABLE x (a INT)", (), StatementOptions())
    events = owner.audit.events(2).to_pylist()
    assert {event["outcome"] for event in events} == {"StatementRefused"}


def test_statements_and_refusals_are_audited(owner: Lake) -> None:
    owner.sql("INSERT INTO notes SELECT 5, 'secret value'")
    newest = owner.audit.events(2).to_pylist()
    found = {(event["kind"], event["what"], event["rows"]) for event in newest}
    assert found == {("query", "query", 1), ("write", "append", 1)}
    assert "secret value" not in str(newest)
    assert refused(owner, "DELETE FROM system.audit WHERE what = 'query'")[0] is AccessDenied
    (event,) = owner.audit.events(1, kind="refusal").to_pylist()
    assert (event["what"], event["tables"], event["outcome"]) == ("write", ["audit"], "AccessDenied")
    owner.sql("TRUNCATE notes")
