"""The values and conditions of random SELECTs, by the kind of value. See `random_selects`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.oracles.random_sql import RandomSql

NUMBERS, TEXTS, DAYS, DECIMALS, FLOATS = "number", "text", "day", "decimal", "float"

WORDS = ("'EU'", "'US'", "'HIDDEN'", "''", "'eu-east'", "'n1'", "'5'", "'4000'", "NULL", "'poison'", "'%o%'")
WHOLE = ("0", "1", "3", "7", "-1", "43", "100", "3000000062", "9223372036854775807", "2147483647", "NULL")
CONSTANTS = {
    TEXTS: WORDS,
    NUMBERS: WHOLE,
    DAYS: ("DATE '2024-10-10'", "DATE '0053-01-01'", "DATE '0001-01-01'", "NULL", "DATE '9999-12-31'"),
    DECIMALS: ("1.25", "9999999999.99", "50"),
    FLOATS: ("1.5::DOUBLE", "'nan'::DOUBLE", "'-inf'::DOUBLE", "0", "NULL"),
}


@dataclass(frozen=True)
class Column:
    sql: str
    kind: str


class Expressions(RandomSql):
    def _kind(self, columns: list[Column]) -> str:
        return self._random.choice([column.kind for column in columns])

    def _comparison(self, columns: list[Column], kind: str) -> str:
        value = self._value(columns, kind, self._random.choice((0, 0, 2)))
        forms: tuple[Callable[[], str], ...] = (
            lambda: f"{value} {self._pick('=', '<>', '<', '>', '<=', '>=')} {self._constant(kind)}",
            lambda: f"{value} {self._pick('=', '<', 'IS DISTINCT FROM')} {self._value(columns, kind, 1)}",
            lambda: f"{value} IS {self._pick('', 'NOT ')}NULL",
            lambda: f"{value} {self._pick('', 'NOT ')}IN ({self._constant(kind)}, {self._constant(kind)})",
            lambda: f"{value} BETWEEN {self._constant(kind)} AND {self._constant(kind)}",
            lambda: f"{value} IS {self._pick('', 'NOT ')}DISTINCT FROM {self._constant(kind)}",
        )
        return f"({self._random.choice(forms)()})"

    def _constant(self, kind: str) -> str:
        return self._pick(*CONSTANTS[kind])

    def _value(self, columns: list[Column], kind: str, depth: int) -> str:
        candidates = [column.sql for column in columns if column.kind == kind]
        if not candidates or (depth == 0 and self._chance(0.1)):
            return self._constant(kind)
        column = self._pick(*candidates)
        if depth == 0 or self._chance(0.4):
            return column
        number, text = (self._value(columns, name, depth - 1) for name in (NUMBERS, TEXTS))
        expression = self._pick(*_EXPRESSIONS[kind]).format(column=column, number=number, text=text)
        if "lambda" in expression:
            self.kinds.add("lambda")
        return expression


_EXPRESSIONS = {
    NUMBERS: (
        "CAST({text} AS INT)",
        "TRY_CAST({text} AS INT)",
        "TRY_CAST({column} AS INT)",
        "CAST({column} AS BIGINT)",
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
        "CAST({column} = {number} OR ({column} IS NULL AND {number} IS NULL) AS INT)",
        "([{text}]::INT[])[1]",
        "list_reduce([{column}, {number}], lambda a, b: a + b)",
        "list_transform([1, 2, NULL], lambda x: x - {column})[2]",
        "len(list_filter([0, 3, 7, 43], lambda x: x < {column} OR x = {number}))",
        "list_transform([1, 5], lambda x: len(list_filter([0, x, 9], lambda y: y >= x AND y <> {column})))[1]",
        "list_sum(list_transform(['a', {text}], lambda x: length(x) + length({text})))::BIGINT",
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
        "list_transform(['x', {column}], lambda x: x || {text})[1]",
        "array_to_string(list_filter(['a', '', {text}], lambda x: x <> {column}), '|')",
    ),
    DAYS: ("({column} + CAST({number} AS INT))", "date_trunc('month', {column})::DATE", "{column}"),
    DECIMALS: ("CAST({column} AS DECIMAL(5, 2))", "({column} * 99.5)", "round({column}, 1)", "{column}"),
    FLOATS: ("({column} * 2)", "greatest({column}, 0.5)", "TRY_CAST({text} AS DOUBLE)", "{column}"),
}
