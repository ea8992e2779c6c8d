"""Readers on Pro beside writers: every answer is that of the version which it reports, whatever moves meanwhile."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from supertable import Lake
from supertable.adapters.engines.pro import relations
from tests.support.budgets import BUDGET, SOAK, chance, todays
from tests.support.pro_lake import engine, generations, pro_lake

Model = dict[int, int]
READERS, WRITERS, TURNS = 6, 2, 200 if BUDGET is SOAK else 10


class Tables:
    """Two tables that always change together, and what each version of the first has."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.models: dict[int, Model] = {1: {}}
        self.lock = threading.Lock()
        self.wrong: list[str] = []
        self.answers = 0
        self.over = threading.Event()

    def commit(self, chances: random.Random) -> None:
        """One version more: an upsert, a delete, a restore or a compaction."""
        with self.lock:
            newest = max(self.models)
            model = dict(self.models[newest])
            keys = chances.sample(range(200), 40)
            action = chances.choice(["upsert"] * 4 + ["delete", "restore", "compact"]) if model else "upsert"
            if action == "upsert":
                model.update(dict.fromkeys(keys, newest))
                version = self.lake.write("t", pa.table({"id": keys, "v": [newest] * 40}), "upsert").version
            elif action == "delete":
                model = {key: value for key, value in model.items() if key not in keys}
                version = self.lake.delete("t", keys=pa.table({"id": keys})).version
            elif action == "restore":
                model = self.models[older := chances.choice(list(self.models))]
                version = self.lake.table("t").restore(older).version
            else:
                version = self.lake.table("t").compact(everything=True).version
            for between in range(newest + 1, version + 1):
                self.models[between] = model

    def write(self, number: int) -> None:
        chances = chance(f"pro writer {number}")
        for _ in range(TURNS):
            self.commit(chances)
            time.sleep(chances.random() * 0.03)

    def read(self, number: int) -> None:
        chances = chance(f"pro reader {number}")
        while not self.over.is_set() and not self.wrong:
            key = chances.randrange(200)
            one, two = f"SELECT id, v FROM t WHERE id >= {key}", "SELECT a.id, b.v FROM t a JOIN t b USING (id)"
            sql, low = chances.choice([(one, key), (two, 0)])
            result = self.lake.sql(sql, engine="pro")
            found = sorted(result.arrow().to_pylist(), key=lambda row: row["id"])
            (version,) = result.versions["t"]
            with self.lock:  # the writer of that version has noted its rows
                expected = self.models[version]
            if found != [{"id": key, "v": v} for key, v in sorted(expected.items()) if key >= low]:
                self.wrong.append(f"version {version}: {sql}: {found}")
            self.answers += 1


@pytest.mark.parametrize("place", todays(["disk", "memory", "disk"], "pro concurrency"))
def test_every_answer_is_of_the_version_that_it_reports(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relations, "_REST", 0)  # merges all the time
    with pro_lake(tmp_path, pro_cache_in=place) as lake:
        lake.create_table("t", pa.schema([("id", pa.int64()), ("v", pa.int64())]), keys=["id"])
        tables = Tables(lake)
        tables.commit(chance("pro"))
        with ThreadPoolExecutor(READERS + WRITERS) as pool:
            readers = [pool.submit(tables.read, number) for number in range(READERS)]
            writers = [pool.submit(tables.write, number) for number in range(WRITERS)]
            try:
                for writer in writers:
                    writer.result(300)
            finally:
                tables.over.set()
            for reader in readers:
                reader.result(60)
        assert tables.wrong == []
        assert tables.answers > TURNS
        engine(lake).keeper.settle()
        assert [one.holders for one in generations(lake)] == [0]
        cache = engine(lake).keeper._cache
        assert cache is not None
        for island in cache._islands.values():
            if island.folder is not None:  # older generations are gone
                assert len(list(island.folder.glob("*.duckdb"))) == 1
