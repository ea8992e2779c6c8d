"""The columns of HiveServer2's answers as Arrow arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

_MEMBERS = (
    ("boolVal", pa.bool_()),
    ("byteVal", pa.int8()),
    ("i16Val", pa.int16()),
    ("i32Val", pa.int32()),
    ("i64Val", pa.int64()),
    ("doubleVal", pa.float64()),
    ("stringVal", pa.string()),
    ("binaryVal", pa.binary()),
)


def fetched_array(column: Any, wanted: pa.DataType) -> pa.Array:
    """The column as an array of the type in which it travels."""
    found, kind = next((part, kind) for name, kind in _MEMBERS if (part := getattr(column, name)) is not None)
    array = pa.array(found.values, type=kind, mask=_nulls(found.nulls, len(found.values)))
    return array if kind == wanted else array.cast(wanted)


def _nulls(bits: bytes | str, count: int) -> np.ndarray | None:
    data = bits.encode("latin-1") if isinstance(bits, str) else bits
    if not any(data):
        return None
    found = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")[:count].astype(bool)
    return np.concatenate([found, np.zeros(count - len(found), dtype=bool)])
