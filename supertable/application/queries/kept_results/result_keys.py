"""What the rows of a query depend on. Equal keys have equal rows, whatever the time, the user and the role.

| part | since |
|---|---|
| the text, and what it does not say: values of PIVOTs, queries of views | it says what is done |
| the engine that is asked for | the answer names one |
| the parameters with their types | `1`, `1.0` and `true` are equal in Python, and not in SQL |
| each relation's tables: folder, version, commit, name, and what the caller sees | it says what is read |

A table's folder belongs to it alone, and a version never changes. So rows are exact for ever; nothing is invalidated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from supertable.application.ports.engines.parsed_statements import Known, Parameters, Statement
from supertable.application.queries.relations.bound_relations import Bound
from supertable.application.tables.open_table import OpenTable
from supertable.domain.engine_choice import EngineName
from supertable.domain.scan.scan_plan import AccessStage

_EXACT = frozenset({type(None), bool, int, float, str, bytes, Decimal, UUID, date, datetime, time, timedelta})
"""Types whose `repr` tells every two values apart that SQL may tell apart."""


@dataclass(frozen=True, slots=True)
class ResultKey:
    sql: str
    known: Known
    engine: EngineName | None
    parameters: str
    relations: tuple[tuple[object, ...], ...]

    @property
    def bytes(self) -> int:
        """About the memory that the key takes."""
        views = sum(len(text.sql) for _, text in self.known.views)
        pivots = sum(len(value) for values in self.known.pivots for value in values)
        seen = sum(len(str(part)) for relation in self.relations for part in relation)
        return 4 * (len(self.sql) + views + pivots + len(self.parameters) + seen)


def result_key(
    sql: str,
    statement: Statement,
    known: Known,
    parameters: Parameters,
    bound: Bound,
    engine: EngineName | None,
) -> ResultKey | None:
    """The key of a checked query; None: its rows depend on more than a key says, so that they are not kept.

    `parameters`: exact ones.
    """
    if statement.explain or bound.given or not statement.repeatable:
        return None
    values = _text_of_parameters(parameters)
    if values is None:
        return None
    relations = tuple(
        (number, *_identity(table)) for number, tables in sorted(bound.opened.items()) for table in tables
    )
    return ResultKey(sql, known, engine, values, relations)


def _identity(table: OpenTable) -> tuple[object, ...]:
    """Names count, since a union of tables has them in its rows."""
    snapshot = table.snapshot
    seen = "" if table.access is None else _text_of_access(table.access)
    return table.folder, snapshot.version, snapshot.commit_id, table.name, seen


def _text_of_access(access: AccessStage) -> str:
    """All that decides what the caller sees of a table."""
    columns = None if access.columns is None else sorted(access.columns)
    return repr((columns, sorted(access.masks.items()), access.condition, access.mask_key))


def _text_of_parameters(parameters: Parameters) -> str | None:
    """None: there is a value of a type that is not known to have an exact text."""
    if isinstance(parameters, Mapping):
        return repr(sorted(parameters.items())) if all(map(_is_exact, parameters.values())) else None
    return repr(list(parameters)) if all(map(_is_exact, parameters)) else None


def _is_exact(value: Any) -> bool:
    if type(value) is list:
        return all(map(_is_exact, value))
    if type(value) is dict:
        return all(type(name) is str and _is_exact(member) for name, member in value.items())
    return type(value) in _EXACT
