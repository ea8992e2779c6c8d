"""`list_versions` and `diff_versions`: how a table changed."""

from __future__ import annotations

from typing import Any

from supertable.application.tables.history import HistoryEntry
from supertable.domain.access.roles import Permission
from supertable.domain.schema.types import Field
from supertable.entrypoints.mcp.tools.call import Answer, Call, Runs
from supertable.entrypoints.mcp.tools.queries import rows_of
from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor

_SAMPLE = 20
_KINDS = {"insert": "rows_inserted", "update_after": "rows_updated", "delete": "rows_deleted"}
_REST = "For the rest, call query_sql with table_changes('super.table', from, to) in FROM, LIMIT and OFFSET."


def _list_versions(call: Call) -> Answer:
    listing = f"versions of {call.namespace.supertable}.{call.table}".lower()
    newest = decode_cursor(listing, call.arguments.get("cursor"), int)
    found = call.container.table_history()(call.namespace, call.table, call.limit + 1, newest)
    shown, rest = found[: call.limit], found[call.limit :]
    cursor = encode_cursor(listing, rest[0].version) if rest else None
    more = " There are older ones: call again with this next_cursor as cursor." if rest else ""
    versions = [_version(entry) for entry in shown]
    return Answer({"versions": versions, "next_cursor": cursor}, f"{len(versions)} versions, newest first.{more}")


def _version(entry: HistoryEntry) -> dict[str, Any]:
    names = ("rows_inserted", "rows_updated", "rows_deleted", "predicate", "reason", "restored", "description")
    optional = {name: getattr(entry, name) for name in names}
    told = {name: value for name, value in optional.items() if value not in (None, "")}
    return {"version": entry.version, "committed_at": entry.committed_at, "operation": entry.operation, **told}


def _diff_versions(call: Call) -> Answer:
    tables = call.container.tables()
    table = tables.open(call.namespace, call.table, Permission.META)
    before = tables.as_of(table, call.arguments["from_version"])
    after = tables.as_of(table, call.arguments.get("to_version"))
    ends = before.snapshot.version, after.snapshot.version
    source = f"table_changes('{call.namespace.supertable}.{call.table}', {ends[0]}, {ends[1]})"
    counted = rows_of(call, f"SELECT _change, count(*) FROM {source} GROUP BY _change", len(_KINDS) + 1, "")
    counts: dict[str, Any] = dict(counted.rows)
    changed = rows_of(call, f"SELECT * FROM {source}", call.limit_or(_SAMPLE), _REST)
    members = {
        "from_version": ends[0],
        "to_version": ends[1],
        **{name: counts.get(kind, 0) for kind, name in _KINDS.items()},
        "schema_changes": _schema_changes(before.schema.fields, after.schema.fields),
        "changes": changed.members,
    }
    return Answer(members, f"What changed after version {ends[0]} up to {ends[1]}, as far as you see it.")


def _schema_changes(before: tuple[Field, ...], after: tuple[Field, ...]) -> list[str]:
    old, new = ({field.name: str(field.type) for field in fields} for fields in (before, after))
    added = [f"added {name}: {kind}" for name, kind in new.items() if name not in old]
    removed = [f"removed {name}" for name in old if name not in new]
    changed = [f"{name}: {old[name]} to {kind}" for name, kind in new.items() if old.get(name, kind) != kind]
    return [*added, *removed, *changed]


RUNS: Runs = {
    "list_versions": _list_versions,
    "diff_versions": _diff_versions,
}
