"""History, time travel, restore and counts through the Python API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from supertable.domain.errors import VersionNotFound
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.orders import orders, rows


class TestHistory:
    def test_commits_are_listed_newest_first_with_their_effects(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)), properties={"source": "erp", "job": "7"}, idempotency_key="k")
        keyed.write("orders", orders((1, "us", 2.0)), mode="upsert")
        keyed.delete("orders", where="id = 1", reason="on request")
        history = keyed.table("orders").history()
        assert [(entry.version, entry.operation) for entry in history] == [
            (4, "delete"),
            (3, "upsert"),
            (2, "append"),
            (1, "create"),
        ]
        assert (history[0].rows_deleted, history[1].rows_updated, history[2].rows_inserted) == (1, 1, 1)
        assert (history[2].properties, history[2].idempotency_key) == ({"source": "erp", "job": "7"}, "k")
        assert [entry.version for entry in keyed.table("orders").history(limit=2)] == [4, 3]
        moments = [entry.committed_at for entry in history]
        assert moments == sorted(moments, reverse=True)

    def test_time_travel_by_version_and_timestamp(self, keyed: Lake) -> None:
        for i in range(3):
            keyed.write("orders", orders((1, f"v{i}", float(i))), mode="upsert")
        by_version = {entry.version: entry.committed_at for entry in keyed.table("orders").history()}
        for version, moment in by_version.items():
            expected = [] if version == 1 else [(1, f"v{version - 2}", float(version - 2))]
            assert rows(keyed, f"FROM orders AT (VERSION => {version})") == expected
            assert rows(keyed, f"FROM orders AT (TIMESTAMP => '{moment:%Y-%m-%d %H:%M:%S.%f}')") == expected
        joined = "SELECT a.region, b.region FROM orders AS a AT (VERSION => 2) JOIN orders AS b USING (id)"
        assert rows(keyed, joined) == [("v0", "v2")]
        for bad in ("VERSION => 0", "VERSION => 5", "VERSION => -1", "TIMESTAMP => '1999-01-01'"):
            with pytest.raises(VersionNotFound):
                keyed.sql(f"FROM orders AT ({bad})")

    def test_restore_restores_rows_and_columns(self, keyed: Lake) -> None:
        keyed.write("orders", orders((1, "eu", 1.0)))
        keyed.write("orders", orders((1, "us", 2.0)).append_column("note", pa.array(["n"])), "upsert", evolve=True)
        keyed.delete("orders", where="true")
        result = keyed.table("orders").restore(2)
        assert (result.version, result.operation) == (5, "restore")
        assert rows(keyed) == [(1, "eu", 1.0)]
        assert keyed.table("orders").history(1)[0].restored == 2
        keyed.table("orders").restore(3)
        assert rows(keyed) == [(1, "us", 2.0, "n")]
        keyed.write("orders", orders((2, "x", 0.0)).append_column("other", pa.array([1])), evolve=True)
        assert rows(keyed) == [(1, "us", 2.0, "n", None), (2, "x", 0.0, None, 1)]
        for version in (0, 99, -3):
            with pytest.raises(VersionNotFound):
                keyed.table("orders").restore(version)


class TestCounting:
    @pytest.fixture
    def keyed(self, keyed: Lake) -> Lake:
        keyed.write("orders", orders((1, "eu", 1.0), (2, "us", 2.0), (3, None, None)))
        keyed.write("orders", orders((2, "US", 20.0)), mode="upsert")
        keyed.delete("orders", where="id = 3")
        return keyed

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("SELECT count(*) FROM orders", [(2,)]),
            ("SELECT count(*) + 1, 'x' FROM orders", [(3, "x")]),
            ("SELECT count(*) FROM orders AT (VERSION => 2)", [(3,)]),
            ("SELECT (SELECT count(*) FROM orders), count(*) FROM orders AT (VERSION => 1)", [(2, 0)]),
            ("SELECT count(*) FROM main", [(2,)]),
            ("SELECT count(*) FROM table_changes('orders', 2)", [(3,)]),
            ("SELECT count(region) FROM orders", [(2,)]),
            ("SELECT count(*) FROM orders WHERE id > 1", [(1,)]),
            ("SELECT count(*) FILTER (WHERE price > 5) FROM orders", [(1,)]),
            ("SELECT DISTINCT 1 FROM orders", [(1,)]),
            ("SELECT 7 FROM orders LIMIT 1", [(7,)]),
            ("SELECT count(*) FROM orders GROUP BY region ORDER BY 1", [(1,), (1,)]),
            ("SELECT count(*) FROM orders HAVING count(*) > 5", []),
            ("SELECT count(*) FROM orders a, orders b", [(4,)]),
            ("SELECT sum(n) FROM (SELECT count(*) AS n FROM orders UNION ALL SELECT 10)", [(12,)]),
        ],
    )
    def test_every_form_of_count_is_exact(self, keyed: Lake, sql: str, expected: Any) -> None:
        assert rows(keyed, sql) == expected

    def test_a_count_of_all_rows_opens_no_file(self, keyed: Lake, home: Path) -> None:
        for file in home.rglob("*.parquet"):
            file.unlink()
        assert rows(keyed, "SELECT count(*) FROM orders") == [(2,)]
