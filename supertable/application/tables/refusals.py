"""Refusals of requests that are opened together: each request's own, with its id in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from supertable.application.audit_recorder import serving
from supertable.application.tables.access_check import Request
from supertable.domain.errors import SupertableError

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Refusals:
    """`requested`: the ids of the requests over the network, at least one, that ask for each. `errors`: of those that
    were refused."""

    requested: Mapping[Request, Sequence[str]]
    errors: dict[Request, SupertableError] = field(default_factory=dict)

    def found(self, request: Request, find: Callable[[], Found]) -> Found | None:
        """What `find` returns; None if it raises. It then runs for each id, since it records the refusal."""
        for id_ in self.requested[request]:
            with serving(id_):
                try:
                    return find()
                except SupertableError as error:
                    self.errors[request] = error
        return None
