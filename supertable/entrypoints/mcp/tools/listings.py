"""`list_supers`, `list_tables` and `get_super_meta`: what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from supertable.application.tables.table_info import TableInfo
from supertable.domain.access.roles import Permission
from supertable.domain.names import name_key
from supertable.entrypoints.mcp.tools.call import Answer, Call, Runs
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor

Item = TypeVar("Item")

_SHORT = 200


def page(
    call: Call, listing: str, items: Sequence[Item], key: Callable[[Item], str]
) -> tuple[Sequence[Item], dict[str, Any], str]:
    """The items of this page, the member with the cursor of the next one, and words on it.

    `items` are ordered by `key`, a text that no two share.
    """
    after = decode_cursor(listing, call.arguments.get("cursor"), str)
    rest = [item for item in items if after is None or key(item) > after]
    shown = rest[: call.limit]
    if len(shown) == len(rest):
        return shown, {"next_cursor": None}, ""
    return (
        shown,
        {"next_cursor": encode_cursor(listing, key(shown[-1]))},
        f" There are {len(rest) - len(shown)} more: call again with this next_cursor as cursor.",
    )


def _list_supers(call: Call) -> Answer:
    found = call.container.list_supertables()(call.session)
    shown, cursor, more = page(call, "supers", found, lambda one: one.name)
    supers = [{"name": one.name, "tables": one.tables} for one in shown]
    return Answer({"supers": supers, **cursor}, f"{len(supers)} supertables.{more}")


def _list_tables(call: Call) -> Answer:
    opened = call.container.tables().all(call.namespace, Permission.META, views=True)
    listing = f"tables of {name_key(call.namespace.supertable)}"
    shown, cursor, more = page(
        call, listing, sorted(opened, key=lambda one: name_key(one.name)), lambda one: name_key(one.name)
    )
    tables = []
    for one in shown:
        comment = one.snapshot.definition.comment
        rows = one.snapshot.rows if one.access is None and not one.entry.view else None
        kind = {"view": True} if one.entry.view else {}
        tables.append({"name": one.name, "rows": rows, "comment": _shortened(comment), **kind})
    return Answer({"tables": tables, **cursor}, f"{len(tables)} tables.{more}{_nothing(tables)}")


def _get_super_meta(call: Call) -> Answer:
    found = call.container.list_supertables().one(call.namespace)
    tables = [TableInfo.of(one) for one in call.container.tables().all(call.namespace, Permission.META)]
    whole = all(table.rows is not None for table in tables)
    members = {
        "name": found.name,
        "organization": call.namespace.organization,
        "tables": found.tables,
        "rows": sum(table.rows or 0 for table in tables) if whole else None,
        "bytes": sum(table.bytes or 0 for table in tables) if whole else None,
        "updated_at": max((table.updated_at for table in tables), default=None),
    }
    summary = "" if whole else " Totals are not told, since your role sees some tables only in part."
    return Answer(members, f"The supertable has {found.tables} tables that you may read.{summary}")


def _shortened(comment: str) -> str:
    return comment if len(comment) <= _SHORT else comment[:_SHORT] + "…"


def _nothing(tables: Sequence[object]) -> str:
    return "" if tables else " Call list_supers for the supertables in which you may read tables."


RUNS: Runs = {
    "list_supers": _list_supers,
    "list_tables": _list_tables,
    "get_super_meta": _get_super_meta,
}
