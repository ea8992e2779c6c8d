"""`/problems`: what each type of problem means, where its address leads."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from supertable.entrypoints.web.problems import catalogue


@get("/problems", include_in_schema=False, sync_to_thread=False)
def problem_types() -> list[dict[str, Any]]:
    return catalogue()


@get("/problems/{name:str}", include_in_schema=False, sync_to_thread=False)
def problem_type(name: FromPath[str]) -> dict[str, Any]:
    found = next((entry for entry in catalogue() if entry["type"] == f"/problems/{name}"), None)
    if found is None:
        raise NotFoundException
    return found


HANDLERS = (problem_types, problem_type)
