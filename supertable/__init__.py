"""SuperTable: a small data warehouse and catalog that needs no server to start.

    import supertable

    lake = supertable.connect()
    lake.create_table("orders", orders.schema, keys=["id"])
    lake.write("orders", orders, mode="upsert")
    lake.sql("SELECT count(*) FROM orders").arrow()

The error classes, such as `supertable.TableNotFound`, are attributes of this module too. Modules are imported on first
use, so that `import supertable` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supertable.domain.version import VERSION

if TYPE_CHECKING:
    from supertable.domain.errors import SupertableError as SupertableError
    from supertable.entrypoints.sdk.connect import connect as connect
    from supertable.entrypoints.sdk.lakes.lake import Lake as Lake
    from supertable.entrypoints.sdk.results.result import Result as Result
    from supertable.entrypoints.sdk.tables.table import Table as Table

__version__ = VERSION
__all__ = ["Lake", "Result", "SupertableError", "Table", "connect"]

_MODULES = {
    "connect": "supertable.entrypoints.sdk.connect",
    "Lake": "supertable.entrypoints.sdk.lakes.lake",
    "Result": "supertable.entrypoints.sdk.results.result",
    "Table": "supertable.entrypoints.sdk.tables.table",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    errors = importlib.import_module("supertable.domain.errors")
    error = getattr(errors, name, None)
    if isinstance(error, type) and issubclass(error, errors.SupertableError):
        return error
    raise AttributeError(f"module 'supertable' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_MODULES]
