"""The statements of a dashboard over one year of flights, on SPARK, beside SQLite over the same rows."""

from __future__ import annotations

import math
import sqlite3
from itertools import zip_longest
from typing import Any

import pyarrow as pa

from supertable import Lake, SupertableError
from supertable.entrypoints.cli.service.demo import _TABLES, _data_folder

Rows = list[tuple[Any, ...]]
_TEXT = """
SELECT count(*), count(dep_time), sum(distance), min(dep_delay), max(dep_delay) FROM flights;
SELECT month, count(*), avg(arr_delay) FROM flights GROUP BY month ORDER BY month;
SELECT a.name, count(*) AS n, round(avg(f.arr_delay), 1) FROM flights f JOIN airlines a ON a.carrier = f.carrier
    GROUP BY a.name ORDER BY n DESC, a.name LIMIT 5;
SELECT dest, count(*) AS n FROM flights WHERE origin = 'JFK' GROUP BY dest ORDER BY n DESC, dest LIMIT 10;
SELECT hour, avg(dep_delay) FROM flights WHERE dep_delay IS NOT NULL GROUP BY hour ORDER BY hour;
SELECT origin, sum(CASE WHEN dep_time IS NULL THEN 1 ELSE 0 END), count(*) FROM flights GROUP BY origin ORDER BY
    1;
SELECT p.manufacturer, count(*) AS n, max(p.seats) FROM flights f JOIN planes p ON p.tailnum = f.tailnum GROUP
    BY p.manufacturer HAVING count(*) > 1000 ORDER BY n DESC;
SELECT count(DISTINCT tailnum), count(DISTINCT dest) FROM flights;
SELECT carrier, flight, dest, distance FROM flights WHERE distance > 4000 AND month = 7 AND day < 4 ORDER BY
    carrier, flight, day, dest;
SELECT x.name, f.n FROM (SELECT dest, count(*) AS n FROM flights GROUP BY dest) f JOIN airports x ON x.faa =
    f.dest WHERE f.n > 10000 ORDER BY f.n DESC;
SELECT carrier, month, n, rank() OVER (PARTITION BY month ORDER BY n DESC) FROM (SELECT carrier, month, count(*)
    AS n FROM flights GROUP BY carrier, month) c ORDER BY month, n DESC, carrier;
SELECT w.origin, count(*) FROM weather w WHERE w.wind_speed > 30 AND w.precip > 0 GROUP BY w.origin ORDER BY 1;
SELECT count(*) FROM flights f WHERE NOT EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum);
WITH late AS (SELECT * FROM flights WHERE arr_delay > 120) SELECT dest, count(*) AS n FROM late GROUP BY dest
    ORDER BY n DESC, dest LIMIT 10;
"""
STATEMENTS = [each for each in _TEXT.split(";") if each.strip()]


def flights_on_spark(lake: Lake) -> dict[str, Any]:
    """Prints what differs and what is refused, by statement."""
    other = sqlite3.connect(":memory:")
    for name, (file, keys) in _TABLES.items():
        lake.load(_data_folder() / file, into=name, keys=keys, null="NA")
        _copy(other, name, lake.sql(f"FROM {name}", engine="lite").arrow())
    other.execute("CREATE INDEX planes_by_number ON planes (tailnum)")
    found: dict[str, Any] = {"statements": len(STATEMENTS), "same": 0, "different": [], "refused": {}}
    for sql in STATEMENTS:
        try:
            rows = list(lake.sql(sql, engine="spark"))
        except SupertableError as error:
            found["refused"][sql] = str(error)
            continue
        if _same(rows, other.execute(sql).fetchall()):
            found["same"] += 1
        else:
            found["different"].append(sql)
    print(f"flights: {found}", flush=True)
    return found


def _copy(other: sqlite3.Connection, name: str, rows: pa.Table) -> None:
    other.execute(f"CREATE TABLE {name} ({', '.join(rows.column_names)})")
    columns = [[str(v) if hasattr(v, "isoformat") else v for v in column.to_pylist()] for column in rows.columns]
    other.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", zip(*columns, strict=True))


def _same(one: Rows, other: Rows) -> bool:
    return all(len(a) == len(b) and all(map(_equal, a, b)) for a, b in zip_longest(one, other, fillvalue=()))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return bool(one == other)
