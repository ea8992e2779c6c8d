from __future__ import annotations

import pyarrow as pa
import pytest

from supertable.entrypoints.encoding.values import cells, json_values

MAX = 2**63 - 1
DAY = 86_400_000_000
CASES: list[tuple[pa.DataType, int, str]] = [
    (pa.date32(), 2**31 - 1, "infinity"),
    (pa.date32(), -(2**31) + 1, "-infinity"),
    (pa.date32(), 2_932_897, "10000-01-01"),
    (pa.date32(), 105_200_797, "290000-01-01"),
    (pa.date32(), -735_192, "-0043-02-11"),
    (pa.timestamp("us"), MAX, "infinity"),
    (pa.timestamp("s"), -MAX, "-infinity"),
    (pa.timestamp("us", "UTC"), MAX, "infinity"),
    (pa.timestamp("us", "Europe/Berlin"), -MAX, "-infinity"),
    (pa.timestamp("us"), 105_200_797 * DAY + 500_000, "290000-01-01 00:00:00.5"),
    (pa.timestamp("ms", "UTC"), 105_200_797 * DAY // 1000 + 3_723_004, "290000-01-01 01:02:03.004Z"),
    (pa.timestamp("s"), -106_640_111 * 86_400 - 1, "-290001-04-17 23:59:59"),
    (pa.time64("us"), DAY, "24:00:00"),
    (pa.time32("ms"), 86_400_000, "24:00:00"),
    (pa.timestamp("us"), 0, "1970-01-01 00:00:00"),
]


@pytest.mark.parametrize(("kind", "value", "text"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES])
def test_moments_that_arrow_does_not_print_are_readable(kind: pa.DataType, value: int, text: str) -> None:
    column = pa.array([value, None], pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
    assert cells(column) == [text, None]
    assert json_values(column) == [text.replace(" ", "T"), None]
