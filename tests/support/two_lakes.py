"""Two lakes: one whole, read under a role that sees a part of it; one that holds that part and nothing else.

Whatever is asked, the two must answer alike. The rows that the role may not see are chosen to make trouble: they cannot
be cast, they overflow, they are the least and the greatest. Both lakes have the same versions, one commit for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import supertable
from supertable import Lake, SupertableError
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import Session
from supertable.domain.errors import QueryFailed

HIDDEN_WORDS = ("salary", "poison", "secret", "HIDDEN")
"""What no answer and no error may hold: names of hidden columns and tables, and words that only hidden rows have."""

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
    """Orders by id. Three in four are of the region EU, and sound; the others are of other regions, or of none."""
    rows = [_order(number) for number in ids]
    return pa.Table.from_pylist(rows, ORDERS)


def _order(number: int) -> dict[str, Any]:
    seen = number % 4 != 3
    region = ("EU", "eu-east", "EU")[number % 3] if seen else ("US", None, "HIDDEN", "")[number // 4 % 4]
    greatest = 2**63 - 1 if number % 8 == 3 else -(2**63)
    return {
        "id": number,
        "region": region,
        "note": str(number % 10) if seen else f"poison {number} HIDDEN",
        "amount": number % 50 if seen else (0 if number % 16 == 3 else greatest),
        "price": Decimal(f"{number % 100}.25" if seen else "9999999999.99"),
        "day": 20_000 + number % 30 if seen else -700_000,
        "card": f"4000{number:08d}" if seen else None,
        "salary": number * 1_000,
        "code": number % 7 if seen else 2**31 - 1,
    }


def people(ids: Sequence[int], seen: bool | None = None) -> pa.Table:
    """People by id: two in three are of the region EU, or all of them, or none."""
    rows = [
        {
            "id": number,
            "name": f"n{number % 5}" if number % 3 else "HIDDEN",
            "email": f"p{number}@example.org",
            "region": "EU" if (number % 3 if seen is None else seen) else "secret",
        }
        for number in ids
    ]
    return pa.Table.from_pylist(rows, PEOPLE)


def plain(ids: Sequence[int]) -> pa.Table:
    return pa.table([list(ids), [f"l{number % 4}" for number in ids], [number % 6 for number in ids]], schema=PLAIN)


def events() -> pa.Table:
    """Enough rows for an engine to learn which of two conditions is the quicker one. One in a hundred is poison."""
    numbers = np.arange(300_000)
    poison = numbers % 100 == 99
    notes = np.where(poison, "poison", (numbers % 1_000).astype(str))
    regions = np.where(poison, "HIDDEN", np.where(numbers % 2 == 0, "EU, north of the river", "EU, south of the river"))
    big = np.where(poison, -(2**63), numbers % 50)
    dec = pa.array(np.where(poison, 9_999_999_999, 5)).cast(pa.decimal128(19, 0))
    return pa.table([numbers, regions, notes, big, dec], schema=EVENTS)


def seen_events(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.starts_with(rows["region"], "EU"))


def seen_orders(rows: pa.Table) -> pa.Table:
    """What the role sees of orders: rows of EU in whatever case, the card's last four, and no salary."""
    mask = pc.fill_null(pc.starts_with(pc.utf8_lower(rows["region"]), "eu"), False)
    rows = rows.filter(mask)
    cards = ["****" + card[-4:] for card in rows["card"].to_pylist()]
    rows = rows.set_column(rows.schema.get_field_index("card"), "card", pa.array(cards, pa.string()))
    return rows.drop_columns(["salary"])


def seen_people(rows: pa.Table) -> pa.Table:
    rows = rows.filter(pc.equal(rows["region"], "EU"))
    names = pa.array(["somebody"] * rows.num_rows, pa.string())
    rows = rows.set_column(1, "name", names)
    return rows.set_column(2, "email", pa.nulls(rows.num_rows, pa.string()))


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Days as numbers, for Python's do not go as far."""
    return (column.cast(pa.int32()) if pa.types.is_date32(column.type) else column).to_pylist()


def _all(rows: pa.Table) -> pa.Table:
    return rows


@dataclass(frozen=True)
class Answer:
    """`kind`: rows, or the name of an error. `error`: its text where both lakes must have the same; `said`: always."""

    kind: str
    schema: tuple[tuple[str, str], ...] = ()
    rows: tuple[str, ...] = ()
    error: str = ""
    said: str = field(default="", compare=False)


class TwoLakes:
    """`restricted` is the whole lake as the role sees it; `copy` holds what the role sees; owners see the whole."""

    def __init__(self, home: Path) -> None:
        self.owner = supertable.connect(home=home / "whole")
        self.copy_owner = supertable.connect(home=home / "copy")
        self._fill(self.owner, whole=True)
        self._fill(self.copy_owner, whole=False)
        _grant(
            self.owner,
            orders="lower(region) LIKE 'eu%'",
            people="region = user_attribute('region')",
            events="upper(region) ILIKE '%of%river'",
        )
        anything = "id IS NULL OR id IS NOT NULL"  # so that the engine goes about it in the same way
        _grant(self.copy_owner, orders=anything, people=anything, events=anything)
        self.restricted = _as_ann(home / "whole", self.owner)
        self.copy = _as_ann(home / "copy", self.copy_owner)

    def ask(self, lake: Lake, sql: str, parameters: Any = ()) -> Answer:
        try:
            table = lake.sql(sql, parameters).arrow()
        except SupertableError as error:
            # which of several rows fails first is chance; anything else is said alike
            text = "" if isinstance(error, QueryFailed) else str(error)
            kind = "QueryFailed" if isinstance(error, QueryFailed) else type(error).__name__
            return Answer(kind, error=text, said=str(error))
        schema = tuple((field.name, str(field.type)) for field in table.schema)
        rows = zip(*map(_values, table.columns), strict=True)
        return Answer("rows", schema, tuple(sorted(map(repr, rows))))

    def both(self, sql: str, parameters: Any = ()) -> tuple[Answer, Answer]:
        return self.ask(self.restricted, sql, parameters), self.ask(self.copy, sql, parameters)

    def close(self) -> None:
        for lake in (self.owner, self.copy_owner, self.copy, self.restricted):
            lake.close()

    def _fill(self, lake: Lake, whole: bool) -> None:
        """Versions of orders: 1 made, 2 to 4 appended, 5 and 6 deleted, 7 a column more; the same in both lakes."""
        show = _all if whole else seen_orders
        columns = ORDERS if whole else seen_orders(orders([])).schema
        lake.create_table("orders", columns)
        for start in (0, 100, 200):
            lake.write("orders", show(orders(range(start, start + 100))))
        lake.delete("orders", where="id BETWEEN 40 AND 59")
        lake.delete("orders", where="id % 10 = 7")
        lake.table("orders").add_column("grade", pa.int64())
        people_columns = PEOPLE
        lake.create_table("people", people_columns, keys=["id"])
        for start in (0, 30, 15):
            rows = people(range(start, start + 30))
            lake.write("people", rows if whole else seen_people(rows))
        gone, come = [1, 4, 7], [0, 3, 6]
        if whole:
            lake.write("people", people(gone, seen=False))
        else:
            lake.delete("people", where="id IN (1, 4, 7)")
        lake.write("people", people(come, seen=True) if whole else seen_people(people(come, seen=True)))
        lake.create_table("plain", PLAIN)
        lake.write("plain", plain(range(40)))
        lake.create_table("events", EVENTS)
        lake.write("events", events() if whole else seen_events(events()))
        if whole:
            lake.create_table("secret_plans", PLAIN)
            lake.write("secret_plans", plain(range(7)))


def _as_ann(home: Path, lake: Lake) -> Lake:
    ann = lake.users.get("ann")
    session = Session("default", ann.hash, ann.name, "analyst")
    return Lake(Container(settings=load_settings(home=home)), "main", session)


def _grant(lake: Lake, orders: str, people: str, events: str) -> None:
    """The role, with the conditions for its rows of each table. Its masks change nothing that is masked already."""
    shown = [field.name for field in lake.table("orders").schema if field.name != "salary"]
    lake.roles.create("analyst", "reader", "plain")
    lake.roles.grant("analyst", "orders", columns=shown, masks={"card": "last:4"}, where=orders)
    lake.roles.grant("analyst", "people", masks={"name": "constant:somebody", "email": "null"}, where=people)
    lake.roles.grant("analyst", "events", where=events)
    lake.users.create("ann", "analyst", attributes={"region": "EU"})
