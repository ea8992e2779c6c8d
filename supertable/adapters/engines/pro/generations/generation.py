"""A generation: a database with the live rows of one relation at one version."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from supertable.adapters.engines.duckdb.types import quoted
from supertable.domain.schema.types import Field
from supertable.domain.table.snapshots import Snapshot


@dataclass(slots=True, eq=False)
class Generation:
    """Its table `t` has the columns `c<field id>`, sorted by the table's keys, and two that locate each row: the number
    of its file, and its position there. Queries under way see the version that they began with.

    `name`: of the database, which nobody can guess. `fields`: of the columns, by id. `snapshot`: the version of the
    rows. `numbers`: of its files, by path; `next_number` is used by none. `dead`: the bitmaps of files with dead rows,
    by path. `rows`: in the table, with `loose` ones: those that came since it was sorted, and those that died since.
    `bytes`: what it takes. `holders`: the queries under way. `retired`: it goes with its last holder.
    """

    fields: Mapping[int, Field]
    snapshot: Snapshot
    numbers: dict[str, int]
    next_number: int
    dead: dict[str, bytes]
    rows: int = 0
    loose: int = 0
    bytes: int = 0
    holders: int = 0
    retired: bool = False
    name: str = field(default_factory=lambda: f"st_g{secrets.token_hex(16)}")

    def copied(self) -> Generation:
        """A generation of the same rows, with a name of its own."""
        return Generation(
            self.fields, self.snapshot, dict(self.numbers), self.next_number, dict(self.dead), self.rows, self.loose
        )

    @property
    def version(self) -> int:
        return self.snapshot.version

    def holds(self, fields: Iterable[Field]) -> bool:
        """Whether it has these columns, with these types."""
        return all((held := self.fields.get(one.id)) is not None and held.type == one.type for one in fields)

    def sql(self, fields: Iterable[Field], unnamed: str, fenced: bool) -> str:
        """A query of columns, by their names in `fields`; without any, of one named `unnamed`. `fenced`: no expression
        of the statement is evaluated on rows that died since the table was sorted."""
        columns = [f"{column(one)} AS {quoted(one.name)}" for one in fields] or [f"true AS {quoted(unnamed)}"]
        fence = " LIMIT 9223372036854775807" if fenced and self.loose else ""
        return f"SELECT {', '.join(columns)} FROM {self.name}.t{fence}"


def column(one: Field) -> str:
    return f"c{one.id}"
