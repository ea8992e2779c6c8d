"""Checked predicates from an executor. Only plain data of known classes is unpickled, whatever was sent."""

from __future__ import annotations

import io
import pickle
from typing import Any

from supertable.adapters.engines.duckdb.rows.delete_predicates import RowPredicate
from supertable.domain.errors import QueryFailed

_ALLOWED = frozenset({(RowPredicate.__module__, RowPredicate.__name__), ("fractions", "Fraction")})
_ALLOWED_MODULE = "supertable.domain.scan.predicates"


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED or (module == _ALLOWED_MODULE and name.isidentifier()):
            return super().find_class(module, name)
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
