"""Translates a checked statement into one SELECT of Spark.

DuckDB binds the statement, and what it means is written anew in Spark's SQL, from what is proven to be answered alike.
No text of the caller's statement is kept: names are generated, and constants are written by their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.spark.translation.binding import Binder, SparkView, table_of
from supertable.adapters.engines.spark.translation.kinds import Kind
from supertable.adapters.engines.spark.translation.operators import Operators
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.adapters.engines.spark.translation.relations import selected
from supertable.adapters.engines.spark.translation.results import check, received, sent

MAX_SQL_BYTES = 4_000_000
SETTINGS: Mapping[str, str] = {
    "parquet.filter.dictionary.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.cteRecursionLevelLimit": "10000",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.RemoveRedundantAliases",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.variable.substitute": "false",
}
"""What a session must have set, so that the translation means the same. The excluded rule breaks unions of aliases."""


@dataclass(frozen=True, slots=True)
class SparkQuery:
    """`sql`: the SELECT, whose columns travel as `results` says. `schema`: of the answer. `kinds`: of its columns."""

    sql: str
    schema: pa.Schema
    kinds: tuple[Kind, ...]

    def batch(self, columns: Sequence[pa.Array]) -> pa.RecordBatch:
        """The answer's rows. `columns`: as they came, each of the Arrow type `results.wire_type` of its kind."""
        pairs = zip(columns, self.kinds, self.schema, strict=True)
        return pa.RecordBatch.from_arrays([received(one, kind, f.type) for one, kind, f in pairs], schema=self.schema)


def translated(
    binder: Binder,
    statement: DuckDBStatement,
    relations: Mapping[int, SparkView],
    parameters: Sequence[Any] | Mapping[str, Any] = (),
) -> SparkQuery:
    """The statement over these views, which have the columns that LITE sees, carried as `kinds` says.

    Raises `NotOnSpark`, and `InvalidStatement` where LITE cannot bind the statement either.
    """
    plan = binder.bound(statement, relations, parameters)
    views = {table_of(statement.tokens[number]): view for number, view in relations.items()}
    try:
        relation = Operators(views).translated(plan.tree)
    except RecursionError:
        raise refused("statements that are nested so deeply") from None
    except (KeyError, IndexError, TypeError, ValueError):  # a plan of a form that is not known
        raise refused("this form of statement") from None
    check(relation.kinds, plan.schema)
    values = [sent(f"a.c{i}", kind) for i, kind in enumerate(relation.kinds)]
    sql = f"SELECT {selected(values)} FROM {relation.aliased('a')}"
    if len(sql) > MAX_SQL_BYTES:
        raise refused("statements that become so long")
    return SparkQuery(sql, plan.schema, relation.kinds)
