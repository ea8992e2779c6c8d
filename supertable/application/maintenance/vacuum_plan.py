"""What one vacuum of a table removes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supertable.domain.maintenance.vacuum import Removal, emptied_reason
from supertable.domain.storage_layout import record_key


@dataclass(frozen=True, slots=True)
class VacuumPlan:
    """`folder`: of the table. `objects`: data files and deletion vectors. `checkpoints`: superseded ones, once those of
    the versions `new_checkpoints` are written. `values`: what records lose: the bytes of the rows of each file, by
    version and path. `in_use`: bytes that running queries need. `waiting`: see `VacuumResult`.
    """

    folder: str
    oldest: int
    objects: Sequence[Removal]
    checkpoints: Sequence[Removal]
    new_checkpoints: Sequence[int]
    values: Mapping[int, Mapping[str, int]]
    in_use: int
    waiting: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.removals or self.values or self.in_use)

    @property
    def removals(self) -> tuple[Removal, ...]:
        """All objects that are removed, by key."""
        return tuple(sorted([*self.objects, *self.checkpoints], key=lambda removal: removal.key))

    @property
    def emptied(self) -> tuple[Removal, ...]:
        """The records that lose values, in the order of `values`."""
        return tuple(
            Removal(record_key(self.folder, version), sum(sizes.values()), emptied_reason(version, self.oldest))
            for version, sizes in self.values.items()
        )
