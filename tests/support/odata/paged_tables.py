"""Two tables of the same odd rows, one with a key and one with equal rows, and their pages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from supertable.entrypoints.odata.model.entity_sets import EntitySet, entity_set
from supertable.entrypoints.odata.sql.entity_query import EntityQuery, Page, QueryOptions, compose
from supertable.entrypoints.odata.sql.pages.orders import Position
from supertable.entrypoints.sdk.lakes.lake import Lake

LONG = "x" * 700
COLUMNS = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("x", pa.float64()),
        ("ns", pa.timestamp("ns")),
        ("ms", pa.timestamp("ms")),
        ("seen", pa.timestamp("us", "UTC")),
        ("clock", pa.time32("ms")),
        ("half", pa.float16()),
        ("raw", pa.binary()),
        ("price", pa.decimal128(38, 10)),
        ("big", pa.uint64()),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("tags", pa.list_(pa.string())),
        ('or"der', pa.struct([("select", pa.string()), ("it's", pa.int32())])),
    ]
)
NAMES = [None, "", "a", LONG, LONG + "y", LONG, "%", "a"]


def _rows() -> list[dict[str, Any]]:
    numbers = [None, float("nan"), -0.0, 0.0, 1e-300, float("inf"), float("-inf"), 1 / 3]
    moments = [None, 0, 1, -1, 1_700_000_000_123_456_789, 2**63 - 2, -(2**63) + 2, 10**18]
    return [
        {
            "id": n,
            "name": NAMES[n % 8],
            "x": numbers[n // 2 % 8],
            "ns": moments[n // 3 % 8],
            "ms": None if n % 5 == 0 else n * 1_000 + 1,
            "seen": None if n % 4 == 0 else n // 3 * 1_000_001,
            "clock": None if n % 3 == 0 else n % 4 * 1_001,
            "half": None if n % 7 == 0 else float(n % 3),
            "raw": None if n % 6 == 0 else bytes([n % 3, 0, 255]),
            "price": None if n % 9 == 0 else f"{n % 4}.3333333333",
            "big": None if n % 8 == 0 else 2**64 - 1 - n % 3,
            "flag": (None, True, False)[n % 3],
            "day": None if n % 10 == 0 else n % 4,
            "tags": (None, [], ["a"])[n % 3],
            'or"der': None if n % 5 == 0 else {"select": NAMES[n % 3], "it's": n % 2},
        }
        for n in range(24)
    ]


def paged_table() -> pa.Table:
    rows = _rows()
    columns = []
    for field in COLUMNS:
        values = [row[field.name] for row in rows]
        if pa.types.is_decimal(field.type):
            columns.append(pa.array(values, pa.string()).cast(field.type))
        elif pa.types.is_float16(field.type):
            columns.append(pa.array(values, pa.float32()).cast(field.type))
        else:
            columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=COLUMNS)


@dataclass(frozen=True)
class World:
    lake: Lake

    def set(self, name: str) -> EntitySet:
        return entity_set(self.lake._container, self.lake._namespace, name)

    def run(self, query: EntityQuery) -> pa.Table:
        return self.lake.sql(query.sql, parameters=query.parameters).arrow()

    def pages(self, name: str, size: int, options: QueryOptions) -> list[tuple[str, ...]]:
        """The texts of all rows; each position passes through JSON, as a link carries it."""
        found = self.set(name)
        rows: list[tuple[str, ...]] = []
        after = None
        while True:
            query = compose(found.type, options, found.version, Page(size, after))
            answer = self.run(query)
            texts = zip(
                *(
                    answer[each.name].cast(pa.string()).to_pylist()
                    for each in query.columns
                    if _flat(answer, each.name)
                ),
                strict=True,
            )
            rows += [tuple(map(str, row)) for row in texts][: query.rows]
            if answer.num_rows <= query.rows:
                return rows
            last = answer.slice(query.rows - 1, 1).to_pylist()[0] if query.rows else {}
            position = query.position_after([last[each] for each in query.position_columns], query.rows)
            carried = json.loads(json.dumps(asdict(position)))
            after = Position(tuple(carried["values"]), tuple(carried["long"]), carried["equal"], carried["rows"])


def _flat(table: pa.Table, name: str) -> bool:
    kind = table.schema.field(name).type
    return not pa.types.is_nested(kind) and not pa.types.is_binary(kind)
