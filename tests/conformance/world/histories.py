"""Tables with a history: the same steps for a lake and for its model in plain Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa

from tests.support.oracles.table_history import Row, TableHistory

Holds = Callable[[Row], bool]


class Steps(Protocol):
    """What makes versions of one table. The first one creates it."""

    def create(self, name: str, schema: pa.Schema, keys: Sequence[str] = ()) -> None: ...

    def write(self, rows: pa.Table) -> None: ...

    def delete(self, sql: str, holds: Holds) -> None: ...

    def add(self, name: str, kind: pa.DataType) -> None: ...

    def drop(self, name: str) -> None: ...

    def rename(self, name: str, new: str) -> None: ...

    def widen(self, name: str, kind: pa.DataType) -> None: ...

    def compact(self) -> None: ...


class Model:
    """The steps in plain Python."""

    history: TableHistory

    def create(self, name: str, schema: pa.Schema, keys: Sequence[str] = ()) -> None:
        self.name, self.history = name, TableHistory(schema, keys)

    def write(self, rows: pa.Table) -> None:
        self.history.write(rows)

    def delete(self, sql: str, holds: Holds) -> None:
        self.history.delete(holds)

    def add(self, name: str, kind: pa.DataType) -> None:
        self.history.change(self._schema.append(pa.field(name, kind)))

    def drop(self, name: str) -> None:
        self.history.change(self._schema.remove(self._schema.get_field_index(name)))

    def rename(self, name: str, new: str) -> None:
        self.history.rename(name, new)

    def widen(self, name: str, kind: pa.DataType) -> None:
        self.history.change(self._schema.set(self._schema.get_field_index(name), pa.field(name, kind)))

    def compact(self) -> None:
        self.history.change(self._schema)

    @property
    def _schema(self) -> pa.Schema:
        return self.history.versions[-1].schema


LEDGER = pa.schema([("id", pa.int64()), ("account", pa.string()), ("n", pa.int64()), ("day", pa.date32())])


def _entries(ids: Sequence[int], n: int) -> pa.Table:
    first = dt.date(2024, 1, 1)
    rows = [
        (id, ("x", "y", None)[id % 3], n + id if id % 5 else None, first + dt.timedelta(days=id) if id % 7 else None)
        for id in ids
    ]
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=LEDGER)


def ledger(to: Steps) -> None:
    """Keyed by id. Versions: 1 created, 2 to 4 upserts, 5 and 6 deletes, 7 one upserted row, 8 compacted, 9 and 10
    upserts, the last one of a row that was deleted."""
    to.create("ledger", LEDGER, ["id"])
    to.write(_entries(range(1, 21), 0))
    to.write(_entries(range(15, 31), 100))
    to.write(_entries([3, 17, 29, 40], 1_000))
    to.delete("id IN (4, 18, 30)", lambda row: row["id"] in (4, 18, 30))
    to.delete("n BETWEEN 120 AND 124", lambda row: row["n"] is not None and 120 <= row["n"] <= 124)
    to.write(_entries([7], -50))
    to.compact()
    to.write(_entries(range(1, 41, 9), 5_000))
    to.write(_entries([4], 9_000))


OLD = pa.schema([("id", pa.int32()), ("size", pa.int16()), ("note", pa.string()), ("cost", pa.decimal128(5, 1))])
RENAMED = pa.schema([("id", pa.int32()), ("extent", pa.int16()), ("note", pa.string()), ("cost", pa.decimal128(5, 1))])
WIDE = RENAMED.set(1, pa.field("extent", pa.int64())).set(3, pa.field("cost", pa.decimal128(20, 3)))
NEW = WIDE.remove(2).append(pa.field("note", pa.int64())).append(pa.field("tag", pa.string()))


def _things(ids: Sequence[int], schema: pa.Schema) -> pa.Table:
    wide = schema.field(schema.get_field_index("id") + 1).type == pa.int64()
    values: dict[str, Callable[[int], Any]] = {
        "id": lambda id: id,
        "size": lambda id: id % 7 - 3,
        "extent": lambda id: (id * 2**33 if wide else id % 7 - 3) if id % 6 else None,
        "cost": lambda id: Decimal(id) / (8 if wide else 2),
        "tag": lambda id: "pq"[id % 2],
        "note": (lambda id: f"n{id % 4}") if schema.field("note").type == pa.string() else lambda id: id * 10,
    }
    return pa.Table.from_pylist([{name: values[name](id) for name in schema.names} for id in ids], schema)


def evolved(to: Steps) -> None:
    """Versions: 1 created, 2 written, 3 renames size to extent, 4 written, 5 and 6 widen extent and cost, 7 written,
    8 drops the text note, 9 adds the number note, 10 adds tag, 11 written, 12 deletes."""
    to.create("evolved", OLD)
    to.write(_things(range(12), OLD))
    to.rename("size", "extent")
    to.write(_things(range(12, 20), RENAMED))
    to.widen("extent", pa.int64())
    to.widen("cost", pa.decimal128(20, 3))
    to.write(_things(range(20, 27), WIDE))
    to.drop("note")
    to.add("note", pa.int64())
    to.add("tag", pa.string())
    to.write(_things(range(27, 35), NEW))
    to.delete("id % 5 = 1 OR extent = -3", lambda row: row["id"] % 5 == 1 or row["extent"] == -3)


def emptied(to: Steps) -> None:
    """All rows were deleted."""
    to.create("emptied", LEDGER)
    to.write(_entries(range(5), 0))
    to.delete("id >= 0", lambda row: True)


HISTORIES: tuple[Callable[[Steps], None], ...] = (ledger, evolved, emptied)


def models() -> dict[str, TableHistory]:
    made = {}
    for steps in HISTORIES:
        model = Model()
        steps(model)
        made[model.name] = model.history
    return made
