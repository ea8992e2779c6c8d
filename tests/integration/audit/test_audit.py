"""The content of the audit log, who may read it, and that no caller can change it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.access.accounts import AccessAction, AccessChange
from supertable.domain.access.roles import Role, RoleType
from supertable.domain.access.sessions import owner
from supertable.domain.audit import AuditKind
from supertable.domain.errors import (
    AccessDenied,
    AlreadyExists,
    InvalidName,
    SupertableError,
    TableNotFound,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.audit_events import ROWS, event_fields, events

SECRET = "hunter2"


@pytest.fixture
def lake(home: Path) -> Any:
    with supertable.connect(home=home) as lake:
        lake.create_table_from("orders", ROWS, keys=["id"])
        yield lake


class TestContent:
    def test_every_operation_is_an_event_with_its_user(self, lake: Lake) -> None:
        lake.write("orders", ROWS.slice(0, 2), "upsert")
        lake.delete("orders", where="id = 3")
        lake.sql("SELECT * FROM orders").arrow()
        lake.table("orders").set_maintenance(small_files=3)
        lake.table("orders").add_column("more", pa.int64())
        lake.table("orders").tag("v1")
        lake.rename("orders", "bills")
        lake.clone("bills", "copy")
        lake.drop("bills")
        assert event_fields(lake, "kind", "what", "tables", "rows", "version", "outcome") == [
            ("write", "append", ["orders"], 3, 2, "ok"),
            ("table", "add", ["orders"], None, None, "ok"),
            ("write", "upsert", ["orders"], 2, 3, "ok"),
            ("write", "delete", ["orders"], 1, 4, "ok"),
            ("query", "query", ["orders"], 2, 4, "ok"),
            ("setting", "alter", ["orders"], 0, 5, "ok"),
            ("table", "alter", ["orders"], 0, 6, "ok"),
            ("table", "tag", ["orders"], None, None, "ok"),
            ("table", "rename", ["orders", "bills"], None, None, "ok"),
            ("table", "add", ["copy"], None, None, "ok"),
            ("table", "drop", ["bills"], None, None, "ok"),
        ]
        last = events(lake)[0]
        assert (last["user_name"], last["role"], last["supertable"]) == ("owner", "superadmin", "main")
        assert last["user"] == owner("default").user

    def test_a_query_has_its_statement_and_outcome(self, lake: Lake) -> None:
        lake.sql("SELECT name FROM orders WHERE id IN (1, 2) AND name < ?", ["z"]).arrow()
        for sql in ("SELECT * FROM read_csv('x')", "ATTACH 'x'", "SELEC", "SELECT 1/no FROM orders"):
            with pytest.raises(SupertableError):
                lake.sql(sql).arrow()
        with pytest.raises(SupertableError):
            lake.sql("SELECT * FROM orders", max_rows=1).arrow()
        running = lake._container.run_query()
        query = running.prepare(lake._namespace, "SELECT * FROM orders")
        running.run(query, (), Limits()).close()
        lake.sql("EXPLAIN SELECT * FROM orders").arrow()
        found = [event for event in events(lake) if event["kind"] == "query"]
        assert [(event["what"], event["statement"], event["outcome"], event["rows"]) for event in found] == [
            (
                "query",
                'SELECT "name" FROM orders AS orders WHERE ((id IN (?, ?)) AND ("name" < $?))',
                "ok",
                2,
            ),
            ("query", "SELECT * FROM read_csv(?)", "StatementRefused", None),
            ("query", "ATTACH …", "StatementRefused", None),
            ("query", "", "InvalidStatement", None),
            ("query", 'SELECT (? / "no") FROM orders AS orders', "InvalidStatement", 0),
            ("query", "SELECT * FROM orders AS orders", "ResultTooLarge", 0),
            ("query", "SELECT * FROM orders AS orders", "stopped", 0),
            ("explain", "SELECT * FROM orders AS orders", "ok", found[-1]["rows"]),
        ]
        chosen = ["lite", "", "", "", "lite", "lite", "lite", "lite"]  # none, if it was refused before one was chosen
        assert [event["engine"] for event in found] == chosen
        assert all(event["duration_us"] > 0 for event in found)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT 'hunter2' AS x, id FROM orders",
            "SELECT $$hunter2$$, id FROM orders",
            "SELECT e'hunter2', id FROM orders -- hunter2",
            "SELECT /* hunter2 */ id FROM orders WHERE name = 'hunter2'",
            "SELECT (SELECT 'hunter2') FROM orders",
            "SELECT (SELECT max(name || 'hunter2') FROM orders) * 1e3 FROM orders",
            "SELECT {'a': 'hunter2'} FROM orders",
            "SELECT * FROM (VALUES ('hunter2')) AS v(x), orders",
            "SELECT name LIKE '%hunter2%' ESCAPE '!' FROM orders",
            "SELECT 'é' || 'hunter2' FROM orders",
            "WITH t AS (SELECT 'hunter2' AS h) SELECT * FROM t, orders",
            "SELECT list_value('hunter2')[1], ['hunter2'] FROM orders",
            "SELECT CASE name WHEN 'hunter2' THEN 1 END FROM orders",
            "SELECT * FROM orders LIMIT length('hunter2')",
            "SELECT * FROM read_csv('hunter2')",
            "SELECT hunter('hunter2') FROM orders",
            "SELECT 'hunter2",
            "SELECT * FROM 'https://example.com/x?signature=hunter2'",
            'SELECT * FROM "https://example.com/hunter2" JOIN orders USING (id)',
            "SELECT ?::VARCHAR FROM orders WHERE name = ?",
        ],
    )
    def test_no_value_of_a_statement_is_recorded(self, lake: Lake, home: Path, sql: str) -> None:
        parameters = [SECRET] * sql.count("?")
        try:
            lake.sql(sql, parameters).arrow()
        except SupertableError:
            pass
        journals = [file for file in (home / "audit").rglob("*") if file.is_file()]
        assert journals
        assert not any(SECRET.encode() in file.read_bytes() for file in journals)
        assert SECRET not in str(events(lake))

    def test_no_value_of_a_write_is_recorded(self, lake: Lake) -> None:
        lake.write("orders", pa.table({"id": [9], "name": [SECRET]}))
        lake.delete("orders", where=f"name = '{SECRET}'", reason=SECRET)
        lake.write("orders", ROWS, "overwrite", properties={"from": SECRET})
        assert len(events(lake)) == 5
        assert SECRET not in str(events(lake))

    def test_text_that_is_not_valid_unicode_is_recorded(self, lake: Lake) -> None:
        lake._container.audit().record_action(owner("default"), AuditKind.SIGN_IN, "odd \ud800", tables=("\udfff",))
        assert ("odd ?", ["?"]) in event_fields(lake, "what", "tables")
        assert lake.audit.verify().whole


class TestPermissions:
    @pytest.fixture
    def roles(self, lake: Lake) -> Lake:
        """The lake, with a role of every type for all tables."""
        made = [Role(f"a_{kind}", kind, ("*", "system.*")) for kind in RoleType if kind is not RoleType.SUPERADMIN]
        changes = [AccessChange(AccessAction.PUT_ROLE, role=role) for role in made]
        lake._container.access_log().change("default", owner("default").user, lambda _: changes)
        return lake

    def test_roles_with_control_read_it(self, roles: Lake, home: Path) -> None:
        roles.audit.export()  # a process exports only its own events and those of ended ones
        with supertable.connect(home=home, role="a_admin") as admin:
            assert admin.sql("SELECT count(*) > 0 FROM system.audit").arrow()[0][0].as_py()
            assert admin.audit.verify().whole
            assert admin.audit.export() >= 0

    @pytest.mark.parametrize("kind", ["writer", "reader", "meta"])
    def test_other_roles_do_not_see_it(self, roles: Lake, home: Path, kind: str) -> None:
        roles.audit.export()
        with supertable.connect(home=home, supertable="system", role=f"a_{kind}") as other:
            for sql in ("FROM audit", "FROM system.audit"):
                with pytest.raises((TableNotFound, AccessDenied)):
                    other.sql(sql).arrow()
            assert other.tables() == []
            with pytest.raises(TableNotFound):
                other.table("audit")
            for use in (other.audit.verify, other.audit.export):
                with pytest.raises(AccessDenied):
                    use()

    CHANGES: tuple[Callable[[Lake], object], ...] = (
        lambda lake: lake.write("audit", ROWS),
        lambda lake: lake.write("audit", ROWS, "overwrite"),
        lambda lake: lake.delete("audit", where="true"),
        lambda lake: lake.drop("audit"),
        lambda lake: lake.rename("audit", "other"),
        lambda lake: lake.clone("audit", "other"),
        lambda lake: lake.create_table_from("other", ROWS),
        lambda lake: lake.create_table_from("Audit", ROWS),
        lambda lake: lake.undrop("audit"),
        lambda lake: lake.table("audit").add_column("x", pa.int64()),
        lambda lake: lake.table("audit").drop_column("hash"),
        lambda lake: lake.table("audit").rename_column("hash", "other"),
        lambda lake: lake.table("audit").restore(1),
        lambda lake: lake.table("audit").compact(),
        lambda lake: lake.table("audit").vacuum(0),
        lambda lake: lake.table("audit").set_maintenance(small_files=2),
        lambda lake: lake.table("audit").tag("v"),
    )

    @pytest.mark.parametrize("number", range(len(CHANGES)))
    def test_no_operation_changes_it(self, lake: Lake, home: Path, number: int) -> None:
        for _ in range(3):
            lake.sql("FROM orders").arrow()
            lake.audit.export()
        before = lake.audit.verify()
        with supertable.connect(home=home, supertable="system") as system:
            with pytest.raises((AccessDenied, AlreadyExists, InvalidName, TableNotFound)):
                self.CHANGES[number](system)
            assert [table.name for table in system.tables()] == ["audit"]
        after = lake.audit.verify()
        assert (before.whole, after.whole) == (True, True)
        assert after.events >= before.events > 0

    def test_maintenance_changes_no_event(self, lake: Lake, home: Path) -> None:
        for _ in range(20):
            lake.sql("FROM orders").arrow()
            lake.audit.export()
        before = events(lake)
        with supertable.connect(home=home, supertable="system") as system:
            assert not system.maintain().failures
            version = system.table("audit").info().version
            assert system.vacuum(0).tables == ()
            assert system.table("audit").info().version == version
            assert events(system)[: len(before)] == before
            assert system.fsck().sound
        assert lake.audit.verify().whole

    def test_a_refusal_is_an_event(self, roles: Lake, home: Path) -> None:
        with supertable.connect(home=home, role="a_reader") as reader:
            with pytest.raises(AccessDenied):
                reader.write("orders", ROWS)
            with pytest.raises(AccessDenied):
                reader.drop("orders")
            with pytest.raises(TableNotFound):
                reader.sql("FROM system.audit").arrow()
        with supertable.connect(home=home, role="nothing") as nobody, pytest.raises(AccessDenied):
            nobody.tables()
        found = [event for event in events(roles) if event["kind"] == "refusal"]
        assert [(one["role"], one["what"], one["supertable"], one["tables"], one["outcome"]) for one in found] == [
            ("a_reader", "write", "main", ["orders"], "AccessDenied"),
            ("a_reader", "control", "main", [], "AccessDenied"),
            ("a_reader", "read", "system", ["audit"], "TableNotFound"),
            ("nothing", "act", "", [], "AccessDenied"),
        ]
