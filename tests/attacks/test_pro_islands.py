"""What a role's statement could reach on the Pro engine if nothing had checked it: only what the role sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from supertable import Lake, SupertableError
from supertable.adapters.engines.pro.generations.islands import Island
from supertable.domain.access.sessions import Session
from tests.support.pro_lake import engine, generations, pro_lake

ORDERS = pa.table(
    {
        "id": range(400),
        "region": ["EU" if n % 2 else "HIDDEN place" for n in range(400)],
        "note": [f"note {n}" if n % 2 else f"poison {n}" for n in range(400)],
        "card": [f"4000-secret-{n:04d}" for n in range(400)],
        "salary": [f"salary {n}" for n in range(400)],
    }
)
HIDDEN = (b"HIDDEN", b"poison", b"secret", b"salary")
ALL = "SELECT * FROM orders ORDER BY id"


class Readers:
    """An owner, and readers of the region that their attribute names; all of them have read the orders on Pro."""

    def __init__(self, home: Path) -> None:
        self.owner = pro_lake(home)
        self.owner.write("orders", ORDERS, "upsert", keys=["id"])
        self.owner.write("plans", pa.table({"id": [1], "plan": ["secret plan"]}))
        self.owner.roles.create("analyst", "reader")
        columns = ["id", "region", "note", "card"]
        self.owner.roles.grant(
            "analyst", "orders", columns=columns, masks={"card": "last:4"}, where="region = user_attribute('region')"
        )
        self.eu = self.reader("EU")
        self.other = self.reader("HIDDEN place")
        for lake in (self.owner, self.eu, self.other):
            lake.sql(ALL, engine="pro").arrow()
        self.owner.sql("FROM plans", engine="pro").arrow()
        engine(self.owner).keeper.settle()

    def reader(self, region: str) -> Lake:
        session = Session("default", "e" * 32, "ann", "analyst", external=True, attributes=(("region", region),))
        return Lake(self.owner._container, "main", session)

    def islands(self) -> list[Island]:
        """Those of the owner, of the reader of EU, and of the other reader."""
        cache = engine(self.owner).keeper._cache
        assert cache is not None
        return list(cache._islands.values())


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    made = Readers(tmp_path_factory.mktemp("islands"))
    yield made
    made.owner.close()


def test_each_reader_has_an_island(readers: Readers) -> None:
    islands = {island.key: island for island in readers.islands()}
    eu = readers.eu.sql(ALL, engine="pro").arrow()
    assert eu["id"].to_pylist() == list(range(1, 400, 2))
    assert eu["card"].to_pylist()[:2] == ["****0001", "****0003"]
    assert readers.other.sql(ALL, engine="pro").arrow()["id"].to_pylist() == list(range(0, 400, 2))
    assert {island.key: island for island in readers.islands()} == islands
    assert len(islands) == 3
    assert len(generations(readers.owner)) == 4


def test_its_island_has_nothing_else(readers: Readers) -> None:
    _, eu, other = readers.islands()
    for island, seen in ((eu, 1), (other, 0)):
        cursor = island.instance.cursor()
        names = cursor.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
        (name,) = {name for (name,) in names} - {"memory"}
        columns = cursor.sql(f"SELECT * FROM {name}.t ORDER BY 1").to_arrow_table()
        assert columns.column_names == ["c1", "c2", "c3", "c4", "st_file", "st_row"]
        assert columns["c1"].to_pylist() == list(range(seen, 400, 2))
        assert {card[:4] for card in columns["c4"].to_pylist()} == {"****"}
        cursor.close()
    assert eu.folder is not None
    assert list(eu.folder.iterdir())
    for file in eu.folder.iterdir():
        assert not [word for word in HIDDEN if word in file.read_bytes()]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {name}.t",
        "ATTACH '{file}' AS stolen",
        "ATTACH '{file}' AS stolen (READ_ONLY)",
        "SELECT * FROM read_blob('{file}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM glob('{store}/**')",
        "SELECT * FROM read_parquet('{store}/**/*.parquet')",
        "COPY (SELECT 1) TO '{folder}/x.csv'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SET allowed_paths = ['{file}']",
        "SET temp_directory = '{folder}'",
        "LOAD httpfs",
        "INSTALL httpfs",
        "CREATE SECRET (TYPE s3)",
    ],
)
def test_it_can_reach_nothing_outside_even_by_name(readers: Readers, sql: str) -> None:
    owners, eu, other = readers.islands()
    storage = Path(readers.owner.settings.home) / "storage"
    for island in (owners, other):
        assert island.folder is not None
        for generation in generations(readers.owner):
            file = island.folder / f"{generation.name}.duckdb"
            if not file.exists():
                continue
            cursor = eu.instance.cursor()
            with pytest.raises(duckdb.Error):
                cursor.execute(
                    sql.format(name=generation.name, file=file, folder=island.folder, store=storage)
                ).fetchall()
            cursor.close()


def test_no_statement_names_a_database(readers: Readers) -> None:
    for generation in generations(readers.owner):
        for lake in (readers.eu, readers.owner):
            for sql in (f"SELECT * FROM {generation.name}.t", f"SELECT * FROM {generation.name}.main.t"):
                with pytest.raises(
                    SupertableError, match="not exist|may not|no supertable|no table|not found|There is"
                ):
                    lake.sql(sql, engine="pro").arrow()
    for sql in ("SELECT * FROM duckdb_databases()", "SELECT * FROM duckdb_tables()"):
        with pytest.raises(SupertableError):
            readers.eu.sql(sql, engine="pro").arrow()


def test_rights_and_rows_change_at_once(tmp_path: Path) -> None:
    readers = Readers(tmp_path)
    owner, eu = readers.owner, readers.eu
    owner.sql("UPDATE orders SET region = 'US', note = 'now hidden' WHERE id = 1")
    owner.sql("UPDATE orders SET region = 'EU', note = 'now seen' WHERE id = 0")
    found = eu.sql("SELECT id, note FROM orders WHERE id < 4 ORDER BY id", engine="pro").arrow()
    assert found.to_pydict() == {"id": [0, 3], "note": ["now seen", "note 3"]}
    owner.roles.grant("analyst", "orders", columns=["id", "region"], where="region = 'EU' AND id > 200")
    assert eu.sql("SELECT min(id) AS least FROM orders", engine="pro").arrow().to_pydict() == {"least": [201]}
    with pytest.raises(SupertableError, match='no column "note"'):
        eu.sql("SELECT note FROM orders", engine="pro").arrow()
    owner.roles.grant("analyst", "orders", masks={"note": "null"})
    assert eu.sql("SELECT count(*) AS rows, count(note) AS notes FROM orders", engine="pro").arrow().to_pydict() == {
        "rows": [400],
        "notes": [0],
    }
    owner.close()


def test_errors_quote_no_values(readers: Readers) -> None:
    with pytest.raises(SupertableError, match="The value is not shown"):
        readers.eu.sql("SELECT CAST(note AS INTEGER) FROM orders", engine="pro").arrow()
