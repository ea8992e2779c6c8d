"""The audit log: what is in it, that nothing is lost, and that nobody changes it unseen."""

from __future__ import annotations

import errno
import itertools
import os
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable.adapters.audit_journals.files import FileAuditJournals
from supertable.adapters.codecs.json_documents import table_log_codec
from supertable.application import auditing
from supertable.application.digests import digest_of
from supertable.application.envelopes import opened, sealed
from supertable.application.ports.engines import Limits
from supertable.domain.access import AccessAction, AccessChange
from supertable.domain.audit import START, AuditEvent, AuditKind, ChainEnd, chained
from supertable.domain.commits import Commit
from supertable.domain.errors import (
    AccessDenied,
    AlreadyExists,
    AuditUnavailable,
    InvalidInput,
    InvalidName,
    StoreUnavailable,
    SupertableError,
    TableNotFound,
)
from supertable.domain.roles import Role, RoleType
from supertable.domain.sessions import owner
from supertable.entrypoints.sdk.lake import Lake
from tests.faults import Fault, FaultyStore
from tests.integration.audit_processes import READY, Descriptor, recorder
from tests.integration.processes import context

ROWS = pa.table({"id": [1, 2, 3], "name": ["a", "b", "c"]})
SECRET = "hunter2"


def events(lake: Lake) -> list[dict[str, Any]]:
    """Oldest first."""
    return lake.audit.events(limit=1_000_000).to_pylist()[::-1]


def told(lake: Lake, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(event[field] for field in fields) for event in events(lake)]


@pytest.fixture
def lake(home: Path) -> Any:
    with supertable.connect(home=home) as lake:
        lake.create_table_from("orders", ROWS, keys=["id"])
        yield lake


class TestWhatIsInIt:
    def test_every_operation_is_an_event_of_who_did_it(self, lake: Lake) -> None:
        lake.write("orders", ROWS.slice(0, 2), "upsert")
        lake.delete("orders", where="id = 3")
        lake.sql("SELECT * FROM orders").arrow()
        lake.table("orders").set_maintenance(small_files=3)
        lake.table("orders").add_column("more", pa.int64())
        lake.table("orders").tag("v1")
        lake.rename("orders", "bills")
        lake.clone("bills", "copy")
        lake.drop("bills")
        assert told(lake, "kind", "what", "tables", "rows", "version", "outcome") == [
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

    def test_a_query_has_its_shape_and_how_it_ended(self, lake: Lake) -> None:
        lake.sql("SELECT name FROM orders WHERE id IN (1, 2) AND name < ?", ["z"]).arrow()
        for sql in ("SELECT * FROM read_csv('x')", "ATTACH 'x'", "SELEC", "SELECT 1/no FROM orders"):
            with pytest.raises(SupertableError):
                lake.sql(sql).arrow()
        with pytest.raises(SupertableError):
            lake.sql("SELECT * FROM orders", max_rows=1).arrow()
        running = lake.container.run_query()
        query = running.prepare(lake._place, "SELECT * FROM orders")
        running.run(query, (), Limits()).close()
        lake.sql("EXPLAIN SELECT * FROM orders").arrow()
        found = [event for event in events(lake) if event["kind"] == "query"]
        assert [(event["what"], event["statement"], event["outcome"], event["rows"]) for event in found] == [
            (
                "query",
                'SELECT "name" FROM orders AS orders WHERE ((id IN (?, ?)) AND ("name" < $1))',
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
        assert all(event["engine"] == "duckdb" and event["duration_us"] > 0 for event in found)

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
    def test_no_value_of_a_statement_is_in_it(self, lake: Lake, home: Path, sql: str) -> None:
        parameters = [SECRET] * sql.count("?")
        try:
            lake.sql(sql, parameters).arrow()
        except SupertableError:
            pass
        journals = [file for file in (home / "audit").rglob("*") if file.is_file()]
        assert journals
        assert not any(SECRET.encode() in file.read_bytes() for file in journals)
        assert SECRET not in str(events(lake))

    def test_no_value_of_a_write_is_in_it(self, lake: Lake) -> None:
        lake.write("orders", pa.table({"id": [9], "name": [SECRET]}))
        lake.delete("orders", where=f"name = '{SECRET}'", reason=SECRET)
        lake.write("orders", ROWS, "overwrite", properties={"from": SECRET})
        assert len(events(lake)) == 5
        assert SECRET not in str(events(lake))

    def test_text_that_is_no_unicode_is_recorded_too(self, lake: Lake) -> None:
        lake.container.audit().tell(owner("default"), AuditKind.SIGN_IN, "odd \ud800", tables=("\udfff",))
        assert ("odd ?", ["?"]) in told(lake, "what", "tables")
        assert lake.audit.verify().whole


class TestWhoMay:
    @pytest.fixture
    def roles(self, lake: Lake) -> Lake:
        """Roles of every type, for all tables."""
        made = [Role(f"a_{kind}", kind, ("*", "system.*")) for kind in RoleType if kind is not RoleType.SUPERADMIN]
        changes = [AccessChange(AccessAction.PUT_ROLE, role=role) for role in made]
        lake.container.access_log().change("default", owner("default").user, lambda _: changes)
        return lake

    def test_roles_that_control_read_it(self, roles: Lake, home: Path) -> None:
        roles.audit.export()  # what another that is open has is theirs to export
        with supertable.connect(home=home, role="a_admin") as admin:
            assert admin.sql("SELECT count(*) > 0 FROM system.audit").arrow()[0][0].as_py()
            assert admin.audit.verify().whole
            assert admin.audit.export() >= 0

    @pytest.mark.parametrize("kind", ["writer", "reader", "meta"])
    def test_for_others_it_is_not_there(self, roles: Lake, home: Path, kind: str) -> None:
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
    def test_nobody_changes_it(self, lake: Lake, home: Path, number: int) -> None:
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

    def test_maintenance_passes_it_over(self, lake: Lake, home: Path) -> None:
        for _ in range(20):
            lake.sql("FROM orders").arrow()
            lake.audit.export()
        with supertable.connect(home=home, supertable="system") as system:
            version = system.table("audit").info().version
            assert not system.maintain().failures
            assert system.vacuum(0).tables == ()
            assert system.table("audit").info().version == version
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


class Tampering:
    """The files of a log of five segments, and what somebody with access to the store can do to them."""

    def __init__(self, home: Path) -> None:
        (self.table,) = (home / "storage/default/system/tables").iterdir()
        self.home = home
        self.anchor = home / "storage/default/-/audit/anchor"
        self.codec = table_log_codec()

    def log(self, version: int) -> Path:
        return self.table / "log" / f"{version:020d}"

    def data(self, version: int) -> Path:
        return self.table / self.commit(version).change.added[0].path

    def commit(self, version: int) -> Commit:
        return self.codec.decode_record(opened(self._key(version), self.log(version).read_bytes()))

    def put_commit(self, version: int, commit: Commit) -> None:
        self.log(version).write_bytes(sealed(self._key(version), self.codec.encode_record(commit)))

    def edit(self, version: int, change: Callable[[list[dict[str, Any]]], None]) -> None:
        rows = pq.read_table(self.data(version))
        changed = rows.to_pylist()
        change(changed)
        pq.write_table(pa.Table.from_pylist(changed, rows.schema), self.data(version))

    def make_consistent(self, version: int) -> None:
        """The commit record says again what the data file is."""
        commit, data = self.commit(version), self.data(version).read_bytes()
        file = replaced(commit.change.added[0], bytes=len(data), digest=digest_of(data))
        self.put_commit(version, replaced(commit, change=replaced(commit.change, added=(file,))))

    def forget(self) -> None:
        """The catalog goes too."""
        shutil.rmtree(self.home / "catalog")

    def remove_tail(self, first: int, last: int) -> None:
        for version in range(first, last + 1):
            self.data(version).unlink()
            self.log(version).unlink()
        shutil.rmtree(self.table / "checkpoints", ignore_errors=True)

    def _key(self, version: int) -> str:
        return str(self.log(version).relative_to(self.home / "storage"))


def replaced(one: Any, **more: Any) -> Any:
    from dataclasses import replace

    return replace(one, **more)


class TestTampering:
    """Versions 2 to 6 have the events 1 to 10, two each."""

    @pytest.fixture
    def log(self, home: Path) -> Tampering:
        with supertable.connect(home=home) as lake:
            for i in range(10):
                lake.container.audit().tell(owner("default"), AuditKind.QUERY, f"event {i + 1}", rows=i)
                if i % 2:
                    assert lake.audit.export() == 2
            assert lake.audit.verify().whole
        return Tampering(home)

    @staticmethod
    def broken(home: Path, known: str | None = None) -> str:
        """What a verification finds, by a process that knows nothing yet."""
        with supertable.connect(home=home) as lake:
            report = lake.audit.verify(known)
            assert not report.whole
            return "; ".join(f"{finding.key.rsplit('/', 1)[-1]} {finding.what}" for finding in report.findings)

    def test_an_edited_row(self, log: Tampering, home: Path) -> None:
        log.edit(3, lambda rows: rows[1].update(user="somebody else"))
        found = self.broken(home)
        assert "its bytes are not what was written" in found
        assert "event 4 was edited" in found

    @pytest.mark.parametrize("field", ["what", "user", "role", "rows", "outcome", "at", "statement", "tables", "kind"])
    def test_an_edited_field_whose_file_fits_its_commit(self, log: Tampering, home: Path, field: str) -> None:
        other: dict[str, Any] = {"rows": None, "at": 0, "tables": ["x"], "kind": "write"}
        log.edit(3, lambda rows: rows[1].update({field: other.get(field, "x")}))
        log.make_consistent(3)
        assert "event 4 was edited" in self.broken(home)

    def test_an_edited_row_with_a_hash_that_fits(self, log: Tampering, home: Path) -> None:
        def change(rows: list[dict[str, Any]]) -> None:
            event = AuditEvent(0, "default", AuditKind.QUERY, "nothing")
            (link,) = chained(ChainEnd(3, rows[1]["previous_hash"]), [event])
            rows[1] |= {"at": 0, "what": "nothing", "user": "", "user_name": "", "role": "", "rows": None}
            rows[1]["hash"] = link.hash

        log.edit(3, change)
        log.make_consistent(3)
        assert "event 5 does not follow on the event before it" in self.broken(home)

    def test_rows_in_another_order(self, log: Tampering, home: Path) -> None:
        log.edit(4, list.reverse)
        log.make_consistent(4)
        assert "event 5 should be here, and it is event 6" in self.broken(home)

    def test_a_row_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.edit(4, lambda rows: rows.pop(0) and None)
        log.make_consistent(4)
        assert "event 5 should be here, and it is event 6" in self.broken(home)

    def test_a_row_that_came_in(self, log: Tampering, home: Path) -> None:
        log.edit(4, lambda rows: rows.append(dict(rows[1])))
        log.make_consistent(4)
        assert "event 7 should be here, and it is event 6" in self.broken(home)

    def test_a_segment_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.data(4).unlink()
        found = self.broken(home)
        assert "it is missing; it had 2 events" in found
        assert "event 5 should be here, and it is event 7" in found

    def test_two_segments_swapped(self, log: Tampering, home: Path) -> None:
        third, fourth = log.data(3).read_bytes(), log.data(4).read_bytes()
        log.data(3).write_bytes(fourth)
        log.data(4).write_bytes(third)
        for version in (3, 4):
            log.make_consistent(version)
        assert "event 3 should be here, and it is event 5" in self.broken(home)

    def test_two_records_swapped(self, log: Tampering, home: Path) -> None:
        third, fourth = log.log(3).read_bytes(), log.log(4).read_bytes()
        log.log(3).write_bytes(fourth)
        log.log(4).write_bytes(third)
        assert "its digest does not match its bytes" in self.broken(home)

    def test_a_version_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.log(4).unlink()
        assert "version 4 is missing" in self.broken(home)

    def test_a_version_that_is_no_export(self, log: Tampering, home: Path) -> None:
        commit = log.commit(6)
        log.put_commit(
            6, replaced(commit, change=replaced(commit.change, removed=(log.commit(3).change.added[0].path,)))
        )
        log.forget()
        assert "version 6 is no export of events" in self.broken(home)

    @pytest.mark.parametrize("first", [6, 4, 2])
    @pytest.mark.parametrize("catalog_too", [False, True])
    def test_an_end_that_is_not_there(self, log: Tampering, home: Path, first: int, catalog_too: bool) -> None:
        log.remove_tail(first, 6)
        if catalog_too:
            log.forget()
        assert "the log went up to event 10" in self.broken(home)

    def test_a_log_that_is_not_there(self, log: Tampering, home: Path) -> None:
        shutil.rmtree(home / "storage/default/system")
        log.forget()
        assert "the log went up to event 10, and ends at 0" in self.broken(home)

    def test_an_end_that_is_not_there_stays_seen_when_the_log_goes_on(self, log: Tampering, home: Path) -> None:
        log.remove_tail(5, 6)
        log.forget()
        with supertable.connect(home=home) as lake:
            for _ in range(3):
                lake.container.audit().tell(owner("default"), AuditKind.QUERY, "later")
                lake.audit.export()
        found = self.broken(home)
        assert "event 7 should be here, and it is event 11" in found

    def test_a_log_that_is_not_there_stays_seen_when_it_goes_on(self, log: Tampering, home: Path) -> None:
        shutil.rmtree(home / "storage/default/system")
        log.forget()
        with supertable.connect(home=home) as lake:
            lake.container.audit().tell(owner("default"), AuditKind.QUERY, "later")
        assert "event 1 should be here, and it is event 11" in self.broken(home)

    def test_an_anchor_that_is_not_there(self, log: Tampering, home: Path) -> None:
        log.anchor.unlink()
        assert "the anchor is missing" in self.broken(home)

    def test_an_anchor_that_says_something_else(self, log: Tampering, home: Path) -> None:
        log.anchor.write_bytes(b"{}")
        assert "anchor" in self.broken(home)

    def test_an_end_without_its_anchor_is_told_of_by_the_log_itself(self, log: Tampering, home: Path) -> None:
        log.remove_tail(5, 6)
        log.anchor.unlink()
        log.forget()
        with supertable.connect(home=home) as lake:
            lake.container.audit().tell(owner("default"), AuditKind.QUERY, "later")
            report = lake.audit.verify()
        assert [finding.what for finding in report.findings] == ["event 7 tells of damage before it: anchor"]

    def test_a_log_made_anew_is_another_than_the_one_that_was_known(self, log: Tampering, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            end = lake.audit.verify().end
        assert end is not None
        known = f"{end.sequence}:{end.hash}"
        with supertable.connect(home=home) as lake:
            assert lake.audit.verify(known).whole
        shutil.rmtree(home / "storage/default/system")
        log.anchor.unlink()
        log.forget()
        with supertable.connect(home=home) as lake:
            for i in range(12):
                lake.container.audit().tell(owner("default"), AuditKind.QUERY, f"event {i}")
            assert lake.audit.verify().whole
        assert "event 10 is another than it was" in self.broken(home, known)
        with supertable.connect(home=home) as lake:
            for wrong in ("", "x", "5", f"5:{'0' * 63}", f"-1:{'0' * 64}"):
                with pytest.raises(InvalidInput):
                    lake.audit.verify(wrong)


class TestNothingIsLost:
    def test_many_threads_while_it_is_exported(self, home: Path) -> None:
        threads, each = 16, 500
        with supertable.connect(home=home) as one, supertable.connect(home=home) as other:
            stop = threading.Event()

            def export(lake: Lake) -> None:
                while not stop.is_set():
                    lake.container.export_audit()("default")

            def record(thread: int) -> None:
                audit = (one, other)[thread % 2].container.audit()
                for number in range(each):
                    audit.ready("default")
                    audit.tell(owner("default"), AuditKind.QUERY, f"{thread} {number}")

            with ThreadPoolExecutor(threads + 2) as pool:
                exports = [pool.submit(export, lake) for lake in (one, other)]
                for done in [pool.submit(record, thread) for thread in range(threads)]:
                    done.result()
                stop.set()
                for done in exports:
                    done.result()
            other.audit.export()
            found = [what for (what,) in told(one, "what")]
            report = one.audit.verify()
        assert Counter(found) == Counter(f"{thread} {number}" for thread in range(threads) for number in range(each))
        for thread in range(threads):  # each thread's own events are in their order
            own = [int(what.split()[1]) for what in found if what.startswith(f"{thread} ")]
            assert own == sorted(own)
        assert report.whole

    def test_queries_and_writes_of_many_threads(self, lake: Lake) -> None:
        def work(thread: int) -> None:
            for number in range(15):
                lake.sql("SELECT * FROM orders WHERE id = ?", [number]).arrow()
            lake.write("orders", pa.table({"id": [100 + thread], "name": ["x"]}), "upsert")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        kinds = Counter(kind for (kind,) in told(lake, "kind"))
        assert kinds == {"query": 8 * 15, "write": 8 + 1, "table": 1}

    def test_killed_at_random_moments(self, home: Path) -> None:
        moments, forkserver = random.Random(5), context()
        start, acknowledged = 0, []
        for _ in range(8):
            receive, send = os.pipe()
            process = forkserver.Process(target=recorder, args=(home, Descriptor(send), start))
            process.start()
            os.close(send)
            assert os.read(receive, 8) == READY
            time.sleep(moments.random() * 0.4)
            process.kill()
            process.join()
            with os.fdopen(receive, "rb") as file:
                data = file.read()
            numbers = [int.from_bytes(data[i : i + 8]) for i in range(0, len(data) // 8 * 8, 8)]
            acknowledged += numbers
            start += 1_000_000
        with supertable.connect(home=home) as lake:
            found = [int(what) for what, kind in told(lake, "what", "kind") if kind == "query" and what.isdecimal()]
            assert lake.audit.verify().whole
        assert len(found) == len(set(found))
        assert set(acknowledged) <= set(found)
        assert len(found) - len(acknowledged) <= 8  # what was recorded, and its process died before it could say so

    @pytest.mark.parametrize("fault", Fault)
    def test_an_export_that_fails_at_any_step_is_made_once(self, home: Path, fault: Fault) -> None:
        with supertable.connect(home=home) as first:
            first.container.audit().tell(owner("default"), AuditKind.QUERY, "0")
            first.audit.export()
        for at in itertools.count(1):
            lake = supertable.connect(home=home)
            store = FaultyStore(lake.container.store(), fault, at)
            lake.container.store.override(store)
            lake.container.audit().tell(owner("default"), AuditKind.QUERY, str(at))
            try:
                lake.container.export_audit()("default")
            except (SupertableError, BaseException) as error:  # noqa: BLE001 - a crash is one too
                assert store.met, error
            lake.container.audit_journals().close()
            if not store.met:
                break
        with supertable.connect(home=home) as last:
            whats = [what for what, kind in told(last, "what", "kind") if kind == "query" and what.isdecimal()]
            report = last.audit.verify()
        assert whats == [str(number) for number in range(at + 1)]
        assert at > 5
        assert report.whole, report.findings

    def test_a_torn_line_is_of_an_event_that_was_never_recorded(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake.container.audit().tell(owner("default"), AuditKind.QUERY, "one")
        (journal,) = [file for file in (home / "audit").rglob("*") if file.is_file()]
        with journal.open("ab") as file:
            file.write(b'{"at_us":17')
        with supertable.connect(home=home) as lake:
            lake.container.audit().tell(owner("default"), AuditKind.QUERY, "two")
            assert [what for (what,) in told(lake, "what")] == ["one", "two"]

    def test_a_damaged_line_is_told_of(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            for what in ("one", "two", "three"):
                lake.container.audit().tell(owner("default"), AuditKind.QUERY, what)
        (journal,) = [file for file in (home / "audit").rglob("*") if file.is_file()]
        journal.write_bytes(journal.read_bytes().replace(b'"two"', b'"two'))
        with supertable.connect(home=home) as lake:
            assert [(what, outcome) for what, outcome in told(lake, "what", "outcome")] == [
                ("one", "ok"),
                ("read", "Damaged"),
                ("three", "ok"),
            ]
            report = lake.audit.verify()
        assert report.whole
        assert [finding.what for finding in report.findings] == ["event 2 tells of damage before it: read"]


class TestBackPressure:
    def test_too_many_events_are_exported_first(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auditing, "MOST_WAITING_BYTES", 10_000)
        journals = lake.container.audit_journals()
        for _ in range(200):
            lake.sql("FROM orders").arrow()
            assert journals.own_bytes("default") < 11_000
        assert len(events(lake)) == 202
        assert lake.audit.verify().segments > 3

    def test_what_cannot_be_exported_stops_everything_in_the_end(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auditing, "MOST_WAITING_BYTES", 10_000)
        with supertable.connect(home=home) as lake:
            lake.create_table_from("orders", ROWS)
            store = _ReadOnly(lake.container.store())
            with lake.container.store.override(store):
                lake.container.reset_singletons()
                with pytest.raises(AuditUnavailable, match="Nothing was done"):
                    queries(lake, 200)
        with supertable.connect(home=home) as lake:
            lake.sql("FROM orders").arrow()
            assert 20 < len(events(lake)) < 200
            assert lake.audit.verify().whole

    def test_a_journal_that_cannot_be_written_stops_everything_and_loses_nothing(self, lake: Lake, home: Path) -> None:
        lake.container.audit_journals().close()
        lake.audit.export()
        shutil.rmtree(home / "audit")
        (home / "audit").write_text("in the way")
        lake.sql("FROM orders").arrow()  # it has happened when it is found out
        for use in (lambda: lake.sql("FROM orders"), lambda: lake.write("orders", ROWS), lambda: lake.drop("orders")):
            with pytest.raises(AuditUnavailable):
                use()
        assert lake.table("orders").info().version == 2
        (home / "audit").unlink()
        lake.sql("FROM orders").arrow()
        assert [what for (what,) in told(lake, "what")][-2:] == ["query", "query"]

    def test_a_lake_that_may_only_be_read_is_read_without_a_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object, **__: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "mkdir", refused)
        event = AuditEvent(1, "default", AuditKind.QUERY, "query")
        journals = FileAuditJournals(tmp_path / "audit", unless_read_only=True)
        journals.append(event)
        journals.append(event)
        assert caplog.text.count("nothing is put in the audit log") == 1
        with pytest.raises(AuditUnavailable):
            FileAuditJournals(tmp_path / "audit").append(event)


class TestWhenItIsExported:
    def test_a_short_use_leaves_it_in_the_journal_for_a_while(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake.create_table_from("orders", ROWS)
        assert not (home / "storage/default/system").exists()
        for _ in range(5):
            with supertable.connect(home=home) as lake:
                lake.sql("FROM orders").arrow()
        journals = [file for file in (home / "audit").rglob("*") if file.is_file()]
        assert len(journals) == 1  # each goes on with that of the one before
        (old,) = journals
        moment = int(old.name.partition("-")[0]) - 61_000_000
        old.rename(old.with_name(f"{moment:020d}-1-1-00000000.open"))
        with supertable.connect(home=home) as lake:
            lake.sql("FROM orders").arrow()
        assert (home / "storage/default/system").exists()
        assert not [file for file in (home / "audit").rglob("*") if file.is_file()]

    def test_a_service_exports_by_itself(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        from supertable.application import audit_exports

        monkeypatch.setattr(audit_exports, "_LOOK_SECONDS", 0.01)
        monkeypatch.setattr(audit_exports, "_SERVICE_SECONDS", 0)
        exports = lake.container.audit_exports()
        exports.start()
        lake.sql("FROM orders").arrow()
        deadline = time.monotonic() + 30
        while lake.container.audit_journals().waiting("default").bytes and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lake.container.audit_journals().waiting("default").bytes == 0
        exports.close()

    def test_organizations_have_logs_of_their_own(self, home: Path) -> None:
        for organization in ("one", "Two"):
            with supertable.connect(home=home, organization=organization) as lake:
                lake.create_table_from(f"of_{organization}", ROWS)
                assert [tables for (tables,) in told(lake, "tables")] == [[f"of_{organization}"]] * 2
                assert lake.audit.verify().whole
        shutil.rmtree(home / "storage/two/system")
        shutil.copytree(home / "storage/one/system", home / "storage/two/system")
        shutil.copytree(home / "storage/one/-", home / "storage/two/-", dirs_exist_ok=True)
        shutil.rmtree(home / "catalog")
        with supertable.connect(home=home, organization="two") as lake:
            assert not lake.audit.verify().whole


def test_the_chain_is_as_documented() -> None:
    """By hand, from docs/audit.md, so that others can verify it too."""
    import hashlib
    import json

    event = AuditEvent(
        5, "Acme", AuditKind.WRITE, "append", "u", "U", "r", "main", ("t",), "", 3, None, "", 2, "ok", "q"
    )
    (link,) = chained(START, [event])
    fields = ["0" * 64, 1, 5, "acme", "write", "append", "u", "U", "r", "main", ["t"], "", 3, None, "", 2, "ok", "q"]
    assert link.hash == hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def queries(lake: Lake, count: int) -> None:
    for _ in range(count):
        lake.sql("FROM orders").arrow()


class _ReadOnly:
    """A store that takes nothing any more."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("put", "put_if_absent", "open_writer"):

            def refuse(key: str, *_: object) -> None:
                raise StoreUnavailable("write", key, "injected")

            return refuse
        return getattr(self._inner, name)
