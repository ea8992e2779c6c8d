"""Two lakes: one whole, read under a role that sees a part of it; one that holds that part and nothing else.

Whatever is asked, the two must answer alike. The rows that the role may not see are chosen to make trouble: they cannot
be cast, they overflow, they are the least and the greatest. Both lakes have the same versions, one commit for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import supertable
from supertable import Lake, SupertableError
from supertable.application.tables import OpenTable
from supertable.config.container import Container
from supertable.config.settings import load_settings
from supertable.domain.access import AccessAction, AccessChange, AccessCommit, User
from supertable.domain.errors import QueryFailed
from supertable.domain.layout import access_log
from supertable.domain.masks import Mask, MaskKind
from supertable.domain.roles import Permission, Role, RoleType, TableRule
from supertable.domain.row_filters import Form, Term
from supertable.domain.sessions import Session
from supertable.domain.types import DataType

SECRET = "5ec2e7" * 10
ANN = "a" * 32
HIDDEN_WORDS = ("salary", "poison", "secret", "HIDDEN")
"""What no answer and no error may hold: names of hidden columns and tables, and words that only hidden rows have."""

TEXT = DataType("string")
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


def _all(rows: pa.Table) -> pa.Table:
    return rows


@dataclass(frozen=True)
class Answer:
    """`kind`: rows, or the name of an error. `error`: its text where the two lakes must have the same."""

    kind: str
    schema: tuple[tuple[str, str], ...] = ()
    rows: tuple[str, ...] = ()
    error: str = ""


class TwoLakes:
    """`restricted` is the whole lake as the role sees it; `copy` holds what the role sees; owners see the whole."""

    def __init__(self, home: Path) -> None:
        self.owner = supertable.connect(home=home / "whole")
        self.copy_owner = supertable.connect(home=home / "copy")
        self._fill(self.owner, whole=True)
        self._fill(self.copy_owner, whole=False)
        self._grant()
        self._grant_all_of()
        self.restricted, self.copy = (_as_ann(home / name) for name in ("whole", "copy"))

    def ask(self, lake: Lake, sql: str, parameters: Any = ()) -> Answer:
        try:
            table = lake.sql(sql, parameters).arrow()
        except SupertableError as error:
            # which of several rows fails first is chance; anything else is said alike
            text = "" if isinstance(error, QueryFailed) else str(error)
            kind = "QueryFailed" if isinstance(error, QueryFailed) else type(error).__name__
            return Answer(kind, error=text)
        schema = tuple((field.name, str(field.type)) for field in table.schema)
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
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

    def _grant(self) -> None:
        place = self.owner._place
        tables = self.owner.container.tables()
        opened = {name: tables.open(place, name, Permission.META) for name in ("orders", "people", "events")}
        ids = {(table, field.name): field.id for table, one in opened.items() for field in one.snapshot.schema.fields}
        column = {key: Term(Form.COLUMN, column=number) for key, number in ids.items()}
        eu = Term(Form.LIKE, (Term(Form.LOWER, (column["orders", "region"],)), _text("eu%")))
        attribute = Term(Form.EQUAL, (column["people", "region"], Term(Form.ATTRIBUTE, text="region")))
        south = Term(Form.ILIKE, (Term(Form.UPPER, (column["events", "region"],)), _text("%of%river")))
        shown = frozenset(number for (table, name), number in ids.items() if table == "orders" and name != "salary")
        last_four = {ids["orders", "card"]: Mask(MaskKind.PARTIAL, last=4)}
        nobody = {
            ids["people", "name"]: Mask(MaskKind.CONSTANT, constant="somebody"),
            ids["people", "email"]: Mask(MaskKind.NULL),
        }
        rules = {"orders": (shown, last_four, eu), "people": (None, nobody, attribute), "events": (None, {}, south)}
        _put_role(self.owner, opened, rules)

    def _grant_all_of(self) -> None:
        """In the copy the role sees all there is, by rules too, so that the engine goes about it in the same way."""
        tables = self.copy_owner.container.tables()
        place = self.copy_owner._place
        opened = {name: tables.open(place, name, Permission.META) for name in ("orders", "people", "events")}
        anything = Term(Form.CONSTANT, type=DataType("bool"), text="true")
        _put_role(self.copy_owner, opened, {name: (None, {}, anything) for name in opened})


def _as_ann(home: Path) -> Lake:
    session = Session("default", ANN, "ann", "analyst")
    return Lake(Container(settings=load_settings(home=home)), "main", session)


Rule = tuple[frozenset[int] | None, dict[int, Mask], Term]


def _text(text: str) -> Term:
    return Term(Form.CONSTANT, type=TEXT, text=text)


def _put_role(lake: Lake, opened: Mapping[str, OpenTable], rules: Mapping[str, Rule]) -> None:
    ids = {name: table.entry.table_id for name, table in opened.items()}
    granted = {ids[name]: TableRule("main", ids[name], name, *rule) for name, rule in rules.items()}
    changes = (
        AccessChange(AccessAction.FOUND, secret=SECRET),
        AccessChange(AccessAction.PUT_ROLE, role=Role("analyst", RoleType.READER, ("plain",), granted)),
        AccessChange(AccessAction.PUT_USER, user=User(ANN, "ann", ("analyst",), {"region": "EU"})),
    )
    commit = AccessCommit("first", 1, 1, "owner", changes)
    assert lake.container.accesses().append(access_log("default"), None, commit) is not None
