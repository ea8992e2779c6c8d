"""The measured cases. Each group of cases has its own tables, with the same rows in every system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data import SCHEMA, orders, some_ids
from benchmarks.peers.same_answers import check_same_rows
from benchmarks.peers.systems import ALL_ROWS, Query, System
from benchmarks.peers.timing import Case, Measured, Stopwatch

_DELETED_ROWS = 1_000
_UPSERTED_ROWS = 10_000
_AMOUNTS = ("amount", "ordered_at")

COUNT = Query("count(*)")
GROUP_BY = Query("region, count(*), sum(amount), max(ordered_at)", ("region", *_AMOUNTS), group_by="region")
SUMS = Query("sum(id), sum(amount), max(ordered_at), count(DISTINCT customer)", ("id", "customer", *_AMOUNTS))
FILTER = Query("*", tuple(SCHEMA.names), where="amount > 990")
BY_CUSTOMER = Query("count(*), sum(amount), max(ordered_at)", ("customer", *_AMOUNTS), where="customer = 'customer-77'")


def lookup(order: int) -> Query:
    return Query("*", tuple(SCHEMA.names), where=f"id = {order}")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of rows and turns. `upserts`: how many run before the reads. Turns include the warm-up turn."""

    rows: int = 1_000_000
    upserts: int = 50
    scanned: int = 5_000_000
    append_turns: int = 31
    write_turns: int = 16
    read_turns: int = 31
    scan_turns: int = 9


QUICK = Sizes(200_000, 10, 1_000_000, append_turns=11, write_turns=6, read_turns=11, scan_turns=5)


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs the cases. `makers`: the compared systems. `folder`: an empty folder for their tables."""

    folder: Path
    makers: Sequence[type[System]]
    sizes: Sizes
    stopwatch: Stopwatch = Stopwatch()  # noqa: RUF009 it is immutable

    def run(self, is_wanted: Callable[[str], bool] = lambda key: True) -> Iterator[Measured]:
        """Run every group that contains a wanted case, as a whole."""
        for keys, group in _GROUPS.items():
            if any(map(is_wanted, keys)):
                yield from group(self)

    @contextmanager
    def tables(self, name: str, keyed: bool = True) -> Iterator[list[System]]:
        """A new table in every system. At the end, all must hold the same rows."""
        with ExitStack() as stack:
            systems = []
            for maker in self.makers:
                system = maker(self.folder / name / maker.name.replace(" ", ""), keyed)
                stack.callback(system.close)
                systems.append(system)
            yield systems
            check_same_rows(name, systems)

    @contextmanager
    def filled_tables(self, name: str, rows: int) -> Iterator[list[System]]:
        """A new table in every system, filled with the same rows."""
        with self.tables(name) as systems:
            base = orders(np.arange(rows), seed=1)
            for system in systems:
                system.append(base)
            yield systems


def appends(rows: int, bench: Bench) -> Iterator[Measured]:
    turns = bench.sizes.append_turns
    batches = [orders(np.arange(turn * rows, (turn + 1) * rows), seed=turn) for turn in range(turns)]
    case = Case(f"append-{rows // 1000}k", f"append {rows:,} rows", writes=True)
    with bench.tables(case.key, keyed=False) as systems:
        yield bench.stopwatch.in_turns(case, systems, lambda system, turn: system.append(batches[turn]), turns)


def small_upserts(bench: Bench) -> Iterator[Measured]:
    sizes = bench.sizes
    batches = _batches(1_000, sizes.rows, sizes.write_turns)
    case = Case("upsert-1k", f"upsert 1,000 into {_short(sizes.rows)}", writes=True)
    with bench.filled_tables(case.key, sizes.rows) as systems:
        work = partial(_upsert, batches)
        yield bench.stopwatch.in_turns(case, systems, work, sizes.write_turns)


def deletes(bench: Bench) -> Iterator[Measured]:
    sizes = bench.sizes
    deleted_ids = some_ids(_DELETED_ROWS * sizes.write_turns, sizes.rows, seed=7).reshape(
        sizes.write_turns, _DELETED_ROWS
    )
    case = Case("delete-1k", f"delete {_DELETED_ROWS:,} of {_short(sizes.rows)} by key", writes=True)
    with bench.filled_tables(case.key, sizes.rows) as systems:
        yield bench.stopwatch.in_turns(
            case, systems, lambda system, turn: system.delete(deleted_ids[turn]), sizes.write_turns
        )


def upserts_and_reads(bench: Bench) -> Iterator[Measured]:
    sizes = bench.sizes
    batches = _batches(_UPSERTED_ROWS, sizes.rows, sizes.upserts)
    first, later = batches[: sizes.write_turns], batches[sizes.write_turns :]
    title = f"upsert {_UPSERTED_ROWS:,} into {_short(sizes.rows)}"
    early = Case("upsert-10k", title, writes=True)
    late = Case("upsert-10k-late", f"the same, {len(first) + 1}th to {len(batches)}th time", writes=True)
    with bench.filled_tables(early.key, sizes.rows) as systems:
        yield bench.stopwatch.in_turns(early, systems, partial(_upsert, first), len(first))
        upserting = [system for system in systems if system.runs_all_upserts]
        yield bench.stopwatch.in_turns(late, upserting, partial(_upsert, later), len(later))
        for system in systems:
            if not system.runs_all_upserts:
                system.replace(upserting[0].query(ALL_ROWS))
            system.prepare_reads()
        yield from _reads(bench, systems, f"after {sizes.upserts} upserts")


def _reads(bench: Bench, systems: list[System], when: str) -> Iterator[Measured]:
    turns = bench.sizes.read_turns
    order_ids = some_ids(turns, bench.sizes.rows, seed=3).tolist()
    lookups = [lookup(order) for order in order_ids]
    for case, queries in (
        (Case("count", f"count {when}", writes=False), [COUNT] * turns),
        (Case("lookup", f"lookup {when}", writes=False), lookups),
        (Case("group-by", f"group by {when}", writes=False), [GROUP_BY] * turns),
    ):
        yield bench.stopwatch.in_turns(case, systems, partial(_run_query, queries), turns)


def scans(bench: Bench) -> Iterator[Measured]:
    sizes = bench.sizes
    extent = f"{_short(sizes.scanned)} rows"
    with bench.filled_tables("scans", sizes.scanned) as systems:
        for system in systems:
            system.prepare_reads()
        for case, query in (
            (Case("scan-sums", f"scan {extent}: sums, distinct", writes=False), SUMS),
            (Case("scan-filter", f"scan {extent}: take 1%", writes=False), FILTER),
            (Case("scan-text", f"scan {extent}: one customer", writes=False), BY_CUSTOMER),
        ):
            work = partial(_run_query, [query] * sizes.scan_turns)
            yield bench.stopwatch.in_turns(case, systems, work, sizes.scan_turns)


def _batches(rows: int, below: int, turns: int) -> list[pa.Table]:
    return [orders(some_ids(rows, below, seed=turn), seed=1_000 + turn) for turn in range(turns)]


def _upsert(batches: Sequence[pa.Table], system: System, turn: int) -> None:
    system.upsert(batches[turn])


def _run_query(queries: Sequence[Query], system: System, turn: int) -> pa.Table:
    return system.query(queries[turn])


def _short(rows: int) -> str:
    return f"{rows // 1_000_000}M" if rows % 1_000_000 == 0 else f"{rows // 1_000}k"


_GROUPS: dict[tuple[str, ...], Callable[[Bench], Iterator[Measured]]] = {
    ("append-10k",): partial(appends, 10_000),
    ("append-100k",): partial(appends, 100_000),
    ("upsert-1k",): small_upserts,
    ("delete-1k",): deletes,
    ("upsert-10k", "upsert-10k-late", "count", "lookup", "group-by"): upserts_and_reads,
    ("scan-sums", "scan-filter", "scan-text"): scans,
}
KEYS = [key for keys in _GROUPS for key in keys]
