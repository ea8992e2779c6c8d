"""Hints that name options of the command line. They end an error's reason, and can be removed for other users."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as is_type

INFER_TYPES = "To infer the types from every row, use --sample-size -1."
INFER_COLUMNS = "To infer the columns from every row, use --sample-size -1."
ALL_TEXT = "To read every column as text, use --all-text."
AS_TEXT = "To load it as text, use --type COLUMN=string in a new table."
DATE_FORMAT = "If dates are written otherwise than 2024-01-31, name their format with --date-format."
DECIMAL_COMMA = "If numbers have a decimal comma, use --decimal ','."
SET_ASIDE = "To leave such rows out, use --on-error skip or rejects."
NULL = "If the value means null, name it with --null."
PAD_SHORT_ROWS = "To fill short rows with nulls, use --lenient."
LENIENT = "To accept them as they are, use --lenient."
MIXED_LINE_ENDS = "To accept mixed line ends, use --lenient."
JSON = "To read it as JSON, use --format json or ndjson."
SKIP = "To leave out lines above the header, use --skip."
PLAIN_QUOTES = "To read quotes as ordinary text, use --quote ''."
DELIMITER = "If the delimiter is unusual, name it with --delimiter."
LONGER_LINES = "To allow longer lines, raise --max-line-size."
LONGER_OBJECTS = "To allow longer objects, raise --max-line-size."
ENCODING = "Name the encoding with --encoding, for example latin-1, cp1252 or utf-16."
UTF_16 = "If it is UTF-16 without a byte order mark, use --encoding utf-16-le or utf-16-be."


def of_misfit(value: str, kind: pa.DataType) -> str:
    """The hints for a value that is not exactly a `kind`."""
    first = []
    if is_type.is_date(kind) or is_type.is_timestamp(kind):
        first = [DATE_FORMAT]
    elif "," in value and (is_type.is_floating(kind) or is_type.is_decimal(kind)):
        first = [DECIMAL_COMMA]
    return " ".join([*first, NULL, SET_ASIDE])


_ALL = [value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str)]


def without_hints(reason: str) -> str:
    """The reason without the hints of this module."""
    for hint in _ALL:
        reason = reason.replace(f" {hint}", "")
    return reason
