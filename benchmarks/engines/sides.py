"""Systems that hold several tables and answer SQL over them, for the comparisons of many queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

import supertable
from benchmarks.engines.choosing import ask, engines_of, keeper_of, warm
from benchmarks.engines.memory import resident_bytes
from benchmarks.engines.timing import Times
from benchmarks.peers.systems.ducklake import DuckLakeTables

Ask = Callable[[str], pa.Table]


class Side(Protocol):
    def upsert(self, table: str, rows: pa.Table, keys: Sequence[str]) -> None:
        """Creates the table if it is not there. Without keys, the rows are added."""

    def asks(self, statements: Sequence[str]) -> dict[str, Ask]:
        """How to ask, by the names of its engines, once they are ready for the statements."""

    def close(self) -> None: ...


class LakeSide:
    """SuperTable, with each of its engines. `left_out`: why others are not there.

    `ready`: what it took until an engine had what it keeps, and `elsewhere`: the statements that another engine
    answered in its place, such as a count that takes no rows. Both are there after `asks`.
    """

    def __init__(self, folder: Path) -> None:
        self.lake = supertable.connect(home=folder)
        self.engines, self.left_out = engines_of(self.lake)
        self.ready: dict[str, dict[str, float]] = {}
        self.elsewhere: dict[str, list[str]] = {}

    def upsert(self, table: str, rows: pa.Table, keys: Sequence[str]) -> None:
        self.lake.write(table, rows, mode="upsert" if keys else "append", keys=keys)

    def asks(self, statements: Sequence[str]) -> dict[str, Ask]:
        for engine in self.engines:
            self._warm(engine, statements)
        return {engine: lambda sql, engine=engine: ask(self.lake, sql, engine) for engine in self.engines}  # type: ignore[misc]

    def close(self) -> None:
        self.lake.close()

    def _warm(self, engine: str, statements: Sequence[str]) -> None:
        times = Times()
        times.take(lambda: warm(self.lake, engine, *statements))
        kept = keeper_of(self.lake).size()
        self.ready[engine] = times.medians() | {"kept_bytes": kept, "resident_bytes": resident_bytes()}
        print(f"{engine} is ready after {times.medians()}, and keeps {kept / 2**20:.0f} MiB", flush=True)
        for sql in statements:
            result = self.lake.sql(sql, engine=engine)
            result.arrow()
            if result.engine != engine:
                self.elsewhere.setdefault(engine, []).append(sql)
        for sql in self.elsewhere.get(engine, []):
            print(f"not answered by {engine}: {' '.join(sql.split())[:100]}", flush=True)


class ParquetSide:
    """DuckDB over one clean Parquet file of each table."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._database = duckdb.connect()
        for name, path in files.items():
            self._database.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")

    def upsert(self, table: str, rows: pa.Table, keys: Sequence[str]) -> None: ...

    def asks(self, statements: Sequence[str]) -> dict[str, Ask]:
        return {"parquet": lambda sql: self._database.sql(sql).to_arrow_table()}

    def close(self) -> None:
        self._database.close()


class DuckLakeSide:
    def __init__(self, folder: Path) -> None:
        self._tables = DuckLakeTables(folder)

    def upsert(self, table: str, rows: pa.Table, keys: Sequence[str]) -> None:
        self._tables.upsert_into(table, rows, keys)

    def asks(self, statements: Sequence[str]) -> dict[str, Ask]:
        return {"DuckLake": self._tables.ask}

    def close(self) -> None:
        self._tables.close()


class DeltaSide:
    """delta-rs, with its own SQL engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: list[str] = []

    def upsert(self, table: str, rows: pa.Table, keys: Sequence[str]) -> None:
        from deltalake import DeltaTable, write_deltalake

        path = str(self._folder / table)
        if table not in self._names:
            self._names.append(table)
            write_deltalake(path, rows)
        elif not keys:
            write_deltalake(path, rows, mode="append")
        else:
            same = " AND ".join(f"t.{key} = s.{key}" for key in keys)
            merge = DeltaTable(path).merge(rows, same, source_alias="s", target_alias="t")
            merge.when_matched_update_all().when_not_matched_insert_all().execute()

    def asks(self, statements: Sequence[str]) -> dict[str, Ask]:
        from deltalake import DeltaTable, QueryBuilder

        builder = QueryBuilder()
        for name in self._names:
            builder = builder.register(name, DeltaTable(str(self._folder / name)))
        return {"delta-rs": lambda sql: pa.table(builder.execute(sql).read_all())}

    def close(self) -> None: ...


def peers_of(folder: Path) -> tuple[list[Side], dict[str, str]]:
    """The other systems that are installed, and why others are left out."""
    found: list[Side] = []
    left_out = {}
    if DuckLakeTables.there():
        found.append(DuckLakeSide(folder / "ducklake"))
    else:
        left_out["DuckLake"] = "its environment is not there; `make bench` creates it"
    try:
        import deltalake  # noqa: F401

        found.append(DeltaSide(folder / "delta"))
    except ImportError:
        left_out["delta-rs"] = "it is not installed; `make bench` installs it"
    return found, left_out
