"""`resources/…`, `prompts/…` and `completion/complete`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import mcp_types as types
import msgspec
from mcp.shared.exceptions import MCPError

from supertable.domain.names import DEFAULT_SUPERTABLE
from supertable.entrypoints.mcp.answers.errors import error_text
from supertable.entrypoints.mcp.context.prompts import PROMPTS, filled
from supertable.entrypoints.mcp.protocol.calls import ConnectionOf, Context
from supertable.entrypoints.mcp.protocol.execution import Execution
from supertable.entrypoints.mcp.tools.cancellation import Cancellation

if TYPE_CHECKING:
    from supertable.entrypoints.mcp.context.tables import TableResource
    from supertable.entrypoints.mcp.tools.call import Call
    from supertable.entrypoints.mcp.tools.desk import Desk

Result = TypeVar("Result")
_JSON = "application/json"
_TEMPLATE = types.ResourceTemplate(
    name="table",
    uri_template="supertable://{super_name}/{table}",
    description="A table: its columns, types, keys and comments.",
    mime_type=_JSON,
)
_ARGUMENTS = [
    types.PromptArgument(name="table", description="The table.", required=True),
    types.PromptArgument(name="super_name", description=f"Its supertable; {DEFAULT_SUPERTABLE} unless given."),
]
_UNTRUSTED = {"supertable/untrusted": True}


class ContextRequests:
    """Arguments: see `ToolCalls`."""

    def __init__(self, desk: Callable[[], Desk], connection_of: ConnectionOf, execution: Execution) -> None:
        self._desk = desk
        self._connection_of = connection_of
        self._execution = execution

    async def list_resources(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """The tables of all supertables that the caller sees; one page for each supertable."""
        return await self._as_caller(context, {}, lambda call: _resources(call, params.cursor if params else None))

    async def list_templates(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[_TEMPLATE])

    async def read(self, context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        from supertable.entrypoints.mcp.context.tables import parts_of

        def described(call: Call) -> str:
            from supertable.entrypoints.mcp.tools.desk import RUNS

            return json.dumps(msgspec.to_builtins(RUNS["describe_table"](call).members), ensure_ascii=False)

        try:
            parts = parts_of(params.uri)
        except Exception as error:  # noqa: BLE001
            raise _refused(error) from None
        text = await self._as_caller(context, parts, described)
        contents = types.TextResourceContents(uri=params.uri, mime_type=_JSON, text=text, _meta=_UNTRUSTED)
        return types.ReadResourceResult(contents=[contents])

    async def list_prompts(self, _: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[types.Prompt(name=p.name, description=p.about, arguments=_ARGUMENTS) for p in PROMPTS.values()]
        )

    async def get_prompt(self, _: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        try:
            text = filled(params.name, params.arguments or {})
        except Exception as error:  # noqa: BLE001
            raise _refused(error) from None
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=PROMPTS[params.name].about, messages=[message])

    async def complete(self, context: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Names of supertables and tables that the caller sees."""
        known = params.context.arguments if params.context and params.context.arguments else {}
        given = {"super_name": known["super_name"]} if "super_name" in known else {}
        wanted, start = params.argument.name, params.argument.value

        def names(call: Call) -> list[str]:
            from supertable.entrypoints.mcp.context.tables import beginning_with, super_names, tables_of

            found = super_names(call) if wanted == "super_name" else [table.name for table in tables_of(call)]
            return beginning_with(start, found)

        values = await self._as_caller(context, given, names) if wanted in {"table", "super_name"} else []
        shown = types.Completion(values=values[:100], total=len(values), has_more=len(values) > 100)
        return types.CompleteResult(completion=shown)

    async def _as_caller(self, context: Context, given: Mapping[str, Any], work: Callable[[Call], Result]) -> Result:
        """What `work` returns for a call by the connection's own user. Its errors become the protocol's."""
        cancellation = Cancellation()

        def run() -> Result:
            return work(self._desk().call(self._connection_of(context), given, cancellation))

        async def unreported(_: float, __: str) -> None: ...

        try:
            return await self._execution.run(run, cancellation, unreported)
        except Exception as error:  # noqa: BLE001 - told without its details
            raise _refused(error) from None


def _resources(call: Call, cursor: str | None) -> types.ListResourcesResult:
    from supertable.entrypoints.mcp.context.tables import super_names, tables_of
    from supertable.entrypoints.web.requests.cursors import decode_cursor, encode_cursor

    after = decode_cursor("resources", cursor, str)
    rest = [name for name in super_names(call) if after is None or name > after]
    call.arguments = {"super_name": rest[0]} if rest else {}
    tables = tables_of(call) if rest else []
    next_cursor = encode_cursor("resources", rest[0]) if len(rest) > 1 else None
    return types.ListResourcesResult(resources=[_resource(table) for table in tables], next_cursor=next_cursor)


def _resource(table: TableResource) -> types.Resource:
    return types.Resource(
        uri=table.address,
        name=f"{table.super_name}.{table.name}",
        description=table.comment[:200] or None,
        mime_type=_JSON,
        _meta=_UNTRUSTED,
    )


def _refused(error: Exception) -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=error_text(error, {}))
