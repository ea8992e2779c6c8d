"""Checked predicates from an executor. Only plain data of known classes is unpickled, whatever was sent."""

from __future__ import annotations

import io
import pickle
from fractions import Fraction
from typing import Any

from supertable.adapters.engines.duckdb.rows.delete_predicates import RowPredicate
from supertable.domain.errors import QueryFailed
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest

_ALLOWED = {
    (kind.__module__, kind.__name__): kind for kind in (RowPredicate, Compare, IsIn, NullTest, All, AnyOf, Fraction)
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")


def predicate_of(data: bytes | bytearray) -> RowPredicate:
    """Raises `QueryFailed` if the data is anything else."""
    try:
        found = _Unpickler(io.BytesIO(data)).load()
    except Exception:  # noqa: BLE001 - unpickling raises anything
        found = None
    if not isinstance(found, RowPredicate):
        raise QueryFailed("The engine's answer is not a predicate.")
    return found
