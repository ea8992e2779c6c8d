"""JSON and NDJSON."""

from __future__ import annotations

import datetime as dt
import json

from tests.e2e.loading.cases import AT, DAY, Case, D, lines

MANY_KEYS = {f"k{i}": 9_007_199_254_740_993 + i for i in range(250)}
UUID = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"
LONG = "1" * 39
ISO_DAY, ISO_AT = DAY(2024, 1, 31), AT(2024, 1, 31, 10, 0)
UTC_AT = AT(2024, 1, 31, 8, 0, tzinfo=dt.UTC)
MANY = 21_000
"""More rows than types are inferred from at first."""

JSON: dict[str, Case] = {
    # JSON
    "JSON numbers": lines('{"a":1,"b":1.5}\n{"a":null,"b":2}\n', "a b", (1, 1.5), (None, 2.0)),
    "JSON integers of 40 digits": lines('{"a":' + LONG + "1}\n", "a", (LONG + "1",)),
    "JSON integers of 23 digits": lines('{"a":-12345678901234567890123}\n', "a", (D(-12345678901234567890123),)),
    "JSON integers of 23 digits in lists": lines(
        '{"a":[-12345678901234567890123,1]}\n', "a", ([D(-12345678901234567890123), D(1)],)
    ),
    "JSON integers of 40 digits in lists": lines('{"a":[' + LONG + ",1]}\n", "a", ([LONG, "1"],)),
    "JSON integers no float holds": lines(
        '{"a":0.5}\n{"a":9007199254740993}\n', "a", ("0.5",), ("9007199254740993",)
    ),
    "JSON of several kinds": lines(
        '{"a":1}\n{"a":"The Land Girls"}\n{"a":[1,"x"]}\n{"a":1.50}\n{"a":null}\n',
        "a",
        ("1",), ("The Land Girls",), ('[1,"x"]',), ("1.50",), (None,),
    ),
    "JSON of several kinds in lists": lines('{"a":[1,"x",null]}\n', "a", (["1", "x", None],)),
    "JSON strings of digits": lines('{"a":"7"}\n{"a":"007"}\n', "a", ("7",), ("007",)),
    "a JSON string late": lines('{"a":1}\n' * MANY + '{"a":"7"}\n', "a", *[("1",)] * MANY, ("7",)),
    "a JSON boolean late": lines('{"a":1}\n{"a":true}\n', "a", ("1",), ("true",), sample_size=1),
    "a JSON fraction late": lines('{"a":1}\n{"a":1.5}\n', "a", (1.0,), (1.5,), sample_size=1),
    "a JSON key late": lines('{"a":1}\n' * 3000 + '{"b":2}\n', "a b", *[(1, None)] * 3000, (None, 2), sample_size=1),
    "JSON dates": lines('{"a":"2024-01-31","b":"2024-01-31T10:00:00"}\n', "a b", (ISO_DAY, ISO_AT)),
    "JSON offsets": lines('{"a":"2024-01-31T10:00:00+02:00"}\n', "a", (UTC_AT,)),
    "JSON dates with a format": lines('{"a":"31/01/2024"}\n', "a", (ISO_DAY,), date_format="%d/%m/%Y"),
    "JSON numbers as text": lines(
        '{"a":1.50,"b":[1]}\n{"a":"x","b":2}\n{"a":12345678901234567890123456789012345678901,"b":null}\n{"a":true}\n',
        "a b",
        ("1.50", "[1]"), ("x", "2"), ("12345678901234567890123456789012345678901", None), ("true", None),
        types={"A": "string", "b": "string"},
    ),
    "JSON UUIDs keep their case": lines(json.dumps({"a": UUID}), "a", (UUID,)),
    "JSON escapes": lines(r'{"a":"\"q\" \u00e9 \\ \n"}' + "\n", "a", ('"q" é \\ \n',)),
    "JSON objects": lines(
        '{"a":{"b":1,"c":{"d":"2024-01-31"}}}\n{"a":{"b":2}}\n{"a":null}\n',
        "a",
        ({"b": 1, "c": {"d": ISO_DAY}},),
        ({"b": 2, "c": None},),
        (None,),
    ),
    "JSON objects of many keys": lines(json.dumps({"a": MANY_KEYS}), "a", (list(MANY_KEYS.items()),)),
    "JSON without values": lines('{"a":null,"n":1}\n', "a n", (None, 1)),
    "JSON lists": lines('{"a":[]}\n{"a":[1.5]}\n{"a":null}\n', "a", ([],), ([1.5],), (None,)),
    "NDJSON with a byte order mark": lines(b'\xef\xbb\xbf{"a":1}\n', "a", (1,)),
    "an array of objects": Case({"a.json": '\ufeff[{"a":1},\n{"a":2}]'}, [(1,), (2,)], "a"),
    "objects over several lines": Case({"a.json": '{\n"a":1\n}\n{"a":[2]}'}, [("1",), ("[2]",)], "a"),
}  # fmt: skip
