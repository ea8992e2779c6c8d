"""Two lakes: a whole one, read under a role that sees part of it, and a copy that holds that part and nothing else.

Every query must give the same answer on both. The hidden rows are chosen to cause errors: they cannot be cast, they
overflow, or they are the least or greatest values. Both lakes have the same versions, commit by commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import supertable
from supertable import Lake, SupertableError
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import Session
from supertable.domain.errors import QueryFailed
from supertable.entrypoints.sdk.access import RoleTypeName
from tests.support.oracles.items import VISIBLE, fill_items, items_history
from tests.support.oracles.reference import Reference
from tests.support.oracles.table_history import TableHistory

HIDDEN_WORDS = ("salary", "poison", "secret", "HIDDEN")
"""Words that no answer and no error may contain: names of hidden columns and tables, and words of hidden rows."""

ORDERS = pa.schema(
    [
        ("id", pa.int64()),
        ("region", pa.string()),
        ("note", pa.string()),
        ("amount", pa.int64()),
        ("price", pa.decimal128(12, 2)),
        ("day", pa.date32()),
        ("card", pa.string()),
        ("salary", pa.int64()),
        ("code", pa.int32()),
    ]
)
PEOPLE = pa.schema([("id", pa.int64()), ("name", pa.string()), ("email", pa.string()), ("region", pa.string())])
PLAIN = pa.schema([("id", pa.int64()), ("label", pa.string()), ("amount", pa.int64())])

EVENTS = pa.schema(
    [
        ("id", pa.int64()),
        ("region", pa.string()),
        ("note", pa.string()),
        ("big", pa.int64()),
        ("dec", pa.decimal128(19, 0)),
    ]
)


def orders(ids: Sequence[int]) -> pa.Table:
    """Orders with these ids. Three in four are visible, in the region EU; the others are in other regions or none."""
    rows = [_order(number) for number in ids]
    return pa.Table.from_pylist(rows, ORDERS)


def _order(number: int) -> dict[str, Any]:
    visible = number % 4 != 3
    region = ("EU", "eu-east", "EU")[number % 3] if visible else ("US", None, "HIDDEN", "")[number // 4 % 4]
    extreme = 2**63 - 1 if number % 8 == 3 else -(2**63)
    return {
        "id": number,
        "region": region,
        "note": str(number % 10) if visible else f"poison {number} HIDDEN",
        "amount": number % 50 if visible else (0 if number % 16 == 3 else extreme),
        "price": Decimal(f"{number % 100}.25" if visible else "9999999999.99"),
        "day": 20_000 + number % 30 if visible else -700_000,
        "card": f"4000{number:08d}" if visible else None,
        "salary": number * 1_000,
        "code": number % 7 if visible else 2**31 - 1,
    }


def people(ids: Sequence[int], visible: bool | None = None) -> pa.Table:
    """People with these ids. `visible`: whether they are in the region EU; None: two in three are."""
    rows = [
        {
            "id": number,
            "name": f"n{number % 5}" if number % 3 else "HIDDEN",
            "email": f"p{number}@example.org",
            "region": "EU" if (number % 3 if visible is None else visible) else "secret",
        }
        for number in ids
    ]
    return pa.Table.from_pylist(rows, PEOPLE)


def plain(ids: Sequence[int]) -> pa.Table:
    return pa.table([list(ids), [f"l{number % 4}" for number in ids], [number % 6 for number in ids]], schema=PLAIN)


def events() -> pa.Table:
    """Enough rows for an engine to learn which of two conditions is cheaper. One in a hundred is hidden."""
    numbers = np.arange(300_000)
    poison = numbers % 100 == 99
    notes = np.where(poison, "poison", (numbers % 1_000).astype(str))
    regions = np.where(poison, "HIDDEN", np.where(numbers % 2 == 0, "EU, north of the river", "EU, south of the river"))
    big = np.where(poison, -(2**63), numbers % 50)
    dec = pa.array(np.where(poison, 9_999_999_999, 5)).cast(pa.decimal128(19, 0))
    return pa.table([numbers, regions, notes, big, dec], schema=EVENTS)


def visible_events(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.starts_with(rows["region"], "EU"))


def visible_orders(rows: pa.Table) -> pa.Table:
    """The part of orders that the role sees: regions like EU% in any case, the card's last four, no salary."""
    mask = pc.fill_null(pc.starts_with(pc.utf8_lower(rows["region"]), "eu"), False)
    rows = rows.filter(mask)
    cards = ["****" + card[-4:] for card in rows["card"].to_pylist()]
    rows = rows.set_column(rows.schema.get_field_index("card"), "card", pa.array(cards, pa.string()))
    return rows.drop_columns(["salary"])


def visible_people(rows: pa.Table) -> pa.Table:
    rows = rows.filter(pc.equal(rows["region"], "EU"))
    names = pa.array(["somebody"] * rows.num_rows, pa.string())
    rows = rows.set_column(1, "name", names)
    return rows.set_column(2, "email", pa.nulls(rows.num_rows, pa.string()))


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The values, with days as numbers, because Python's dates have a smaller range."""
    return (column.cast(pa.int32()) if pa.types.is_date32(column.type) else column).to_pylist()


def _all(rows: pa.Table) -> pa.Table:
    return rows


def histories() -> dict[str, TableHistory]:
    """What the role sees of each table, at each version, in plain Python."""
    first = visible_orders(orders([])).schema
    sold = TableHistory(first)
    for start in (0, 100, 200):
        sold.write(visible_orders(orders(range(start, start + 100))))
    sold.delete(lambda row: 40 <= row["id"] <= 59)
    sold.delete(lambda row: row["id"] % 10 == 7)
    sold.change(first.append(pa.field("grade", pa.int64())))
    known = TableHistory(PEOPLE, keys=["id"])
    for start in (0, 30, 15):
        known.write(visible_people(people(range(start, start + 30))))
    known.delete(lambda row: row["id"] in (1, 4, 7))
    known.write(visible_people(people([0, 3, 6], visible=True)))
    simple = TableHistory(PLAIN)
    simple.write(plain(range(40)))
    return {"orders": sold, "people": known, "plain": simple, "items": items_history()}


def reference() -> Reference:
    """The newest version of each table, and `<table>_at_<version>` and `<table>_after_<version>`, its changes."""
    made = Reference({})
    for name, history in histories().items():
        newest = len(history.versions)
        made.add(name, history.at(newest))
        for version in range(newest + 1):
            made.add(f"{name}_after_{version}", history.changes(version))
            if version:
                made.add(f"{name}_at_{version}", history.at(version))
    return made


@dataclass(frozen=True)
class Answer:
    """The answer to a query. `kind`: `rows`, or the name of an error.

    `error`: the error's text, where both lakes must give the same. `message`: the error's text in any case.
    """

    kind: str
    schema: tuple[tuple[str, str], ...] = ()
    rows: tuple[str, ...] = ()
    error: str = ""
    message: str = field(default="", compare=False)


class TwoLakes:
    """`restricted`: the whole lake, read under the role. `copy`: the lake of the visible part, under the same role.

    `owner` and `copy_owner` read each lake in full. `reference`: the visible part again, apart from both lakes.
    `kind`: what the role may do, `reader` or `writer`.
    """

    def __init__(self, home: Path, kind: RoleTypeName = "reader") -> None:
        self.owner = supertable.connect(home=home / "whole")
        self.copy_owner = supertable.connect(home=home / "copy")
        self._fill(self.owner, whole=True)
        self._fill(self.copy_owner, whole=False)
        _grant(
            self.owner,
            kind,
            orders="lower(region) LIKE 'eu%'",
            people="region = user_attribute('region')",
            events="upper(region) ILIKE '%of%river'",
            items=VISIBLE,
        )
        any_row = "id IS NULL OR id IS NOT NULL"  # a filter, so that both lakes take the same path
        _grant(self.copy_owner, kind, orders=any_row, people=any_row, events=any_row, items=any_row)
        self.restricted = _as_ann(home / "whole", self.owner)
        self.copy = _as_ann(home / "copy", self.copy_owner)
        self.reference = reference()

    def ask(self, lake: Lake, sql: str, parameters: Any = (), engine: str | None = None) -> Answer:
        try:
            table = lake.sql(sql, parameters, engine=engine).arrow()
        except SupertableError as error:
            # which of several rows fails first is chance; other errors must have the same text
            text = "" if isinstance(error, QueryFailed) else str(error)
            kind = "QueryFailed" if isinstance(error, QueryFailed) else type(error).__name__
            return Answer(kind, error=text, message=str(error))
        return _answer(table)

    def ask_reference(self, sql: str) -> Answer:
        try:
            return _answer(self.reference.ask(sql))
        except duckdb.Error as error:
            return Answer("failed", message=str(error))

    def both(self, sql: str, parameters: Any = ()) -> tuple[Answer, Answer]:
        return self.ask(self.restricted, sql, parameters), self.ask(self.copy, sql, parameters)

    def close(self) -> None:
        for lake in (self.owner, self.copy_owner, self.copy, self.restricted):
            lake.close()
        self.reference.close()

    def _fill(self, lake: Lake, whole: bool) -> None:
        """Versions of orders in both lakes: 1 is created, 2 to 4 append, 5 and 6 delete, 7 adds a column."""
        part = _all if whole else visible_orders
        columns = ORDERS if whole else visible_orders(orders([])).schema
        lake.create_table("orders", columns)
        for start in (0, 100, 200):
            lake.write("orders", part(orders(range(start, start + 100))))
        lake.delete("orders", where="id BETWEEN 40 AND 59")
        lake.delete("orders", where="id % 10 = 7")
        lake.table("orders").add_column("grade", pa.int64())
        lake.create_table("people", PEOPLE, keys=["id"])
        for start in (0, 30, 15):
            rows = people(range(start, start + 30))
            lake.write("people", rows if whole else visible_people(rows))
        newly_hidden, newly_visible = [1, 4, 7], [0, 3, 6]
        if whole:
            lake.write("people", people(newly_hidden, visible=False))
        else:
            lake.delete("people", where="id IN (1, 4, 7)")
        lake.write(
            "people",
            people(newly_visible, visible=True) if whole else visible_people(people(newly_visible, visible=True)),
        )
        lake.create_table("plain", PLAIN)
        lake.write("plain", plain(range(40)))
        fill_items(lake, whole)
        lake.create_table("events", EVENTS)
        lake.write("events", events() if whole else visible_events(events()))
        if whole:
            lake.create_table("secret_plans", PLAIN)
            lake.write("secret_plans", plain(range(7)))


def _answer(table: pa.Table) -> Answer:
    schema = tuple((field.name, str(field.type)) for field in table.schema)
    rows = zip(*map(_values, table.columns), strict=True)
    return Answer("rows", schema, tuple(sorted(map(repr, rows))))


def _as_ann(home: Path, lake: Lake) -> Lake:
    ann = lake.users.get("ann")
    session = Session("default", ann.hash, ann.name, "analyst")
    return Lake(Container(settings=load_settings(home=home)), "main", session)


def _grant(lake: Lake, kind: RoleTypeName, orders: str, people: str, events: str, items: str) -> None:
    """Create the role, with a row filter for each table, and its user. Masking a masked value does not change it."""
    columns = [field.name for field in lake.table("orders").schema if field.name != "salary"]
    lake.roles.create("analyst", kind, "plain")
    lake.roles.grant("analyst", "orders", columns=columns, masks={"card": "last:4"}, where=orders)
    lake.roles.grant("analyst", "people", masks={"name": "constant:somebody", "email": "null"}, where=people)
    lake.roles.grant("analyst", "events", where=events)
    lake.roles.grant("analyst", "items", where=items)
    lake.users.create("ann", "analyst", attributes={"region": "EU"})
