"""Running statements on an engine by its name. An engine that is not there is left out, with a note."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa

from supertable import Lake, SupertableError
from supertable.adapters.engines.pro import ProEngine
from supertable.adapters.engines.pro.keeper import Keeper

ENGINES = ("lite", "pro")
_LONGEST_WARMING = 120
_STEADY = 10


def ask(lake: Lake, sql: str, engine: str, parameters: Any = ()) -> pa.Table:
    return lake.sql(sql, parameters, engine=engine).arrow()


def engines_of(lake: Lake) -> tuple[list[str], dict[str, str]]:
    """The engines that run statements here, and why the others do not. Prints the latter."""
    there, missing = [], {}
    for engine in ENGINES:
        try:
            ask(lake, "SELECT 1", engine)
            there.append(engine)
        except SupertableError as error:
            missing[engine] = str(error)
            print(f"left out: {engine}: {error}", flush=True)
    return there, missing


def keeper_of(lake: Lake) -> Keeper:
    """What Pro keeps, in this process."""
    engine = lake._container.pro_engine()
    assert isinstance(engine, ProEngine)
    return engine.keeper


def warm(lake: Lake, engine: str, *statements: str) -> None:
    """Ask until the engine has the data of these statements, and does nothing more behind them: loads, merges.

    Pro leaves a few loose rows, and spaces its merges: it is done once their number has not changed for a second.
    """
    loose: list[int] = []
    end = time.monotonic() + _LONGEST_WARMING
    while time.monotonic() < end and (len(loose) < _STEADY or len(set(loose[-_STEADY:])) > 1):
        for sql in statements:
            ask(lake, sql, engine)
        if engine != "pro":
            return
        keeper_of(lake).settle()
        loose.append(_loose_rows(lake))
        if loose[-1] == 0 == (loose[-2] if len(loose) > 1 else 1):
            return
        time.sleep(0.1)


def _loose_rows(lake: Lake) -> int:
    cache = keeper_of(lake).cache()
    relations = [] if cache is None else list(cache._relations.values())
    return sum(one.generation.loose for one in relations if one.generation is not None)
