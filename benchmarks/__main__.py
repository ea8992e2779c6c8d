"""`make bench`: SuperTable beside DuckDB over Parquet files. Prints a table of ratios and writes it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.data import orders, some_ids
from benchmarks.measure import Measured, in_turns
from benchmarks.systems import CHECK, COUNT, GROUP_BY, LOOKUP, CleanParquet, SuperTable

RESULTS = Path(__file__).parent / "results" / "first.json"


def measured(folder: Path, rows: int, turns: int) -> Iterator[Measured]:
    yield from appends(folder, turns)
    ours, peer = SuperTable(folder / "ours"), CleanParquet(folder / "peer")
    base = orders(np.arange(rows), seed=1)
    for system in (ours, peer):
        system.append(base)
    yield from changes(ours, peer, rows, turns)
    assert ours.query(CHECK) == peer.query(CHECK), "both hold the same rows"
    yield from reads(ours, peer, rows, turns)


def appends(folder: Path, turns: int) -> Iterator[Measured]:
    for count in (10_000, 100_000):
        batches = [orders(np.arange(turn * count, (turn + 1) * count), seed=turn) for turn in range(turns + 1)]
        ours, peer = SuperTable(folder / f"ours{count}", keys=False), CleanParquet(folder / f"peer{count}")
        yield in_turns(
            f"append {count:,} rows",
            lambda turn, ours=ours, batches=batches: ours.append(batches[turn]),  # type: ignore[misc]
            peer.name,
            lambda turn, peer=peer, batches=batches: peer.append(batches[turn]),  # type: ignore[misc]
            range(turns + 1),
        )


def changes(ours: SuperTable, peer: CleanParquet, rows: int, turns: int) -> Iterator[Measured]:
    batches = [orders(some_ids(10_000, rows, seed=turn), seed=turn) for turn in range(turns + 1)]
    yield in_turns(
        f"upsert 10,000 into {rows:,}",
        lambda turn: ours.upsert(batches[turn]),
        peer.name,
        lambda turn: peer.upsert(batches[turn]),
        range(turns + 1),
    )
    doomed = [some_ids(1_000, rows, seed=1000 + turn) for turn in range(turns + 1)]
    yield in_turns(
        f"delete 1,000 of {rows:,}",
        lambda turn: ours.delete(doomed[turn]),
        peer.name,
        lambda turn: peer.delete(doomed[turn]),
        range(turns + 1),
    )


def reads(ours: SuperTable, peer: CleanParquet, rows: int, turns: int) -> Iterator[Measured]:
    queries = {
        "count": COUNT,
        "point lookup": LOOKUP.replace("{id}", str(rows // 3)),
        "group by": GROUP_BY,
    }
    for case, sql in queries.items():
        yield in_turns(
            f"{case}, after the changes",
            lambda turn, sql=sql: ours.query(sql),  # type: ignore[misc]
            peer.name,
            lambda turn, sql=sql: peer.query(sql),  # type: ignore[misc]
            range(3 * turns + 1),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=10)
    arguments = parser.parse_args()
    found = []
    print(f"{'case':<36}{'SuperTable':>14}{'peer':>14}{'ratio':>9}   peer")
    with tempfile.TemporaryDirectory() as folder:
        for result in measured(Path(folder), arguments.rows, arguments.turns):
            found.append(result.as_dict())
            times = f"{result.ours:>11.1f} ms{result.theirs:>11.1f} ms{result.ratio:>8.2f}x"
            print(f"{result.case:<36}{times}   {result.peer}", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"rows": arguments.rows, "python": sys.version.split()[0], "cases": found}, indent=1))


if __name__ == "__main__":
    main()
