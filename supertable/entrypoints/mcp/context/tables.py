"""Tables as resources, and their names for completion, as the caller's role sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from supertable.domain.access.roles import Permission
from supertable.domain.errors import NotFound
from supertable.domain.names import name_key
from supertable.entrypoints.mcp.tools.call import Call

SCHEME = "supertable://"
_ADDRESS = re.compile(r"supertable://(?P<super_name>[A-Za-z0-9_]{1,128})/(?P<table>[A-Za-z0-9_]{1,128})", re.ASCII)
MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class TableResource:
    super_name: str
    name: str
    comment: str

    @property
    def address(self) -> str:
        return f"{SCHEME}{self.super_name}/{self.name}"


def super_names(call: Call) -> list[str]:
    return [info.name for info in call.container.list_supertables()(call.session)]


def tables_of(call: Call) -> list[TableResource]:
    """The tables of the call's supertable, by name."""
    super_name = name_key(call.namespace.supertable)
    opened = call.container.tables().all(call.namespace, Permission.META)
    found = [TableResource(super_name, table.name, table.snapshot.definition.comment) for table in opened]
    return sorted(found, key=lambda table: table.address)


def parts_of(address: str) -> dict[str, str]:
    """The supertable and table of a resource. Raises `NotFound`."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise NotFound("There is no such resource. Addresses are like supertable://main/orders.")
    return found.groupdict()


def beginning_with(start: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if name.lower().startswith(start.lower())]
