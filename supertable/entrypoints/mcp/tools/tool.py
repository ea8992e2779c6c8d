"""What a tool is to its callers: its name, what it is for, its arguments, and the members of its answers.

Nothing here needs the engine, so that a client that starts the server has its list of tools at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supertable.entrypoints.mcp.tools.arguments import Argument

CALLER = (Argument("user_hash"), Argument("auth_token"))
ORGANIZATION = Argument("organization")
SUPER = (Argument("super_name"), ORGANIZATION, *CALLER)
TABLE = (Argument("table", required=True), *SUPER)
LIMIT = Argument("limit", "integer", least=1)
CURSOR = Argument("cursor", about="next_cursor of the last answer")
SQL = Argument("sql", required=True)
ENGINE = Argument("engine", about="AUTO, LITE, PRO or SPARK")
SECONDS = Argument("query_timeout_sec", "number", least=0, most=86_400)
_ROWS = {"columns": "array", "rows": "array", "row_count": "integer", "complete": "boolean", "notes": "array"}


@dataclass(frozen=True, slots=True)
class Tool:
    """`about`: for the model. `output`: the JSON types of the members of its answers. `signed_in`: whether it needs a
    caller. `untrusted`: whether its answers hold text that writers of tables chose."""

    name: str
    about: str
    output: Mapping[str, str]
    arguments: tuple[Argument, ...] = SUPER
    signed_in: bool = True
    untrusted: bool = True

    def output_schema(self) -> dict[str, Any]:
        properties = {name: _schema(kind) for name, kind in self.output.items()}
        return {"type": "object", "properties": properties, "required": list(self.output)}


def _schema(kind: str) -> dict[str, Any]:
    """`integer|null`: both types."""
    types = kind.split("|")
    return {"type": types[0] if len(types) == 1 else types}


_TOOLS = (
    Tool(
        "health",
        "Whether the catalog and the storage answer.",
        {"status": "string"},
        (),
        signed_in=False,
        untrusted=False,
    ),
    Tool(
        "info",
        "Version, SQL dialect and limits.",
        {"name": "string", "version": "string", "default_limit": "integer", "max_limit": "integer"},
        (),
        signed_in=False,
        untrusted=False,
    ),
    Tool(
        "whoami",
        "The user, role and permissions that you act under.",
        {"organization": "string", "user": "string", "user_hash": "string", "role": "string", "permissions": "array"},
        CALLER,
        untrusted=False,
    ),
    Tool(
        "list_supers",
        "Supertables (databases) that you may read.",
        {"supers": "array", "next_cursor": "string|null"},
        (ORGANIZATION, *CALLER, LIMIT, CURSOR),
        untrusted=False,
    ),
    Tool(
        "list_tables",
        "Tables and views of a supertable (default main).",
        {"tables": "array", "next_cursor": "string|null"},
        (*SUPER, LIMIT, CURSOR),
    ),
    Tool(
        "describe_table",
        "Columns, types, keys and comments of a table. Call before writing SQL.",
        {"name": "string", "version": "integer", "rows": "integer|null", "keys": "array", "columns": "array"},
        TABLE,
    ),
    Tool(
        "get_table_stats",
        "Nulls, distinct values, minimum and maximum of each column. Reads all rows.",
        {"name": "string", "version": "integer", "rows": "integer", "columns": "array"},
        TABLE,
    ),
    Tool(
        "get_super_meta",
        "Number of tables, rows and bytes of a supertable.",
        {"name": "string", "tables": "integer", "rows": "integer|null", "bytes": "integer|null"},
        untrusted=False,
    ),
    Tool("sample_data", "A few rows of a table (default 10).", _ROWS, (*TABLE, LIMIT)),
    Tool(
        "query_sql",
        "Run one SELECT (DuckDB SQL). Names tables of super_name, or other.table.",
        {**_ROWS, "versions": "object", "engine": "string", "engine_reason": "string"},
        (SQL, *SUPER, LIMIT, ENGINE, SECONDS),
    ),
    Tool(
        "explain_query",
        "The plan of a SELECT, without running it.",
        {"plan": "string", "versions": "object"},
        (SQL, *SUPER, ENGINE),
    ),
    Tool(
        "list_versions",
        "A table's versions, newest first: when, which operation, how many rows.",
        {"versions": "array", "next_cursor": "string|null"},
        (*TABLE, LIMIT, CURSOR),
    ),
    Tool(
        "diff_versions",
        "Rows and columns that changed between two versions (to: default newest).",
        {
            "rows_inserted": "integer",
            "rows_updated": "integer",
            "rows_deleted": "integer",
            "schema_changes": "array",
            "changes": "object",
        },
        (
            *TABLE,
            Argument("from_version", "integer", required=True, least=1),
            Argument("to_version", "integer", least=1),
            LIMIT,
        ),
    ),
    Tool(
        "get_quality_report",
        "Results of a table's quality rules.",
        {"name": "string", "rules": "array", "report": "object|null"},
        TABLE,
        untrusted=False,
    ),
)
TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _TOOLS}
