"""Tables with partitions and a sort order: what files they get, what queries read of them, and who may change it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable.domain.errors import AccessDenied, InvalidInput, InvalidSchema, InvalidSetting, InvalidStatement
from supertable.entrypoints.sdk.lakes.lake import Lake

START = datetime(2023, 1, 1)
MINUTES = 3 * 365 * 24 * 60
ROWS = 150_000
SCHEMA = pa.schema([("id", pa.int64()), ("made", pa.timestamp("us")), ("name", pa.string())])


def moments(rows: int, seed: int = 1) -> list[datetime]:
    chance = random.Random(seed)
    return [START + timedelta(minutes=chance.randrange(MINUTES)) for _ in range(rows)]


def events(rows: int, seed: int = 1) -> pa.Table:
    made = moments(rows, seed)
    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "made": pa.array(made, pa.timestamp("us")),
            "name": [f"name {number * 7919 % rows}" for number in range(rows)],
        }
    )


def files_read(lake: Lake, sql: str) -> tuple[int, int]:
    """Files read, and files of the table."""
    plan = "\n".join(line for (line,) in lake.sql(f"EXPLAIN {sql}").fetchall())
    found = re.search(r"(\d+) of (\d+) files", plan)
    assert found, plan
    return int(found[1]), int(found[2])


def file_rows(lake: Lake, table: str) -> list[list[dict[str, Any]]]:
    """The rows of each data file, read without the lake."""
    opened, store = lake.table(table)._open(), lake._container.store()
    data = [store.read(file.key(opened.folder)) for file in opened.snapshot.files.values()]
    return [pq.read_table(pa.BufferReader(part)).to_pylist() for part in data if part is not None]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("layouts")) as opened:
        for name in ("plain", "months", "buckets"):
            opened.create_table(name, SCHEMA)
        opened.table("months").set_maintenance(partition_by=["month(made)"], sort_by=["name DESC"])
        opened.table("buckets").set_maintenance(partition_by=["bucket(16, id)", "bucket(4, name)"])
        for name in ("plain", "months", "buckets"):
            opened.write(name, events(ROWS))
        yield opened


def test_a_month_of_three_years_is_one_file(lake: Lake) -> None:
    month = "made >= '2024-05-01' AND made < '2024-06-01'"
    expected = sum(datetime(2024, 5, 1) <= moment < datetime(2024, 6, 1) for moment in moments(ROWS))
    for name, read in (("plain", (1, 1)), ("months", (1, 36))):
        assert lake.sql(f"SELECT count(*) FROM {name} WHERE {month}").fetchall() == [(expected,)]
        assert files_read(lake, f"SELECT id FROM {name} WHERE {month}") == read


def test_rows_of_a_write_are_split_and_sorted(lake: Lake) -> None:
    files = file_rows(lake, "months")
    assert len(files) == 36
    for rows in files:
        assert len({(row["made"].year, row["made"].month) for row in rows}) == 1
        names = [row["name"] for row in rows]
        assert names == sorted(names, reverse=True)
    assert sorted(row["id"] for rows in files for row in rows) == list(range(ROWS))


@pytest.mark.parametrize(
    ("condition", "most", "rows"),
    [
        ("id = 12345", 4, 1),
        ("id IN (12345, 12345, NULL)", 4, 1),
        ("id = 12345 AND name = 'name 1'", 1, 0),
        ("name = 'name 1'", 16, 1),
        ("id = 12345.0", 4, 1),
        ("id = 12345.5", 0, 0),
        ("id = 12345 OR name = 'name 1'", 19, 2),
        ("id = CAST('12345' AS SMALLINT)", 64, 1),
        ("name = 'NAME 1' COLLATE NOCASE", 64, 1),
        ("id + 0 = 12345", 64, 1),
        ("id IS NULL", 0, 0),
        ("id BETWEEN 12345 AND 12346", 64, 2),
        ("id = 12345 AND made > '2020-01-01'", 4, 1),
    ],
)
def test_an_equality_reads_the_files_of_its_bucket(lake: Lake, condition: str, most: int, rows: int) -> None:
    lake.table("buckets").compact()
    assert len(lake.sql(f"SELECT * FROM buckets WHERE {condition}").fetchall()) == rows
    read, total = files_read(lake, f"SELECT * FROM buckets WHERE {condition}")
    assert total == 64
    assert read <= most


def test_a_parameter_names_a_bucket_too(lake: Lake) -> None:
    lake.table("buckets").compact()
    for value in (12345, 39_999):
        assert lake.sql("SELECT id FROM buckets WHERE id = ?", [value]).fetchall() == [(value,)]


def test_compaction_brings_older_files_into_the_layout_and_then_rests(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", SCHEMA)
        for number in range(5):
            lake.write("t", events(2_000, number))
        lake.sql("ALTER TABLE t SET PARTITIONED BY (year(made))")
        lake.sql("ALTER TABLE t SET SORTED BY (id)")
        assert files_read(lake, "SELECT * FROM t WHERE made < '2024-01-01'") == (5, 5)
        lake.table("t").compact()
        files = file_rows(lake, "t")
        assert sorted({row["made"].year for row in rows}.pop() for rows in files) == [2023, 2024, 2025]
        assert all([row["id"] for row in rows] == sorted(row["id"] for row in rows) for rows in files)
        assert lake.table("t").compact().commits == 0
        lake.write("t", events(10))
        lake.delete("t", where="id = 3")
        lake.table("t").compact()
        assert lake.table("t").info().files == 3
        assert lake.table("t").compact().commits == 0
        assert lake.sql("SELECT count(*), sum(id) FROM t").fetchall() == [(10_010 - 6, 5 * 1_999_000 + 45 - 18)]


@pytest.mark.parametrize("partitions", [["bucket(4, id)"], ["month(made)"]], ids=["of-the-key", "of-another-column"])
def test_of_rows_with_one_key_the_last_stays(home: Path, partitions: list[str]) -> None:
    """The rows are more than are held in memory unarranged. Later rows belong to earlier months."""
    count = 150_000
    made = [START + timedelta(days=(count - number) // 300) for number in range(count)]
    rows = pa.table({"id": [number % 50_000 for number in range(count)], "made": made, "v": range(count)})
    with supertable.connect(home=home) as lake:
        lake.create_table("t", rows, keys=["id"], partition_by=partitions)
        assert lake.table("t").info().partition_by == partitions
        months = [{(row["made"].year, row["made"].month) for row in found} for found in file_rows(lake, "t")]
        assert (max(map(len, months)) == 1) == (partitions == ["month(made)"])
        for _ in range(2):
            found = lake.sql("SELECT count(*), min(v), max(v), sum(v - id) FROM t").fetchall()
            assert found == [(50_000, 100_000, 149_999, 50_000 * 100_000)]
            lake.table("t").compact()
        lake.write("t", rows.slice(0, 20_000), mode="upsert")
        assert lake.sql("SELECT count(*), sum(v - id) FROM t").fetchall() == [(50_000, 30_000 * 100_000)]
        assert lake.sql("SELECT v FROM t WHERE id = 20000").fetchall() == [(120_000,)]


def test_large_writes_to_tables_with_keys_are_arranged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rows with one key, in one part of the write or in several, that with the greatest sequence stays; of those the
    last, or the first where rows that are there are left alone.
    """
    monkeypatch.setattr("supertable.application.storage.layout.arranged_rows._MOST_ROWS", 122_880)
    chance = random.Random("arranged")
    count = 2 * 122_880
    ids, places = ([chance.randrange(top) for _ in range(count)] for top in (20_000, 3))
    steps = [chance.choice([None, *range(5)]) for _ in range(count)]
    rows = pa.table({"id": ids, "place": places, "step": pa.array(steps, pa.int8()), "n": range(count)})
    layout: dict[str, Any] = {"keys": ["id"], "partition_by": ["place"], "sort_by": ["n DESC"]}
    best: dict[int, tuple[int, int]] = {}
    for number, (id_, step) in enumerate(zip(ids, steps, strict=True)):
        best[id_] = max(best.get(id_, (-2, -1)), (-1 if step is None else step, number))
    with supertable.connect(home=home) as lake:
        lake.create_table("ordered", rows, sequence="step", **layout)
        lake.create_table("first", rows.schema, **layout)
        lake.sql("INSERT OR IGNORE INTO first FROM rows", frames={"rows": rows})
        lake.create_table("last", rows, **layout)
        for name, expected in (
            ("ordered", {number for _, number in best.values()}),
            ("first", {*dict(zip(reversed(ids), reversed(range(count)), strict=True)).values()}),
            ("last", {*dict(zip(ids, range(count), strict=True)).values()}),
        ):
            assert set(lake.sql(f"SELECT n FROM {name}").arrow()["n"].to_pylist()) == expected, name
            assert lake.table(name).info().rows == 20_000
            files = [[(row["place"], -row["n"]) for row in found] for found in file_rows(lake, name)]
            assert all(found == sorted(found) and len({place for place, _ in found}) == 1 for found in files)
        assert lake.fsck().findings == ()


def test_widened_columns_keep_their_partitions(home: Path) -> None:
    days = [(START + timedelta(days=number)).date() for number in range(3_000)]
    rows = pa.table({"id": pa.array(range(3_000), pa.int32()), "day": pa.array(days, pa.date32())})
    with supertable.connect(home=home) as lake:
        lake.create_table("t", rows, partition_by=["bucket(2, id)", "bucket(2, day)", "year(day)"])
        lake.table("t").compact()
        lake.table("t").widen_column("id", pa.int64())
        lake.table("t").widen_column("day", pa.timestamp("us"))
        lake.table("t").rename_column("day", "moment")
        assert lake.table("t").info().partition_by == ["bucket(2, id)", "bucket(2, moment)", "year(moment)"]
        for _ in range(2):
            assert lake.sql("SELECT id FROM t WHERE id = 1000").fetchall() == [(1000,)]
            assert lake.sql("SELECT id FROM t WHERE moment = '2023-01-11'").fetchall() == [(10,)]
            assert lake.sql("SELECT id FROM t WHERE moment = '2023-01-11 12:00:00'").fetchall() == []
            assert lake.sql("SELECT count(*) FROM t WHERE id = 5000000000").fetchall() == [(0,)]
            assert files_read(lake, "SELECT * FROM t WHERE moment = '2023-01-11'")[0] <= 4
            lake.table("t").compact(everything=True)
        lake.table("t").drop_column("moment")
        assert lake.table("t").info().partition_by == ["bucket(2, id)"]
        lake.table("t").compact()
        assert lake.table("t").info().files == 2


def test_roles_see_their_rows_and_columns(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", events(20_000), partition_by=["bucket(4, id)", "truncate(6, name)"], sort_by=["id"])
        lake.table("t").compact()
        lake.roles.create("some", "reader")
        lake.roles.grant("some", "t", columns=["id", "made"], where="name = 'name 5' OR id = 77 OR id IS NULL")
        lake.users.create("eve", ["some"])
        with supertable.connect(home=home, token=lake.tokens.create("tests", "eve").secret) as eve:
            (other,) = (number for number in range(20_000) if number * 7919 % 20_000 == 5)
            assert eve.sql("SELECT id FROM t ORDER BY id").fetchall() == sorted([(77,), (other,)])
            assert eve.sql("SELECT id FROM t WHERE id = 77").fetchall() == [(77,)]
            assert eve.sql("SELECT id FROM t WHERE id = 78").fetchall() == []
            info = eve.table("t").info()
            assert (info.partition_by, info.sort_by) == (["bucket(4, id)"], ["id"])
            shown = eve.sql("SELECT partitioned_by, sorted_by FROM information_schema.tables").fetchall()
            assert shown == [("bucket(4, id)", "id")]
            with pytest.raises(AccessDenied):
                eve.sql("ALTER TABLE t RESET PARTITIONED BY")
            with pytest.raises(AccessDenied):
                eve.table("t").set_maintenance(partition_by=[])


def test_every_engine_version_and_check_agrees(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", events(20_000), partition_by=["bucket(4, id)", "year(made)"])
        before = lake.table("t").info().version
        lake.table("t").compact()
        lake.table("t").set_maintenance(partition_by=["bucket(5, id)"])
        lake.table("t").compact(everything=True)
        lake.delete("t", where="id < 100")
        for engine in ("lite", "pro", "pro"):
            found = lake.sql("SELECT count(*), min(id) FROM t WHERE id IN (99, 100, 101)", engine=engine).fetchall()
            assert found == [(2, 100)]
        old = f"SELECT id FROM t AT (VERSION => {before}) WHERE id = 99"
        assert lake.sql(old).fetchall() == [(99,)]
        assert files_read(lake, "SELECT * FROM t WHERE id = 100") == (1, 5)
        assert lake.fsck().findings == ()
        lake.table("t").restore(before)
        assert lake.sql("SELECT id FROM t WHERE id = 99").fetchall() == [(99,)]


def test_partitions_of_single_rows_share_files(home: Path) -> None:
    """Neither a compaction nor automatic maintenance makes, again and again, a file for each row."""
    with supertable.connect(home=home) as lake:
        for column in ("id", "name"):
            lake.create_table(column, events(20_000), partition_by=[column])
            lake.table(column).set_maintenance(target_file_bytes=1024)
            lake.table(column).compact()
            assert len(file_rows(lake, column)) < 5
            version = lake.table(column).info().version
            lake.maintain()
            assert lake.table(column).info().version == version
            assert lake.sql(f"SELECT count(*), sum(id) FROM {column}").fetchall() == [(20_000, 199_990_000)]


def test_maintenance_splits_large_files_of_an_older_layout(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        lake.create_table("t", events(20_000))
        lake.table("t").set_maintenance(target_file_bytes=1024, partition_by=["year(made)"])
        lake.maintain()
        years = [{row["made"].year for row in rows} for rows in file_rows(lake, "t")]
        assert all(len(found) == 1 for found in years)
        assert set().union(*years) == {2023, 2024, 2025}
        version = lake.table("t").info().version
        lake.maintain()
        assert lake.table("t").info().version == version


def test_sql_states_the_layout(home: Path) -> None:
    with supertable.connect(home=home) as lake:
        layout = "PARTITIONED BY (day(made), bucket(16, id)) SORTED BY (id DESC)"
        lake.sql(f"CREATE TABLE t (id BIGINT, made TIMESTAMP) {layout}")
        info = lake.table("t").info()
        assert (info.partition_by, info.sort_by) == (["day(made)", "bucket(16, id)"], ["id DESC"])
        lake.sql("ALTER TABLE t RESET PARTITIONED BY")
        lake.sql("ALTER TABLE IF EXISTS t SET SORTED BY (made, id)")
        info = lake.table("t").info()
        assert (info.partition_by, info.sort_by) == ([], ["made", "id"])
        lake.sql("CREATE TABLE s PARTITIONED BY (a) AS SELECT range % 2 AS a FROM range(10)")
        assert lake.table("s").info().partition_by == ["a"]
        version = lake.table("t").info().version
        for text, error in (
            ("SET PARTITIONED BY (day(id))", InvalidSchema),
            ("SET PARTITIONED BY (void(id))", InvalidSetting),
            ("SET PARTITIONED BY ()", InvalidStatement),
            ("SET PARTITIONED BY day(made)", InvalidStatement),
            ("SET SORTED BY (nothing)", InvalidSchema),
            ("RESET", InvalidStatement),
            ("RESET SORTED BY (id)", InvalidStatement),
        ):
            with pytest.raises(error):
                lake.sql(f"ALTER TABLE t {text}")
        assert lake.table("t").info().version == version


def test_writes_and_loads_lay_out_the_tables_that_they_create(home: Path) -> None:
    given: dict[str, Any] = {"partition_by": ["month(made)", "bucket(4, id)"], "sort_by": "name DESC"}
    (home / "rows.csv").write_text("id,made,name\n1,2024-01-01 10:00:01,a\n")
    with supertable.connect(home=home) as lake:
        lake.write("written", events(10), **given)
        lake.create_table_from("made_from", events(10), **given)
        lake.load(home / "rows.csv", "loaded", **given)
        shown = "SELECT partitioned_by, sorted_by FROM information_schema.tables WHERE table_name = "
        for name in ("written", "made_from", "loaded"):
            info = lake.table(name).info()
            assert (info.partition_by, info.sort_by) == (["month(made)", "bucket(4, id)"], ["name DESC"])
            assert lake.sql(f"{shown}'{name}'").fetchall() == [("month(made), bucket(4, id)", "name DESC")]
            lake.write(name, events(10), **given)
            lake.load(home / "rows.csv", name, partition_by=["months(made)", "bucket(id, 4)"])
            for other in ({"partition_by": "month(made)"}, {"sort_by": ["name"]}):
                with pytest.raises(InvalidInput, match="another layout"):
                    lake.write(name, events(10), **other)
            with pytest.raises(InvalidSchema, match="nothing"):
                lake.write(name, events(10), partition_by="nothing")
        with pytest.raises(InvalidSetting):
            lake.write("refused", events(10), partition_by="void(id)")
        assert [info.name for info in lake.tables()] == ["loaded", "made_from", "written"]
        lake.table("written").drop_column("made")
        lake.write("written", {"id": [1], "name": ["a"]}, partition_by="bucket(4, id)", sort_by="name DESC")
        lake.create_table("plain", SCHEMA)
        assert lake.sql(f"{shown}'plain'").fetchall() == [(None, None)]
        with pytest.raises(InvalidInput, match="another layout"):
            lake.write("plain", events(10), partition_by="id")
