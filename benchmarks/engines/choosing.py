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
    """Ask until the engine has the data of these statements, and does nothing more behind them: loads, merges."""
    end = time.monotonic() + _LONGEST_WARMING
    while True:
        for sql in statements:
            ask(lake, sql, engine)
        if engine != "pro" or keeper_of(lake).settled() or time.monotonic() >= end:
            return
        time.sleep(0.1)
