"""Draws SELECTs over the tables of `TwoLakes`, by a grammar; the same seed gives the same statements.

Their answers do not depend on the order of rows: what is cut is ordered by all columns, and sums are of whole numbers.
Casts and functions that can fail come often: the hidden rows are made to fail them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

NUMBERS, TEXTS, DAYS, DECIMALS = "number", "text", "day", "decimal"

TABLES: dict[str, dict[str, str]] = {
    "orders": {
        "id": NUMBERS,
        "region": TEXTS,
        "note": TEXTS,
        "amount": NUMBERS,
        "price": DECIMALS,
        "day": DAYS,
        "card": TEXTS,
        "code": NUMBERS,
        "grade": NUMBERS,
    },
    "people": {"id": NUMBERS, "name": TEXTS, "email": TEXTS, "region": TEXTS},
    "plain": {"id": NUMBERS, "label": TEXTS, "amount": NUMBERS},
}
VERSIONS = {"orders": 7, "people": 6, "plain": 2}
WORDS = ("'EU'", "'US'", "'HIDDEN'", "''", "'eu-east'", "'n1'", "'5'", "'4000'", "NULL", "'poison'", "'%o%'")
WHOLE = ("0", "1", "3", "7", "-1", "43", "100", "9223372036854775807", "2147483647", "NULL")


@dataclass(frozen=True)
class Column:
    sql: str
    kind: str


class Selects:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._names = 0

    def statement(self) -> str:
        return self._query(3)[0]

    def _pick(self, *options: str) -> str:
        return self._random.choice(options)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _name(self) -> str:
        self._names += 1
        return f"q{self._names}"

    def _query(self, depth: int) -> tuple[str, list[str]]:
        """The SQL of a query, and the kinds of its columns, which are named c0, c1 and so on."""
        if depth and self._chance(0.12):
            return self._set_operation(depth)
        if depth and self._chance(0.12):
            return self._with(depth)
        return self._select(depth)

    def _set_operation(self, depth: int) -> tuple[str, list[str]]:
        operator = self._pick("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL")
        kinds = [self._pick(NUMBERS, TEXTS) for _ in range(self._random.randint(1, 3))]
        sides = (self._select(depth - 1, kinds)[0] for _ in range(2))
        return f"({f') {operator} ('.join(sides)})", kinds

    def _with(self, depth: int) -> tuple[str, list[str]]:
        name = self._pick("orders", "people", self._name())
        inner, kinds = self._query(depth - 1)
        how = self._pick("", "MATERIALIZED ", "NOT MATERIALIZED ")
        columns = [Column(f"{name}.c{i}", kind) for i, kind in enumerate(kinds)]
        body, found = self._select_from(name, columns, depth - 1)
        return f"WITH {name} AS {how}({inner}) {body}", found

    def _select(self, depth: int, wanted: Sequence[str] | None = None) -> tuple[str, list[str]]:
        source, columns = self._source(depth)
        return self._select_from(source, columns, depth, wanted)

    def _select_from(
        self, source: str, columns: list[Column], depth: int, wanted: Sequence[str] | None = None
    ) -> tuple[str, list[str]]:
        where = f" WHERE {self._condition(columns, depth)}" if self._chance(0.75) else ""
        if self._chance(0.3):
            return self._grouped(source, columns, where, wanted)
        kinds = list(wanted or (self._kind(columns) for _ in range(self._random.randint(1, 4))))
        items = [f"{self._value(columns, kind, 2)} AS c{i}" for i, kind in enumerate(kinds)]
        distinct = "DISTINCT " if self._chance(0.15) else ""
        order = f" ORDER BY ALL LIMIT {self._random.randint(0, 9)}" if self._chance(0.2) else ""
        return f"SELECT {distinct}{', '.join(items)} FROM {source}{where}{order}", kinds

    def _grouped(
        self, source: str, columns: list[Column], where: str, wanted: Sequence[str] | None
    ) -> tuple[str, list[str]]:
        kinds = list(wanted or (self._kind(columns) for _ in range(self._random.randint(1, 3))))
        keyed = self._random.randint(0, len(kinds) - 1)
        items = [
            f"{self._value(columns, kind, 1) if i < keyed else self._aggregate(columns, kind)} AS c{i}"
            for i, kind in enumerate(kinds)
        ]
        group = f" GROUP BY {', '.join(str(i + 1) for i in range(keyed))}" if keyed else ""
        having = f" HAVING {self._aggregate(columns, NUMBERS)} > {self._pick(*WHOLE)}" if self._chance(0.2) else ""
        return f"SELECT {', '.join(items)} FROM {source}{where}{group}{having}", kinds

    def _source(self, depth: int) -> tuple[str, list[Column]]:
        first, columns = self._table(depth)
        if not self._chance(0.3):
            return first, columns
        second, more = self._table(depth)
        both = [*columns, *more]
        form = self._pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "SEMI JOIN", "ANTI JOIN")
        if form == "CROSS JOIN":
            return f"{first}, {second}", both
        pairs = f"{self._value(columns, NUMBERS, 0)} = {self._value(more, NUMBERS, 0)}"
        extra = f" AND {self._condition(both, 0)}" if self._chance(0.4) else ""
        return f"{first} {form} {second} ON {pairs}{extra}", columns if form in ("SEMI JOIN", "ANTI JOIN") else both

    def _table(self, depth: int) -> tuple[str, list[Column]]:
        alias = self._name()
        if depth and self._chance(0.25):
            inner, kinds = self._query(depth - 1)
            return f"({inner}) {alias}", [Column(f"{alias}.c{i}", kind) for i, kind in enumerate(kinds)]
        table = self._pick("orders", "orders", "orders", "people", "people", "plain")
        columns = dict(TABLES[table])
        name = self._pick(table, table, f"main.{table}", table.upper(), f'"{table}"')
        if self._chance(0.1):
            version = self._random.randint(1, VERSIONS[table])
            name += f" AT (VERSION => {version})"
            if version < VERSIONS["orders"]:
                columns.pop("grade", None)
        elif self._chance(0.08):
            name = f"table_changes('{table}', {self._random.randint(0, VERSIONS[table])})"
            columns |= {"_change": TEXTS, "_version": NUMBERS}
        return f"{name} {alias}", [Column(f"{alias}.{column}", kind) for column, kind in columns.items()]

    def _kind(self, columns: list[Column]) -> str:
        return self._random.choice([column.kind for column in columns])

    def _condition(self, columns: list[Column], depth: int) -> str:
        if self._chance(0.3):
            parts = [self._condition(columns, 0) for _ in range(self._random.randint(2, 3))]
            return f"({self._pick(' AND ', ' OR ').join(parts)})"
        if self._chance(0.1):
            return f"NOT {self._condition(columns, 0)}"
        if depth and self._chance(0.15):
            inner, _ = self._select(depth - 1, [NUMBERS])
            return f"{self._value(columns, NUMBERS, 1)} {self._pick('IN', 'NOT IN', '= ANY')} ({inner})"
        return self._comparison(columns, self._kind(columns))

    def _comparison(self, columns: list[Column], kind: str) -> str:
        value = self._value(columns, kind, self._random.choice((0, 0, 2)))
        forms: tuple[Callable[[], str], ...] = (
            lambda: f"{value} {self._pick('=', '<>', '<', '>', '<=', '>=')} {self._constant(kind)}",
            lambda: f"{value} {self._pick('=', '<', 'IS DISTINCT FROM')} {self._value(columns, kind, 1)}",
            lambda: f"{value} IS {self._pick('', 'NOT ')}NULL",
            lambda: f"{value} IN ({self._constant(kind)}, {self._constant(kind)})",
            lambda: f"{value} BETWEEN {self._constant(kind)} AND {self._constant(kind)}",
        )
        return f"({self._random.choice(forms)()})"

    def _constant(self, kind: str) -> str:
        if kind == TEXTS:
            return self._pick(*WORDS)
        if kind == DAYS:
            return self._pick("DATE '2024-10-10'", "DATE '0053-01-01'", "'2024-10-20'", "NULL")
        return self._pick(*WHOLE) if kind == NUMBERS else self._pick("1.25", "9999999999.99", "50")

    def _value(self, columns: list[Column], kind: str, depth: int) -> str:
        there = [column.sql for column in columns if column.kind == kind]
        if not there or (depth == 0 and self._chance(0.1)):
            return self._constant(kind)
        column = self._pick(*there)
        if depth == 0 or self._chance(0.4):
            return column
        number, text = (self._value(columns, name, depth - 1) for name in (NUMBERS, TEXTS))
        return self._pick(*_EXPRESSIONS[kind]).format(column=column, number=number, text=text)

    def _aggregate(self, columns: list[Column], kind: str) -> str:
        value = self._value(columns, kind, 2)
        if kind != NUMBERS:
            return self._pick(f"min({value})", f"max({value})")
        return self._pick(
            "count(*)",
            f"count({value})",
            f"count(DISTINCT {value})",
            f"sum({value})::HUGEINT",
            f"min({value})",
            f"max({value})",
            f"count(*) FILTER (WHERE {self._condition(columns, 0)})",
        )


_EXPRESSIONS = {
    NUMBERS: (
        "CAST({text} AS INT)",
        "TRY_CAST({text} AS INT)",
        "({column} + {number})",
        "({column} * 1000003)",
        "({column} - {number})",
        "({column} // nullif({number}, 0))",
        "({column} % 7)",
        "abs({column})",
        "CAST({column} AS TINYINT)",
        "length({text})",
        "coalesce({column}, {number})",
        "CASE WHEN {column} > 3 THEN {number} ELSE CAST({text} AS INT) END",
        "([{text}]::INT[])[1]",
        "list_reduce([{column}, {number}], lambda a, b: a + b)",
    ),
    TEXTS: (
        "lower({column})",
        "upper({text})",
        "({column} || {text})",
        "substring({column}, {number})",
        "left({column}, 3)",
        "coalesce({column}, {text})",
        "CAST({number} AS VARCHAR)",
        "md5({column})",
        "regexp_replace({column}, '[0-9]+', '#')",
        "CASE WHEN {column} = 'US' THEN {text} ELSE 'x' END",
    ),
    DAYS: ("({column} + CAST({number} AS INT))", "date_trunc('month', {column})::DATE", "{column}"),
    DECIMALS: ("CAST({column} AS DECIMAL(5, 2))", "({column} * 99.5)", "round({column}, 1)", "{column}"),
}
