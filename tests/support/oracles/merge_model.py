"""UPDATE and MERGE in plain Python: expressions as SQL and as functions, and what a MERGE does to rows.

Truth has three values: True, False and None for unknown.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Row = tuple[Any, ...]
Value = Callable[[Any, Any], Any]
"""Of a row of the target `t` (id, a, b, s) and one of the source `o` (k, v, w); None where there is none."""


class Refused(Exception):
    """A row would change twice, or two rows would have the same key."""


@dataclass(frozen=True)
class Expression:
    sql: str
    value: Value


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which is null where one of its arguments is."""
    return lambda *values: None if None in values else function(*values)


def _both(left: Any, right: Any) -> Any:
    return False if False in (left, right) else None if None in (left, right) else True


def _either(left: Any, right: Any) -> Any:
    return True if True in (left, right) else None if None in (left, right) else False


_add, _equal, _less, _join = (
    _strict(f) for f in (lambda x, y: x + y, lambda x, y: x == y, lambda x, y: x < y, lambda x, y: x + y)
)

JOINS = [
    Expression("t.id = o.k", lambda t, o: _equal(t[0], o[0])),
    Expression("t.id = o.k AND t.a < o.v", lambda t, o: _both(_equal(t[0], o[0]), _less(t[1], o[1]))),
    Expression("t.a = o.v", lambda t, o: _equal(t[1], o[1])),
    Expression(
        "t.id = o.k OR (t.id IS NULL AND o.k IS NULL)",
        lambda t, o: _either(_equal(t[0], o[0]), t[0] is None and o[0] is None),
    ),
    Expression("t.s = o.w AND NOT (t.a < 3)", lambda t, o: _both(_equal(t[3], o[2]), _not(_less(t[1], 3)))),
]


def _not(value: Any) -> Any:
    return None if value is None else not value


OF_TARGET = [
    Expression("t.a < 4", lambda t, o: _less(t[1], 4)),
    Expression("t.a IS NULL", lambda t, o: t[1] is None),
    Expression("NOT (t.b < t.a)", lambda t, o: _not(_less(t[2], t[1]))),
    Expression("t.s = 'x' OR t.b < 2", lambda t, o: _either(_equal(t[3], "x"), _less(t[2], 2))),
    Expression("t.id IN (1, 3, NULL)", lambda t, o: True if t[0] in (1, 3) else None),
]
OF_SOURCE = [
    Expression("o.v < 4", lambda t, o: _less(o[1], 4)),
    Expression("o.w IS NOT NULL", lambda t, o: o[2] is not None),
    Expression("NOT (o.k = 2)", lambda t, o: _not(_equal(o[0], 2))),
]
NUMBERS_OF_TARGET = [
    Expression("t.a + 1", lambda t, o: _add(t[1], 1)),
    Expression("t.b", lambda t, o: t[2]),
    Expression("coalesce(t.a, t.b)", lambda t, o: t[2] if t[1] is None else t[1]),
    Expression("CASE WHEN t.a < t.b THEN 0 ELSE t.b END", lambda t, o: 0 if _less(t[1], t[2]) else t[2]),
    Expression("NULL", lambda t, o: None),
]
TEXTS_OF_TARGET = [
    Expression("t.s || 'x'", lambda t, o: _join(t[3], "x")),
    Expression("'x'", lambda t, o: "x"),
]
NUMBERS_OF_SOURCE = [
    Expression("o.v", lambda t, o: o[1]),
    Expression("o.k + o.v", lambda t, o: _add(o[0], o[1])),
    Expression("7", lambda t, o: 7),
]
TEXTS_OF_SOURCE = [Expression("o.w", lambda t, o: o[2]), Expression("coalesce(o.w, 'x')", lambda t, o: o[2] or "x")]


@dataclass(frozen=True)
class Clause:
    """`kind`: `matched`, `source` (not matched by target) or `target` (not matched by source). `sets`: by column."""

    kind: str
    condition: Expression | None
    action: str
    sets: dict[str, Expression]

    @property
    def sql(self) -> str:
        when = {"matched": "MATCHED", "source": "NOT MATCHED", "target": "NOT MATCHED BY SOURCE"}[self.kind]
        condition = f" AND {self.condition.sql}" if self.condition else ""
        return f"WHEN {when}{condition} THEN {self._action}"

    @property
    def _action(self) -> str:
        if self.action == "update":
            return f"UPDATE SET {assignments(self.sets)}"
        if self.action == "insert":
            return f"INSERT ({', '.join(self.sets)}) VALUES ({', '.join(one.sql for one in self.sets.values())})"
        return self.action.upper()


COLUMNS = ("id", "a", "b", "s")


def assignments(sets: dict[str, Expression]) -> str:
    return ", ".join(f"{column} = {expression.sql}" for column, expression in sets.items())


def merged(target: Sequence[Row], source: Sequence[Row], on: Expression, clauses: Sequence[Clause]) -> list[Row]:
    """The rows of the target after the MERGE. Raises `Refused` where a row would change twice."""
    kept: list[Row] = []
    matched: set[int] = set()
    for row in target:
        pairs = [(number, other) for number, other in enumerate(source) if on.value(row, other) is True]
        matched |= {number for number, _ in pairs}
        kind = "matched" if pairs else "target"
        others: list[Any] = [one for _, one in pairs] or [None]
        chosen = [(_first(clauses, kind, row, other), other) for other in others]
        changes = [(clause, other) for clause, other in chosen if clause and clause.action != "do nothing"]
        if len(changes) > 1:
            raise Refused
        kept += [_changed(row, *changes[0])] if changes else [row]
    alone = [other for number, other in enumerate(source) if number not in matched]
    new = [(_first(clauses, "source", None, other), other) for other in alone]
    inserted = [_changed((None,) * 4, clause, other) for clause, other in new if clause and clause.action == "insert"]
    return [row for row in (*kept, *inserted) if row is not None]


def _first(clauses: Sequence[Clause], kind: str, row: Any, other: Any) -> Clause | None:
    fitting = (clause for clause in clauses if clause.kind == kind)
    return next((one for one in fitting if one.condition is None or one.condition.value(row, other) is True), None)


def _changed(row: Row, clause: Clause, other: Any) -> Any:
    if clause.action == "delete":
        return None
    values = {column: expression.value(row, other) for column, expression in clause.sets.items()}
    return tuple(values.get(column, old) for column, old in zip(COLUMNS, row, strict=True))


def random_sets(choose: random.Random, sources: Sequence[str], with_id: bool) -> dict[str, Expression]:
    """Some columns with new values. `sources`: whose columns they may use: `target`, `source`."""
    numbers = [one for name in sources for one in (NUMBERS_OF_TARGET if name == "target" else NUMBERS_OF_SOURCE)]
    texts = [one for name in sources for one in (TEXTS_OF_TARGET if name == "target" else TEXTS_OF_SOURCE)]
    columns = choose.sample(COLUMNS[0 if with_id else 1 :], choose.randint(1, 3))
    return {column: choose.choice(texts if column == "s" else numbers) for column in columns}


def random_clauses(choose: random.Random) -> list[Clause]:
    return [_random_clause(choose) for _ in range(choose.randint(1, 4))]


def _random_clause(choose: random.Random) -> Clause:
    kind = choose.choice(("matched", "matched", "source", "target"))
    seen = {"matched": ("target", "source"), "source": ("source",), "target": ("target",)}[kind]
    conditions = [one for name in seen for one in (OF_TARGET if name == "target" else OF_SOURCE)]
    condition = choose.choice(conditions) if choose.random() < 0.6 else None
    action = (
        choose.choice(("insert", "do nothing")) if kind == "source" else choose.choice(("update", "update", "delete"))
    )
    sets = random_sets(choose, seen, action == "insert") if action in ("update", "insert") else {}
    if action == "insert":
        sets = {"id": Expression("o.k", lambda t, o: o[0])} | sets
    return Clause(kind, condition, action, sets)
