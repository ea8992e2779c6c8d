"""The audit log loses no event, whatever fails. What cannot be recorded does not run."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.adapters.audit_journals.files import FileAuditJournals
from supertable.application import audit_recorder
from supertable.application.ports.audit_journals import Segment
from supertable.domain.access.sessions import owner
from supertable.domain.audit import START, AuditEvent, AuditKind, chained
from supertable.domain.errors import (
    AuditUnavailable,
    StoreUnavailable,
    SupertableError,
)
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.integration.audit.audit_processes import READY, Descriptor, recorder
from tests.integration.commits.writer_processes import context
from tests.support.audit_events import ROWS, event_fields, events
from tests.support.budgets import todays
from tests.support.faulty_store import Fault, FaultyStore


@pytest.fixture
def lake(home: Path) -> Any:
    with supertable.connect(home=home) as lake:
        lake.create_table_from("orders", ROWS, keys=["id"])
        yield lake


class TestNothingIsLost:
    def test_many_threads_record_during_exports(self, home: Path) -> None:
        threads, each = 16, 500
        with supertable.connect(home=home) as one, supertable.connect(home=home) as other:
            stop = threading.Event()

            def export(lake: Lake) -> None:
                while not stop.is_set():
                    lake._container.export_audit()("default")

            def record(thread: int) -> None:
                audit = (one, other)[thread % 2]._container.audit()
                for number in range(each):
                    audit.ensure_ready("default")
                    audit.record_action(owner("default"), AuditKind.QUERY, f"{thread} {number}")

            with ThreadPoolExecutor(threads + 2) as pool:
                exports = [pool.submit(export, lake) for lake in (one, other)]
                for done in [pool.submit(record, thread) for thread in range(threads)]:
                    done.result()
                stop.set()
                for done in exports:
                    done.result()
            other.audit.export()
            found = [what for (what,) in event_fields(one, "what")]
            report = one.audit.verify()
        assert Counter(found) == Counter(f"{thread} {number}" for thread in range(threads) for number in range(each))
        for thread in range(threads):  # the events of each thread are in order
            own = [int(what.split()[1]) for what in found if what.startswith(f"{thread} ")]
            assert own == sorted(own)
        assert report.whole

    def test_what_another_process_exports_comes_first(self, tmp_path: Path) -> None:
        own, other = FileAuditJournals(tmp_path), FileAuditJournals(tmp_path)
        exporting, taken = threading.Event(), list[str]()

        def slowly(segment: Segment) -> None:
            exporting.set()
            time.sleep(0.3)
            taken.extend(event.what for event in segment.events)

        own.append(AuditEvent(1, "default", AuditKind.QUERY, "1"))
        own.close()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(other.drain, "default", slowly)
            assert exporting.wait(30)
            own.append(AuditEvent(2, "default", AuditKind.QUERY, "2"))
            own.drain("default", lambda segment: taken.extend(event.what for event in segment.events))
            first.result()
        assert taken == ["1", "2"]

    def test_every_query_and_write_of_many_threads_is_recorded(self, lake: Lake) -> None:
        def work(thread: int) -> None:
            for number in range(15):
                lake.sql("SELECT * FROM orders WHERE id = ?", [number]).arrow()
            lake.write("orders", pa.table({"id": [100 + thread], "name": ["x"]}), "upsert")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        kinds = Counter(kind for (kind,) in event_fields(lake, "kind"))
        assert kinds == {"query": 8 * 15, "write": 8 + 1, "table": 1}

    def test_processes_killed_at_random_lose_no_acknowledged_event(self, home: Path) -> None:
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
            found = [
                int(what) for what, kind in event_fields(lake, "what", "kind") if kind == "query" and what.isdecimal()
            ]
            assert lake.audit.verify().whole
        assert len(found) == len(set(found))
        assert set(acknowledged) <= set(found)
        assert len(found) - len(acknowledged) <= 8  # recorded, but the process died before it acknowledged them

    @pytest.mark.parametrize("fault", Fault)
    def test_an_export_that_fails_at_any_step_exports_each_event_once(self, home: Path, fault: Fault) -> None:
        with supertable.connect(home=home) as first:
            first._container.audit().record_action(owner("default"), AuditKind.QUERY, "0")
            first.audit.export()
        recorded = ["0"]
        for at in todays(range(1, 100), f"export {fault}"):
            lake = supertable.connect(home=home)
            store = FaultyStore(lake._container.store(), fault, at)
            lake._container.store.override(store)
            recorded.append(str(at))
            lake._container.audit().record_action(owner("default"), AuditKind.QUERY, str(at))
            try:
                lake._container.export_audit()("default")
            except (SupertableError, BaseException) as error:  # noqa: BLE001 - includes injected crashes
                assert store.met, error
            lake._container.audit_journals().close()
            if not store.met:
                break
        with supertable.connect(home=home) as last:
            whats = [what for what, kind in event_fields(last, "what", "kind") if kind == "query" and what.isdecimal()]
            report = last.audit.verify()
        assert whats == recorded
        assert at > 5
        assert not store.met
        assert report.whole, report.findings

    def test_an_incomplete_line_is_ignored(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake._container.audit().record_action(owner("default"), AuditKind.QUERY, "one")
        (journal,) = [file for file in (home / "audit").rglob("*") if file.is_file()]
        with journal.open("ab") as file:
            file.write(b'{"at_us":17')
        with supertable.connect(home=home) as lake:
            lake._container.audit().record_action(owner("default"), AuditKind.QUERY, "two")
            assert [what for (what,) in event_fields(lake, "what")] == ["one", "two"]

    def test_a_damaged_line_becomes_an_event_and_a_finding(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            for what in ("one", "two", "three"):
                lake._container.audit().record_action(owner("default"), AuditKind.QUERY, what)
        (journal,) = [file for file in (home / "audit").rglob("*") if file.is_file()]
        journal.write_bytes(journal.read_bytes().replace(b'"two"', b'"two'))
        with supertable.connect(home=home) as lake:
            assert [(what, outcome) for what, outcome in event_fields(lake, "what", "outcome")] == [
                ("one", "ok"),
                ("read", "Damaged"),
                ("three", "ok"),
            ]
            report = lake.audit.verify()
        assert report.whole
        assert [finding.what for finding in report.findings] == ["event 2 records damage before it: read"]


class TestBackPressure:
    def test_too_many_events_are_exported_first(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit_recorder, "MOST_WAITING_BYTES", 10_000)
        journals = lake._container.audit_journals()
        for _ in range(200):
            lake.sql("FROM orders").arrow()
            assert journals.own_bytes("default") < 11_000
        assert len(events(lake)) == 202
        assert lake.audit.verify().segments > 3

    def test_when_exports_keep_failing_requests_are_refused_in_the_end(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(audit_recorder, "MOST_WAITING_BYTES", 10_000)
        with supertable.connect(home=home) as lake:
            lake.create_table_from("orders", ROWS)
            store = _ReadOnly(lake._container.store())
            with lake._container.store.override(store):
                lake._container.reset_singletons()
                with pytest.raises(AuditUnavailable, match="Nothing was done"):
                    queries(lake, 200)
        with supertable.connect(home=home) as lake:
            lake.sql("FROM orders").arrow()
            assert 20 < len(events(lake)) < 200
            assert lake.audit.verify().whole

    def test_when_the_journal_cannot_be_written_requests_are_refused_and_no_event_is_lost(
        self, lake: Lake, home: Path
    ) -> None:
        lake._container.audit_journals().close()
        lake.audit.export()
        shutil.rmtree(home / "audit")
        (home / "audit").write_text("in the way")
        lake.sql("FROM orders").arrow()  # it has already run when the journal fails
        for use in (lambda: lake.sql("FROM orders"), lambda: lake.write("orders", ROWS), lambda: lake.drop("orders")):
            with pytest.raises(AuditUnavailable):
                use()
        assert lake.table("orders").info().version == 2
        (home / "audit").unlink()
        lake.sql("FROM orders").arrow()
        assert [what for (what,) in event_fields(lake, "what")][-2:] == ["query", "query"]

    def test_a_read_only_lake_is_readable_without_recording(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object, **__: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(Path, "mkdir", refused)
        event = AuditEvent(1, "default", AuditKind.QUERY, "query")
        journals = FileAuditJournals(tmp_path / "audit", unless_read_only=True)
        journals.append(event)
        journals.append(event)
        assert caplog.text.count("audit events are not recorded") == 1
        with pytest.raises(AuditUnavailable):
            FileAuditJournals(tmp_path / "audit").append(event)


class TestTimeOfExport:
    def test_short_uses_leave_their_events_in_the_journal_for_a_while(self, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            lake.create_table_from("orders", ROWS)
        assert not (home / "storage/default/system").exists()
        for _ in range(5):
            with supertable.connect(home=home) as lake:
                lake.sql("FROM orders").arrow()
        journals = [file for file in (home / "audit").rglob("*") if file.is_file()]
        assert len(journals) == 1  # each process continues the journal of the one before
        (old,) = journals
        moment = int(old.name.partition("-")[0]) - 61_000_000
        old.rename(old.with_name(f"{moment:020d}-1-1-00000000.open"))
        with supertable.connect(home=home) as lake:
            lake.sql("FROM orders").arrow()
        assert (home / "storage/default/system").exists()
        assert not [file for file in (home / "audit").rglob("*") if file.is_file()]

    def test_a_service_exports_on_its_own(self, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        from supertable.application.audit import background_export

        monkeypatch.setattr(background_export, "_INTERVAL_SECONDS", 0.01)
        monkeypatch.setattr(background_export, "_MOST_SECONDS", 0)
        exports = lake._container.background_audit_export()
        exports.start()
        lake.sql("FROM orders").arrow()
        deadline = time.monotonic() + 30
        while lake._container.audit_journals().waiting("default").bytes and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lake._container.audit_journals().waiting("default").bytes == 0
        exports.close()

    def test_each_organization_has_its_own_log(self, home: Path) -> None:
        for organization in ("one", "Two"):
            with supertable.connect(home=home, organization=organization) as lake:
                lake.create_table_from(f"of_{organization}", ROWS)
                assert [tables for (tables,) in event_fields(lake, "tables")] == [[f"of_{organization}"]] * 2
                assert lake.audit.verify().whole
        shutil.rmtree(home / "storage/two/system")
        shutil.copytree(home / "storage/one/system", home / "storage/two/system")
        shutil.copytree(home / "storage/one/-", home / "storage/two/-", dirs_exist_ok=True)
        shutil.rmtree(home / "catalog")
        with supertable.connect(home=home, organization="two") as lake:
            assert not lake.audit.verify().whole


def test_the_chain_is_as_documented() -> None:
    """Computed by hand, by the rules of docs/audit.md, so that others can verify it too."""
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
    """A store that refuses all writes."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("put", "put_if_absent", "open_writer"):

            def refuse(key: str, *_: object) -> None:
                raise StoreUnavailable("write", key, "injected")

            return refuse
        return getattr(self._inner, name)
