"""`health`, `info` and `whoami`: the server and the caller."""

from __future__ import annotations

from dataclasses import asdict

from supertable.domain.engine_choice import EngineName
from supertable.domain.version import VERSION
from supertable.entrypoints.mcp.answers.rows import MOST_CHARACTERS
from supertable.entrypoints.mcp.tools.call import Answer, Call, Runs


def _health(call: Call) -> Answer:
    unresponsive = call.container.check_health()(call.settings.organization)
    status = f"{unresponsive} does not answer" if unresponsive else "ok"
    return Answer({"status": status}, f"The service is {status}." if not unresponsive else f"The {status}.")


def _info(call: Call) -> Answer:
    settings = call.settings
    members = {
        "name": "SuperTable",
        "version": VERSION,
        "sql": "DuckDB's SELECT, WITH and EXPLAIN; AT (VERSION => n) and AT (TIMESTAMP => t) read the past",
        "engines": [name.upper() for name in EngineName],
        "default_limit": settings.default_limit,
        "max_limit": settings.max_limit,
        "max_characters": MOST_CHARACTERS,
        "max_concurrency": settings.max_concurrency,
        "query_timeout_sec": call.seconds,
    }
    return Answer(members, "This server reads tables; it changes nothing.")


def _whoami(call: Call) -> Answer:
    found = asdict(call.container.who_am_i()(call.session))
    return Answer(found, "You act under one role, which decides what you see.")


RUNS: Runs = {
    "health": _health,
    "info": _info,
    "whoami": _whoami,
}
