"""Text that SQL assigns to columns of other types.

A quoted literal of SQL has no type of its own. So text becomes a value of a column by the rule by which a load reads
text: it is exactly that value, or it is refused.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as is_type

from supertable.application.ports.readers import TextValues
from supertable.application.storage.arrow.arrow_schemas import arrow_type
from supertable.application.storage.incoming.misfits import misfit
from supertable.domain.schema.types import Field

_NOT_FROM_TEXT = frozenset({"string", "binary", "list", "struct", "map"})


def is_from_text(given: pa.DataType, field: Field) -> bool:
    """Whether values of the column are made of text if they are given as this type."""
    is_text = is_type.is_string(given) or is_type.is_large_string(given) or is_type.is_string_view(given)
    return is_text and field.type.name not in _NOT_FROM_TEXT


def values_of_text(texts: pa.Array, field: Field, text_values: TextValues) -> pa.Array:
    """Raises `InvalidSchema` for text that is no value of the column."""
    kind = arrow_type(field.type)

    def convert(part: pa.Array) -> pa.Array:
        return text_values(part.cast(pa.string()), kind)

    try:
        return convert(texts)
    except pa.ArrowInvalid:
        reason = f"the text does not fit {field.type} exactly"
        raise misfit(field.name, reason, convert, texts, "Correct it first") from None
