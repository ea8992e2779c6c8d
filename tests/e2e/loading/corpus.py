"""Small files of every kind that people load, each with the rows that are right, or the error."""

from __future__ import annotations

import pyarrow as pa

from tests.e2e.loading.cases import AT, Case, parquet, refused
from tests.e2e.loading.json_cases import JSON
from tests.e2e.loading.text_cases import TEXT

FAR = [AT(9999, 12, 31), AT(1, 1, 1), None]

OTHERS: dict[str, Case] = {
    # Parquet and Arrow
    "Parquet without values": Case({"a.parquet": parquet(pa.table({"n": [1], "a": pa.nulls(1)}))}, [(1, None)], "n a"),
    "INT96 of any year": Case(
        {"a.parquet": parquet(pa.table({"a": FAR}), use_deprecated_int96_timestamps=True)},
        [(value,) for value in FAR],
        "a",
    ),
    # What no column holds
    "too few columns": refused("a.csv", "a,b\n1,2\n3\n", "line 3: 1 column found, 2 expected"),
    "too many columns": refused("a.csv", "a,b\n1,2\n3,4,5\n", "line 3: 3 columns found, 2 expected"),
    "too many columns, lenient": refused("a.csv", "a,b\n1,2\n3,4,5\n", "line 3: 3 columns found", lenient=True),
    "text after a quote": refused("a.csv", 'a,b\n1,"x"y\n', "line 2: a quote is opened and never closed, or text"),
    "a JSON key twice": refused("a.ndjson", '{"a":1}\n{"a":1,"a":2}\n', "row 2: the key 'a' occurs twice"),
    "a JSON key twice, nested": refused("a.ndjson", '{"a":{"b":1,"b":2}}\n', "row 1: the key 'b' occurs twice"),
    "a JSON key twice, with spaces": refused(
        "a.ndjson", '{"x" :1,"a":[{"b":1,"b":2}]}\n', "row 1: the key 'b' occurs twice"
    ),
    "a title above the header": refused("a.csv", "Report\na,b\n1,2\n", "line 1: 1 column found, and 2 in the lines"),
    "JSON named CSV": refused("a.csv", '{"a": 1, "b": 2}\n{"a": 3}\n', "looks like JSON"),
    "JSON that is no object": refused("a.json", "[1,2]", "every row must be a JSON object"),
    "JSON that is broken": refused("a.ndjson", '{"a":1}\n{"a":\n', "row 2, byte 7: it is not valid JSON"),
    "a type that does not fit": refused(
        "a.csv", 'a,b\n1,"x\ny"\n1.5,z\n', "line 4: column 'a': '1.5' does not fit the column's type int64",
        types={"a": "int64"},
    ),
    "a JSON type that does not fit": refused(
        "a.ndjson", '{"a":1}\n{"a":"7"}\n', "row 2: column 'a': expected int or null, got str. The value is \"7\"",
        types={"a": "int64"},
    ),
    "a type for no column": refused("a.csv", "a\n1\n", "no column 'b'", types={"b": "int64"}),
    "names for other columns": refused("a.csv", "1,2\n", "it has 2 columns, and 1 names", columns=["x"]),
    "an unknown date format": refused("a.csv", "a\n1\n", "date format", date_format="%Q"),
}  # fmt: skip

CORPUS = {**TEXT, **JSON, **OTHERS}
