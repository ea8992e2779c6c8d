"""What stands in place of a column's values where a role may know that there are some, and not which."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from supertable.domain.errors import InvalidInput
from supertable.domain.types import DataType

_MOST_SHOWN = 64


class MaskKind(StrEnum):
    NULL = "null"
    CONSTANT = "constant"
    HASH = "hash"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Mask:
    """`constant`: the text of CONSTANT. `first` and `last`: how many characters PARTIAL shows at either end.

    HASH gives equal texts for equal values, keyed by the deployment, so that nobody can look them up. A null stays null
    under every mask but CONSTANT. A text that is not longer than what PARTIAL shows is hidden as a whole.
    """

    kind: MaskKind
    constant: str = ""
    first: int = 0
    last: int = 0

    def masked_type(self, kind: DataType) -> DataType:
        """The type of the masked column. Raises `InvalidInput` where the mask does not fit."""
        if self.kind is MaskKind.NULL:
            return kind
        if self.kind is MaskKind.PARTIAL and kind.name != "string":
            raise InvalidInput(f"A partial mask is for text; the column is {kind}.")
        if kind.fields:
            raise InvalidInput(f"A {self.kind} mask is for single values; the column is {kind}. Use null.")
        return DataType("string")


def checked_mask(mask: Mask) -> Mask:
    """Raises `InvalidInput`."""
    if not 0 <= mask.first + mask.last <= _MOST_SHOWN or min(mask.first, mask.last) < 0:
        raise InvalidInput(f"A partial mask shows up to {_MOST_SHOWN} characters.")
    if mask.kind is MaskKind.PARTIAL and mask.first + mask.last == 0:
        raise InvalidInput("A partial mask shows some characters at the beginning or the end; use null for none.")
    return mask
