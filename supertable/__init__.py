"""SuperTable: a small data warehouse and catalog that needs no server to start.

    import supertable

    lake = supertable.connect()
    lake.create_table("orders", orders.schema, keys=["id"])
    lake.write("orders", orders, mode="upsert")
    lake.sql("SELECT count(*) FROM orders").arrow()

Everything heavy is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from supertable.domain.errors import SupertableError as SupertableError
    from supertable.entrypoints.sdk.lake import Lake as Lake
    from supertable.entrypoints.sdk.lake import connect as connect
    from supertable.entrypoints.sdk.result import Result as Result
    from supertable.entrypoints.sdk.table import Table as Table

__version__ = "0.1.0"
__all__ = ["Lake", "Result", "SupertableError", "Table", "connect"]

_HOMES = {
    "connect": "supertable.entrypoints.sdk.lake",
    "Lake": "supertable.entrypoints.sdk.lake",
    "Result": "supertable.entrypoints.sdk.result",
    "Table": "supertable.entrypoints.sdk.table",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    errors = importlib.import_module("supertable.domain.errors")
    found = getattr(errors, name, None)
    if isinstance(found, type) and issubclass(found, errors.SupertableError):
        return found
    raise AttributeError(f"module 'supertable' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
