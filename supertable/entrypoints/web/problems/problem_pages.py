"""`/problems`: the pages that the types of problems lead to. They explain what each type means."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from supertable.entrypoints.web.problems.problem_documents import problem_catalogue


@get("/problems", include_in_schema=False, sync_to_thread=False)
def list_problems() -> list[dict[str, Any]]:
    return problem_catalogue()


@get("/problems/{name:str}", include_in_schema=False, sync_to_thread=False)
def describe_problem(name: FromPath[str]) -> dict[str, Any]:
    found = next((entry for entry in problem_catalogue() if entry["type"] == f"/problems/{name}"), None)
    if found is None:
        raise NotFoundException
    return found


HANDLERS = (list_problems, describe_problem)
