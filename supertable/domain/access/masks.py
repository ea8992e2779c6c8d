"""Column masks: what a role sees in place of values that it may not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from supertable.domain.errors import InvalidInput
from supertable.domain.names import checked_text
from supertable.domain.schema.types import DataType

_MOST_SHOWN = 64
_MOST_CONSTANT = 256
_END = re.compile(r"(first|last):(\d{1,9})", re.ASCII)


class MaskKind(StrEnum):
    NULL = "null"
    CONSTANT = "constant"
    HASH = "hash"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Mask:
    """`constant`: the text of CONSTANT. `first` and `last`: how many characters PARTIAL shows at either end.

    HASH gives equal texts for equal values. The hash is keyed by the deployment, so values cannot be looked up. A null
    stays null under every mask but CONSTANT. PARTIAL hides a text completely if it would show all its characters.
    """

    kind: MaskKind
    constant: str = ""
    first: int = 0
    last: int = 0

    def masked_type(self, kind: DataType) -> DataType:
        """The type of the masked column. Raises `InvalidInput` where the mask cannot be used for columns of `kind`."""
        if self.kind is MaskKind.NULL:
            return kind
        if self.kind is MaskKind.PARTIAL and kind.name != "string":
            raise InvalidInput(f"A partial mask is for text; the column is {kind}.")
        if kind.fields:
            raise InvalidInput(f"A {self.kind} mask is for single values; the column is {kind}. Use null.")
        return DataType("string")

    def __str__(self) -> str:
        """The text that `parsed_mask` reads."""
        if self.kind is MaskKind.CONSTANT:
            return f"constant:{self.constant}"
        if self.kind is MaskKind.PARTIAL:
            ends = (("first", self.first), ("last", self.last))
            return ",".join(f"{end}:{count}" for end, count in ends if count)
        return self.kind.value


def parsed_mask(text: str) -> Mask:
    """Parses `null`, `hash`, `constant:TEXT`, `first:2`, `last:4` or `first:2,last:4`. Raises `InvalidInput`."""
    kind, colon, rest = checked_text("A mask", text, _MOST_CONSTANT + len("constant:")).partition(":")
    if text in (MaskKind.NULL, MaskKind.HASH):
        return Mask(MaskKind(text))
    if kind == MaskKind.CONSTANT and colon:
        return checked_mask(Mask(MaskKind.CONSTANT, constant=rest))
    ends = [_END.fullmatch(end) for end in text.split(",")]
    shown = {end[1]: int(end[2]) for end in ends if end}
    if len(shown) < len(ends):
        raise InvalidInput(
            f"There is no mask {text!r}. Use null, hash, constant:TEXT, first:2, last:4, or first:2,last:4."
        )
    return checked_mask(Mask(MaskKind.PARTIAL, first=shown.get("first", 0), last=shown.get("last", 0)))


def checked_mask(mask: Mask) -> Mask:
    """Returns the mask unchanged. Raises `InvalidInput` where a length is out of bounds."""
    checked_text("The constant of a mask", mask.constant, _MOST_CONSTANT)
    if not 0 <= mask.first + mask.last <= _MOST_SHOWN or min(mask.first, mask.last) < 0:
        raise InvalidInput(f"A partial mask can show up to {_MOST_SHOWN} characters.")
    if mask.kind is MaskKind.PARTIAL and mask.first + mask.last == 0:
        raise InvalidInput(
            "A partial mask must show some characters at the beginning or the end. To show none, use null."
        )
    return mask
