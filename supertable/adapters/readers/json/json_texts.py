"""Columns of JSON texts, as DuckDB gives them, converted where there is no doubt what they are.

DuckDB writes fractions anew, with the digits of a float. So whatever is not plain is read another way, from the file's
own text.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type

from supertable.adapters.readers.values.converted_rows import ColumnPlan
from supertable.adapters.readers.values.exact_values import exact_values

_decode_strings = msgspec.json.Decoder(list[str | None]).decode


def from_json(texts: pa.Array, plan: ColumnPlan) -> pa.Array:
    """Raises `pa.ArrowInvalid` where one of the texts is not, or may not be, exactly a value of the column."""
    kind = plan.kind
    if is_type.is_boolean(kind):
        _require(pc.is_in(texts, pa.array(["true", "false", None])))
        return texts.cast(kind)
    if is_type.is_floating(kind):
        return exact_values(texts, kind)
    if is_type.is_integer(kind):
        return texts.cast(kind)
    return exact_values(unquoted(texts), kind, plan.form)


def unquoted(texts: pa.Array) -> pa.StringArray:
    """What JSON strings say. Raises `pa.ArrowInvalid` for other JSON."""
    _require(pc.starts_with(texts, '"'))
    inner = pc.binary_slice(texts.cast(pa.binary()), 1, -1).cast(pa.string())
    escaped = pc.match_substring(inner, "\\")
    if not pc.any(escaped).as_py():
        return inner
    escaped = pc.fill_null(escaped, False)
    try:
        decoded = _decode_strings("[" + ",".join(texts.filter(escaped).to_pylist()) + "]")
        return pc.replace_with_mask(inner, escaped, pa.array(decoded, pa.string()))
    except (msgspec.DecodeError, UnicodeError) as error:
        raise pa.ArrowInvalid(str(error)) from error


def _require(holds: pa.Array) -> None:
    if not pc.all(holds, min_count=0).as_py():
        raise pa.ArrowInvalid("not plain")
