"""Every edit, removal or move of anything in the audit log is detected, even at its end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.application.storage.checksums import digest_of
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.access.sessions import owner
from supertable.domain.audit import AuditEvent, AuditKind, ChainEnd, chained
from supertable.domain.errors import InvalidInput
from supertable.domain.table.commits import Commit


class Tampering:
    """The files of a log of five segments, and ways in which an attacker with access to the store can change them."""

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
        """Make the commit record match the data file again."""
        commit, data = self.commit(version), self.data(version).read_bytes()
        file = replace(commit.change.added[0], bytes=len(data), digest=digest_of(data))
        self.put_commit(version, replace(commit, change=replace(commit.change, added=(file,))))

    def remove_catalog(self) -> None:
        """Delete the catalog too."""
        shutil.rmtree(self.home / "catalog")

    def remove_tail(self, first: int, last: int) -> None:
        for version in range(first, last + 1):
            self.data(version).unlink()
            self.log(version).unlink()
        shutil.rmtree(self.table / "checkpoints", ignore_errors=True)

    def _key(self, version: int) -> str:
        return str(self.log(version).relative_to(self.home / "storage"))


class TestTampering:
    """Versions 2 to 6 hold the events 1 to 10, two each."""

    @pytest.fixture
    def log(self, home: Path) -> Tampering:
        with supertable.connect(home=home) as lake:
            for i in range(10):
                lake._container.audit().record_action(owner("default"), AuditKind.QUERY, f"event {i + 1}", rows=i)
                if i % 2:
                    assert lake.audit.export() == 2
            assert lake.audit.verify().whole
        return Tampering(home)

    @staticmethod
    def findings(home: Path, known: str | None = None) -> str:
        """The findings of a verification by a new process."""
        with supertable.connect(home=home) as lake:
            report = lake.audit.verify(known)
            assert not report.whole
            return "; ".join(f"{finding.key.rsplit('/', 1)[-1]} {finding.what}" for finding in report.findings)

    def test_an_edited_row(self, log: Tampering, home: Path) -> None:
        log.edit(3, lambda rows: rows[1].update(user="somebody else"))
        found = self.findings(home)
        assert "its bytes are not those that were written" in found
        assert "event 4 was edited" in found

    @pytest.mark.parametrize("field", ["what", "user", "role", "rows", "outcome", "at", "statement", "tables", "kind"])
    def test_an_edited_field_with_a_matching_commit(self, log: Tampering, home: Path, field: str) -> None:
        other: dict[str, Any] = {"rows": None, "at": 0, "tables": ["x"], "kind": "write"}
        log.edit(3, lambda rows: rows[1].update({field: other.get(field, "x")}))
        log.make_consistent(3)
        assert "event 4 was edited" in self.findings(home)

    def test_an_edited_row_with_a_matching_hash(self, log: Tampering, home: Path) -> None:
        def change(rows: list[dict[str, Any]]) -> None:
            event = AuditEvent(0, "default", AuditKind.QUERY, "nothing")
            (link,) = chained(ChainEnd(3, rows[1]["previous_hash"]), [event])
            rows[1] |= {"at": 0, "what": "nothing", "user": "", "user_name": "", "role": "", "rows": None}
            rows[1]["hash"] = link.hash

        log.edit(3, change)
        log.make_consistent(3)
        assert "event 5 does not continue the chain of the event before it" in self.findings(home)

    def test_rows_in_another_order(self, log: Tampering, home: Path) -> None:
        log.edit(4, list.reverse)
        log.make_consistent(4)
        assert "event 5 was expected, but this is event 6" in self.findings(home)

    def test_a_removed_row(self, log: Tampering, home: Path) -> None:
        log.edit(4, lambda rows: rows.__delitem__(0))
        log.make_consistent(4)
        assert "event 5 was expected, but this is event 6" in self.findings(home)

    def test_an_inserted_row(self, log: Tampering, home: Path) -> None:
        log.edit(4, lambda rows: rows.append(dict(rows[1])))
        log.make_consistent(4)
        assert "event 7 was expected, but this is event 6" in self.findings(home)

    def test_a_removed_segment(self, log: Tampering, home: Path) -> None:
        log.data(4).unlink()
        found = self.findings(home)
        assert "it is missing; it had 2 events" in found
        assert "event 5 was expected, but this is event 7" in found

    def test_two_segments_swapped(self, log: Tampering, home: Path) -> None:
        third, fourth = log.data(3).read_bytes(), log.data(4).read_bytes()
        log.data(3).write_bytes(fourth)
        log.data(4).write_bytes(third)
        for version in (3, 4):
            log.make_consistent(version)
        assert "event 3 was expected, but this is event 5" in self.findings(home)

    def test_two_records_swapped(self, log: Tampering, home: Path) -> None:
        third, fourth = log.log(3).read_bytes(), log.log(4).read_bytes()
        log.log(3).write_bytes(fourth)
        log.log(4).write_bytes(third)
        assert "its digest does not match its bytes" in self.findings(home)

    def test_a_removed_version(self, log: Tampering, home: Path) -> None:
        log.log(4).unlink()
        assert "version 4 is missing" in self.findings(home)

    def test_a_version_that_is_not_an_export(self, log: Tampering, home: Path) -> None:
        commit = log.commit(6)
        log.put_commit(6, replace(commit, change=replace(commit.change, removed=(log.commit(3).change.added[0].path,))))
        log.remove_catalog()
        assert "version 6 is not an export of events" in self.findings(home)

    @pytest.mark.parametrize("first", [6, 4, 2])
    @pytest.mark.parametrize("without_catalog", [False, True])
    def test_a_removed_end(self, log: Tampering, home: Path, first: int, without_catalog: bool) -> None:
        log.remove_tail(first, 6)
        if without_catalog:
            log.remove_catalog()
        assert "the log had events up to 10" in self.findings(home)

    def test_a_removed_log(self, log: Tampering, home: Path) -> None:
        shutil.rmtree(home / "storage/default/system")
        log.remove_catalog()
        assert "the log had events up to 10, but now ends at 0" in self.findings(home)

    def test_a_removed_end_is_still_detected_after_more_events(self, log: Tampering, home: Path) -> None:
        log.remove_tail(5, 6)
        log.remove_catalog()
        with supertable.connect(home=home) as lake:
            for _ in range(3):
                lake._container.audit().record_action(owner("default"), AuditKind.QUERY, "later")
                lake.audit.export()
        found = self.findings(home)
        assert "event 7 was expected, but this is event 11" in found

    def test_a_removed_log_is_still_detected_after_more_events(self, log: Tampering, home: Path) -> None:
        shutil.rmtree(home / "storage/default/system")
        log.remove_catalog()
        with supertable.connect(home=home) as lake:
            lake._container.audit().record_action(owner("default"), AuditKind.QUERY, "later")
        assert "event 1 was expected, but this is event 11" in self.findings(home)

    def test_a_removed_anchor(self, log: Tampering, home: Path) -> None:
        log.anchor.unlink()
        assert "the anchor is missing" in self.findings(home)

    def test_an_edited_anchor(self, log: Tampering, home: Path) -> None:
        log.anchor.write_bytes(b"{}")
        assert "anchor" in self.findings(home)

    def test_a_removed_end_and_anchor_are_recorded_in_the_log(self, log: Tampering, home: Path) -> None:
        log.remove_tail(5, 6)
        log.anchor.unlink()
        log.remove_catalog()
        with supertable.connect(home=home) as lake:
            lake._container.audit().record_action(owner("default"), AuditKind.QUERY, "later")
            report = lake.audit.verify()
        assert [finding.what for finding in report.findings] == ["event 7 records damage before it: anchor"]

    def test_a_rewritten_log_differs_from_a_known_event(self, log: Tampering, home: Path) -> None:
        with supertable.connect(home=home) as lake:
            end = lake.audit.verify().end
        assert end is not None
        known = f"{end.sequence}:{end.hash}"
        with supertable.connect(home=home) as lake:
            assert lake.audit.verify(known).whole
        shutil.rmtree(home / "storage/default/system")
        log.anchor.unlink()
        log.remove_catalog()
        with supertable.connect(home=home) as lake:
            for i in range(12):
                lake._container.audit().record_action(owner("default"), AuditKind.QUERY, f"event {i}")
            assert lake.audit.verify().whole
        assert "event 10 differs from the one recorded earlier" in self.findings(home, known)
        with supertable.connect(home=home) as lake:
            for wrong in ("", "x", "5", f"5:{'0' * 63}", f"-1:{'0' * 64}"):
                with pytest.raises(InvalidInput):
                    lake.audit.verify(wrong)
