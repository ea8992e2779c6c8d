"""`query_sql` and `explain_query`: statements that read, through the one use case that runs SQL."""

from __future__ import annotations

import re
from typing import Any

from supertable.application.queries.run_query import PreparedQuery
from supertable.domain.engine_choice import EngineName, engine_name
from supertable.entrypoints.mcp.answers.rows import TakenRows, taken_rows
from supertable.entrypoints.mcp.tools.call import Answer, Call, Runs

_REST = "For the rest, call again with ORDER BY … LIMIT n OFFSET {count} in the SQL, or a higher `limit`; or aggregate."
_EXPLAIN = re.compile(r"\s*explain\b", re.IGNORECASE)


def _query_sql(call: Call) -> Answer:
    prepared = _prepared(call, call.arguments["sql"])
    taken = _run(call, prepared, call.limit, _REST)
    engine = {"engine": prepared.chosen.name, "engine_reason": prepared.chosen.reason}
    members = {**taken.members, "versions": prepared.versions, **engine}
    return Answer(members, f"{len(taken.rows)} rows{'' if taken.complete else ', of more'}.")


def _explain_query(call: Call) -> Answer:
    sql = call.arguments["sql"]
    prepared = _prepared(call, sql if _EXPLAIN.match(sql) else f"EXPLAIN {sql}")
    taken = _run(call, prepared, call.settings.max_limit, "")
    plan = "\n".join(str(row[-1]) for row in taken.rows)
    return Answer({"plan": plan, "versions": prepared.versions}, "The plan of the query, which was not run.")


def rows_of(call: Call, sql: str, count: int, how_to_get_the_rest: str, parameters: Any = ()) -> TakenRows:
    """Up to `count` rows of a statement of ours."""
    return _run(call, _prepared(call, sql, parameters), count, how_to_get_the_rest, parameters)


def _prepared(call: Call, sql: str, parameters: Any = ()) -> PreparedQuery:
    engine: EngineName | None = engine_name(call.arguments["engine"]) if "engine" in call.arguments else None
    call.cancellation.require_wanted()
    prepared: PreparedQuery = call.container.run_query().prepare(call.namespace, sql, parameters, engine)
    return prepared


def _run(call: Call, prepared: PreparedQuery, count: int, rest: str, parameters: Any = ()) -> TakenRows:
    run_query = call.container.run_query()
    running = run_query.run(prepared, parameters, call.limits)
    try:
        call.cancellation.attach(running, lambda: run_query.recheck(prepared))
        return taken_rows(running.reader, count, rest)
    finally:
        running.close()


RUNS: Runs = {
    "query_sql": _query_sql,
    "explain_query": _explain_query,
}
