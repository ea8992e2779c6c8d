"""Count, look-up and group-by after many upserts, on every engine, for the owner and under a role with a row filter.

Beside it, DuckDB over one clean Parquet file of all live rows, sorted by key: the targets compare with that. Under the
role, DuckDB has the same filter there, as a view. Besides, it reads a file of no other rows than those that the role
sees, which is what reading costs without any filter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

import supertable
from benchmarks.data import SCHEMA, clean_file, orders, some_ids
from benchmarks.engines.choosing import ask, engines_of, warm
from benchmarks.engines.targets import verdicts
from benchmarks.engines.timing import Times, in_turns, ratios
from benchmarks.machine import machine_facts
from benchmarks.peers.cases import COUNT, GROUP_BY, lookup
from benchmarks.peers.same_answers import check_same
from supertable import Lake

CLEAN, VISIBLE = "parquet", "visible rows"
FILTERS = {"owner": "true", "role": "region <> 'west'"}
Queries = dict[str, Callable[[int], str]]
"""By case: the statement of a turn, over the relation `orders`."""


def measure(rows: int, upserts: int, upserted: int, turns: int) -> dict[str, Any]:
    """Build the table and measure. Prints each case."""
    with tempfile.TemporaryDirectory() as folder, supertable.connect(Path(folder) / "home") as owner:
        _fill(owner, rows, upserts, upserted)
        with supertable.connect(Path(folder) / "home", role="analyst") as role:
            engines, missing = engines_of(owner)
            lakes = {"owner": owner, "role": role}
            queries = _queries(rows, turns)
            peers = _peers(owner, Path(folder))
            found = {caller: _compare(lakes[caller], engines, peers[caller], queries, turns) for caller in lakes}
            fresh = {engine: _after_one_more(owner, engine, queries, rows, upserted) for engine in engines}
    values = {
        f"after upserts, {caller}, {engine}, {case}": one[engine]["ratio"]
        for caller, cases in found.items()
        for case, one in cases.items()
        for engine in engines
    }
    sizes = {"rows": rows, "upserts": upserts, "upserted": upserted, "turns": turns}
    facts = {"machine": machine_facts(), "sizes": sizes, "left_out": missing}
    return facts | {"cases": found, "after_one_more_upsert": fresh, "targets": verdicts(values)}


def _fill(lake: Lake, rows: int, upserts: int, upserted: int) -> None:
    lake.create_table("orders", SCHEMA, keys="id")
    lake.write("orders", orders(np.arange(rows), seed=1))
    for turn in range(upserts):
        lake.write("orders", _batch(rows, upserted, turn), mode="upsert")
    lake.roles.create("analyst", "reader")
    lake.roles.grant("analyst", "orders", where=FILTERS["role"])


def _batch(rows: int, upserted: int, turn: int) -> pa.Table:
    return orders(some_ids(upserted, rows, seed=turn), seed=1_000 + turn)


def _queries(rows: int, turns: int) -> Queries:
    ids = some_ids(max(turns + 2, 40), rows, seed=3).tolist()
    return {
        "count": lambda turn: COUNT.sql("orders"),
        "lookup": lambda turn: lookup(ids[turn]).sql("orders"),
        "group by": lambda turn: GROUP_BY.sql("orders"),
    }


def _peers(owner: Lake, folder: Path) -> dict[str, dict[str, str]]:
    """What plain DuckDB reads as `orders`, by caller and by the name of the side."""
    rows = {caller: owner.sql(f"SELECT * FROM orders WHERE {where} ORDER BY id") for caller, where in FILTERS.items()}
    files = {caller: clean_file(found.arrow(), folder / f"{caller}.parquet") for caller, found in rows.items()}
    whole = f"FROM read_parquet('{files['owner']}')"
    visible = f"FROM read_parquet('{files['role']}')"
    return {"owner": {CLEAN: whole}, "role": {CLEAN: f"{whole} WHERE {FILTERS['role']}", VISIBLE: visible}}


def _compare(lake: Lake, engines: list[str], peers: dict[str, str], queries: Queries, turns: int) -> dict[str, Any]:
    found = {}
    with ExitStack() as stack:
        plain = {name: stack.enter_context(duckdb.connect()) for name in peers}
        for name, rows in peers.items():
            plain[name].execute(f"CREATE VIEW orders AS {rows}")
        for engine in engines:
            warm(lake, engine, *(query(0) for query in queries.values()))
        for case, query in queries.items():
            sides: dict[str, Callable[[int], pa.Table]] = {
                **{name: partial(_ask_plain, one, query) for name, one in plain.items()},
                **{engine: partial(_ask, lake, engine, query) for engine in engines},
            }
            check_same(case, {name: work(0) for name, work in sides.items()})
            found[case] = ratios(in_turns(sides, turns), CLEAN)
            _print(case, lake.whoami().role or "", found[case])
    return found


def _ask_plain(plain: duckdb.DuckDBPyConnection, query: Callable[[int], str], turn: int) -> pa.Table:
    return plain.sql(query(turn)).to_arrow_table()


def _ask(lake: Lake, engine: str, query: Callable[[int], str], turn: int) -> pa.Table:
    return ask(lake, query(turn), engine)


def _after_one_more(lake: Lake, engine: str, queries: Queries, rows: int, upserted: int, turns: int = 9) -> Any:
    """Medians right after a scattered upsert: of the first query, which takes in its rows, and of others."""
    found = {}
    for case, query in queries.items():
        first, second = Times(), Times()
        for turn in range(turns):
            warm(lake, engine, query(turn))
            lake.write("orders", _batch(rows, upserted, 10_000 + turn), mode="upsert")
            for times in (first, second):
                times.take(partial(_ask, lake, engine, query, turn))
        found[case] = {"first": first.medians(), "second": second.medians()}
        print(f"after one more upsert, {engine:<5}{case:<10} first {first.medians()}, second {second.medians()}")
    return found


def _print(case: str, role: str, found: dict[str, dict[str, float]]) -> None:
    cells = "".join(f"{name:>13} {one['ms']:8.2f} ms {one['ratio']:5.2f}x" for name, one in found.items())
    cpu = " ".join(f"{one['cpu_ratio']:.2f}x" for one in found.values())
    print(f"{role:<12}{case:<10}{cells}   CPU {cpu}", flush=True)
