"""The same tables in two lakes: one whose owner asks, and one whose role sees just these rows, among others.

Every table of the second lake has a hidden column `shown`, and with each write two hidden rows with extreme values. So
every statement has one answer, which both lakes must give.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

import supertable
from supertable import Lake
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from tests.conformance.cases import CALLERS
from tests.conformance.engines import KEEPING, ask
from tests.conformance.world.columns import TABLES, typed_rows
from tests.conformance.world.histories import HISTORIES, Holds
from tests.conformance.world.tables import INT, OTHERS, PORTABLE, Rows, T, U
from tests.support.budgets import SEED

VIEWS = {
    "busy": "SELECT shop, count(*) AS sold, sum(qty) AS pieces FROM sales GROUP BY shop HAVING count(*) > 6",
    "busy_names": "SELECT s.name, b.sold FROM busy b JOIN shops s USING (shop)",
    "earlier": "SELECT id, n FROM ledger AT (VERSION => 3) WHERE n IS NOT NULL",
}
_PAIR = pa.schema([("id", pa.int64()), ("s", pa.string())])
PAIR = {"p1": Rows(_PAIR, [(1, "a"), (2, "b")], 1), "p2": Rows(_PAIR, [(2, "c"), (3, None)], 2)}
"""The tables of another supertable, whose name is their union."""
MASKS = {"card": "last:4", "owner": "constant:somebody", "email": "null"}


class WrittenTable:
    """`Steps` for a table of a lake. `guarded`: with hidden rows."""

    def __init__(self, lake: Lake, guarded: bool) -> None:
        self._lake, self._guarded = lake, guarded
        self.name = ""

    def create(self, name: str, schema: pa.Schema, keys: Sequence[str] = ()) -> None:
        self.name = name
        shown = [pa.field("shown", pa.bool_())] if self._guarded else []
        self._lake.create_table(name, pa.schema([*schema, *shown]), keys=list(keys))

    def write(self, rows: pa.Table) -> None:
        self._lake.write(self.name, _with_hidden_rows(rows) if self._guarded else rows, mode=self._mode)

    def delete(self, sql: str, holds: Holds | None = None) -> None:
        self._lake.delete(self.name, where=sql)

    def add(self, name: str, kind: pa.DataType) -> None:
        self._table.add_column(name, kind)

    def drop(self, name: str) -> None:
        self._table.drop_column(name)

    def rename(self, name: str, new: str) -> None:
        self._table.rename_column(name, new)

    def widen(self, name: str, kind: pa.DataType) -> None:
        self._table.widen_column(name, kind)

    def compact(self) -> None:
        self._table.compact(everything=True)

    @property
    def _table(self) -> Any:
        return self._lake.table(self.name)

    @property
    def _mode(self) -> Any:
        return "upsert" if self._table.info().keys else "append"


def _with_hidden_rows(rows: pa.Table) -> pa.Table:
    schema = rows.schema.append(pa.field("shown", pa.bool_()))
    hidden = [
        {field.name: _extreme(field.type, number) for field in rows.schema} | {"shown": shown}
        for number, shown in enumerate((False, None))
    ]
    return pa.concat_tables(
        [
            rows.append_column("shown", pa.array([True] * rows.num_rows, pa.bool_())),
            pa.Table.from_pylist(hidden, schema),
        ]
    )


def _extreme(kind: pa.DataType, number: int) -> Any:
    """A value that would be seen in an answer: the least or greatest of its type, or a text that says so."""
    if pa.types.is_signed_integer(kind):
        return number - 2 ** (kind.bit_width - 1)
    if pa.types.is_unsigned_integer(kind):
        return 2**kind.bit_width - 1
    if pa.types.is_floating(kind):
        return (math.nan, math.inf)[number]
    if pa.types.is_decimal(kind):
        return Decimal(10) ** (kind.precision - kind.scale) - 1
    if pa.types.is_list(kind):
        return [_extreme(kind.value_type, number)]
    if pa.types.is_map(kind):
        return [("HIDDEN", _extreme(kind.item_type, number))]
    if pa.types.is_struct(kind):
        return {field.name: _extreme(field.type, number) for field in kind}
    return _extreme_moment(kind)


def _extreme_moment(kind: pa.DataType) -> Any:
    if pa.types.is_date(kind):
        return dt.date(9999, 12, 31)
    if pa.types.is_time(kind):
        return dt.time(23, 59, 59)
    if pa.types.is_timestamp(kind):
        return dt.datetime(2262, 1, 1, tzinfo=dt.UTC if kind.tz else None)
    return {"bool": True, "binary": b"HIDDEN"}.get(str(kind), "HIDDEN")


@dataclass(frozen=True)
class Unfinished:
    """A table that lacks its last rows, and still has rows that die."""

    to: WrittenTable
    rest: list[pa.Table]
    dead: str

    def finish(self) -> None:
        for part in self.rest:
            self.to.write(part)
        if self.dead:
            self.to.delete(self.dead)


def fill(lake: Lake, guarded: bool) -> list[Unfinished]:
    t = Rows(T.schema, list(zip(*T.to_pydict().values(), strict=True)), 2)
    u = Rows(U.schema, list(zip(*U.to_pydict().values(), strict=True)), 1)
    plain = {**PORTABLE, **OTHERS, "t": t, "u": u}
    found = [_fill_plain(WrittenTable(lake, guarded), name, rows) for name, rows in plain.items()]
    found += [_fill_typed(WrittenTable(lake, guarded), name, typed_rows(columns)) for name, columns in TABLES.items()]
    for steps in HISTORIES:
        steps(WrittenTable(lake, guarded))
    lake.table("ledger").tag("early", 3)
    for name, sql in VIEWS.items():
        lake.sql(f"CREATE VIEW {name} AS {sql}")
    return found


def _fill_plain(to: WrittenTable, name: str, rows: Rows) -> Unfinished:
    """Rows in some files. Of several, the first one has a row that dies, too."""
    to.create(name, rows.schema)
    table = rows.table()
    size = max(-(-table.num_rows // max(rows.files, 1)), 1)
    parts = [table.slice(first, size) for first in range(0, table.num_rows, size)]
    if len(parts) < 2:
        return _begun(to, parts, 1, "")
    first = rows.schema.names[0]
    dead = 777_777 if rows.schema.field(0).type == INT else "DEAD"
    extra = [{**parts[0].slice(0, 1).to_pylist()[0], first: dead}]
    parts[0] = pa.concat_tables([parts[0], pa.Table.from_pylist(extra, rows.schema)])
    return _begun(to, parts, len(parts) - 1, f"{first} = '{dead}'" if isinstance(dead, str) else f"{first} = {dead}")


def _fill_typed(to: WrittenTable, name: str, table: pa.Table) -> Unfinished:
    """Rows in three files, one of one row, and some that die in the second."""
    to.create(name, table.schema)
    ids = pa.array([90, 91, 92], pa.int32())
    dead = table.slice(0, 3).set_column(0, "id", ids)
    parts = [table.slice(0, 5), pa.concat_tables([table.slice(5, 10), dead]), table.slice(15)]
    return _begun(to, parts, 2, "id >= 90")


def _begun(to: WrittenTable, parts: list[pa.Table], count: int, dead: str) -> Unfinished:
    for part in parts[:count]:
        to.write(part)
    return Unfinished(to, parts[count:], dead)


class Lakes:
    """`owner`: the lake of these rows alone. `role`: the other one, under a role that sees these rows.

    Engines that keep rows read the tables before these are finished, so that they bring up to date what they keep. The
    small commits of one lake ride in its log, and those of the other make files, in turn by day.
    """

    def __init__(self, home: Path) -> None:
        self._opened: dict[tuple[str, str], Lake] = {}
        self.home = home
        for caller in CALLERS:
            self._fill(caller)

    def of(self, caller: str, name: str) -> Lake:
        """`name`: of the supertable."""
        return self._opened[caller, name]

    def close(self) -> None:
        for lake in self._opened.values():
            lake.close()

    def _fill(self, caller: str) -> None:
        guarded = caller == "role"
        settings = load_settings(home=self.home / caller, inline_rows=100 * ((guarded + SEED) % 2))
        main, pair = (Lake(Container(settings=settings), name, owner("default")) for name in ("main", "pair"))
        unfinished = fill(main, guarded)
        for name, rows in PAIR.items():
            _fill_plain(WrittenTable(pair, guarded), name, rows).finish()
        if guarded:
            _grant(main, pair)
        role = "analyst" if guarded else None
        for name in ("main", "pair"):
            self._opened[caller, name] = supertable.connect(home=self.home / caller, supertable=name, role=role)
        for table in unfinished:
            for engine in KEEPING:
                ask(self.of(caller, "main"), engine, f"FROM {table.to.name}")
            table.finish()
        main.close()
        pair.close()


def _grant(main: Lake, pair: Lake) -> None:
    main.roles.create("analyst", "reader", list(VIEWS))
    for lake in (main, pair):
        for table in lake.tables():
            columns = [name for name in lake.table(table.name).schema.names if name != "shown"]
            masks = MASKS if table.name == "cards" else None
            lake.roles.grant("analyst", table.name, columns=columns, masks=masks, where="shown")
