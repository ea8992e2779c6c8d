"""Selects of the forms in DuckDB's documentation: the answer is a literal, or SQLite's for the same text.

They run over the rows that a role sees; those with literals over the files themselves, too.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.support.parquet_tables import ParquetTables

WEATHER = [
    ("Oslo", "2024-01-01", -5, 1, 0.0),
    ("Oslo", "2024-01-02", -8, -2, 1.5),
    ("Rome", "2024-01-01", 4, 12, 0.25),
    ("Rome", "2024-01-02", 6, 14, None),
    ("Rome", "2024-02-01", 7, 15, 3.0),
    ("Cairo", "2024-01-01", 11, 20, 0.0),
    ("Cairo", "2024-02-01", 13, None, 0.0),
]
CITIES = [("Oslo", "NO", 59.5), ("Rome", "IT", 41.5), ("Lima", "PE", -12.0)]
NUMBERS = [(number, number * number, "even" if number % 2 == 0 else "odd") for number in range(1, 9)]
SCHEMAS = {
    "weather": "city TEXT, day TEXT, lo INTEGER, hi INTEGER, rain REAL",
    "cities": "name TEXT, country TEXT, lat REAL",
    "numbers": "n INTEGER, sq INTEGER, kind TEXT",
}
ROWS: dict[str, list[tuple[Any, ...]]] = {"weather": WEATHER, "cities": CITIES, "numbers": NUMBERS}
DEAD = {"weather": ("Nowhere", "2024-01-01", 99, 99, 99.0), "cities": ("Nowhere", "XX", 0.0), "numbers": (99, 99, "x")}

PORTABLE = """
select * from weather order by city, day
select city, hi from weather where hi > 10 order by city, hi
select city, hi - lo as spread from weather order by spread nulls last, city
select distinct city from weather order by 1
select city from weather group by city having count(*) > 2 order by city
select city, count(*), count(hi), min(lo), max(hi) from weather group by city order by city
select city, sum(lo) filter (where hi is not null) from weather group by city order by city
select sum(lo), count(*) from (select lo from weather), (select 1 as none where 1 = 2) union all select 1, 2
select count(*) from weather where rain is null
select city, day from weather where rain between 0.2 and 2 order by city, day
select city from weather where city in ('Oslo', 'Lima') order by city, day
select city from weather where city not in (select name from cities) order by day
select name from cities where name not in (select city from weather)
select name from cities c where exists (select 1 from weather w where w.city = c.name and w.hi > 10)
select name from cities c where not exists (select 1 from weather w where w.city = c.name)
select w.city, c.country from weather w join cities c on w.city = c.name order by w.city, w.day
select w.city, c.country from weather w left join cities c on w.city = c.name where c.name is null order by w.day
select c.name, w.hi from weather w right join cities c on w.city = c.name order by c.name, w.day
select name, city from weather full join cities on city = name where lo is null or lat is null order by 2 nulls last, 1
select a.city, a.day, b.day from weather a join weather b on a.city = b.city and a.day < b.day order by 1, 2, 3
select a.n, b.n from numbers a, numbers b where a.n + b.n = 5 order by 1
select count(*) from numbers cross join cities
select kind, sum(sq) from numbers group by kind order by 2
select kind, avg(n) from numbers group by 1 order by 1
select n % 3 as r, group_concat(n, '-') from (select * from numbers order by n) group by r order by r
select max(n) from numbers where n < (select avg(n) from numbers)
select (select max(hi) from weather w where w.city = c.name), name from cities c order by name
select n, case when n < 3 then 'low' when n < 6 then 'mid' else 'high' end as band from numbers order by n
select case kind when 'even' then n else -n end as signed from numbers order by n
select n from numbers order by n desc limit 3
select n from numbers order by n limit 2 offset 3
select n from numbers union select sq from numbers order by 1
select n from numbers intersect select sq from numbers order by 1
select n from numbers except select sq from numbers order by 1
select kind from numbers union all select country from cities order by 1
with big as (select * from numbers where sq > 20) select count(*), min(n) from big
with a as (select n from numbers), b as (select n from a where n > 5) select sum(n) from b
with recursive r(i) as (select 1 union all select i + 1 from r where i < 6) select sum(i), count(*) from r
with recursive f(a, b) as (select 0, 1 union all select b, a + b from f where b < 50) select max(a) from f
select n, row_number() over (order by sq desc) as place from numbers order by n
select city, day, rank() over (partition by city order by lo) as place from weather order by city, day
select n, dense_rank() over (order by n / 3) as d from numbers where n % 3 = 0 order by n
select n, lag(n) over (order by n), lead(n, 2, -1) over (order by n) from numbers order by n
select n, sum(n) over (order by n rows between 1 preceding and 1 following) as s from numbers order by n
select n, sum(n) over (partition by kind order by n) as s from numbers order by n
select n, first_value(n) over w, last_value(n) over w from numbers window w as (partition by kind order by n) order by n
select n, ntile(3) over (order by n) as part from numbers order by n
select n, count(*) over () from numbers where n > 6 order by n
select upper(city), lower(city), length(city) from weather where day = '2024-01-01' order by 1
select substr(city, 2, 2), replace(city, 'o', '0') from weather group by city order by 1
select trim('  x '), ltrim('xxa', 'x'), rtrim('axx', 'x')
select city || '/' || day from weather order by 1
select city from weather where city like 'R%' order by day
select city from weather where city not like '%o%' group by city
select name from cities where name like '_o%' order by 1
select abs(-3), round(2.567, 2), sign(-4), 7 % 3, -7 % 3
select coalesce(null, null, 3), nullif(1, 1), nullif(1, 2), ifnull(null, 4)
select 1 + 2 * 3, (1 + 2) * 3, - 2 - -2, 10 - 4 - 3
select 1 = 1, 1 <> 2, null is null, not (1 = 2), 1 < 2 and 2 < 3, 1 > 2 or 2 > 1
select null = null is null, (null and 1 = 2) is null, (null or 1 = 1) is null
select cast('12' as integer) + 1, cast(3.7 as text), cast(12 as text) || 'x'
select case when 1 < 2 then 'yes' else 'no' end, 1 < 2
select instr('database', 'base'), hex('a'), unicode('A')
select date('2024-02-28') < date('2024-03-01')
select count(distinct city), count(distinct rain) from weather
select sum(distinct lo / 2) from weather where lo > 0 and lo % 2 = 0
select city, sum(rain) from weather group by city having sum(rain) > 0 order by 2 desc
select city, max(hi) - min(lo) from weather where hi is not null group by city order by 2 desc, 1
select * from (values (1, 'a'), (2, 'b')) order by 1 desc
with v(x) as (values (1), (2)) select x + 1 from v order by 1
select x.n from (select n from numbers where n > 6) as x order by 1
select t.total from (select kind, sum(n) as total from numbers group by kind) t order by 1
select hi from weather order by hi nulls first, city limit 2
select hi from weather order by hi desc nulls last limit 2
select city, day from weather order by day desc, city asc limit 3
select count(*) from (select 1 from weather limit 4)
select kind, count(*) from numbers where sq between 4 and 36 group by kind order by kind
select (n > 4) as upper_half, sum(n) from numbers group by 1 order by 1
select min(city), max(city) from weather
select sum(case when kind = 'odd' then 1 else 0 end) from numbers
select n from numbers where (kind, n) in (values ('odd', 3), ('even', 3)) order by 1
select n from numbers where n is distinct from 1 and n < 4 order by n
"""

DAY = dt.date
LITERAL: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("from cities order by name", [("Lima", "PE", -12.0), ("Oslo", "NO", 59.5), ("Rome", "IT", 41.5)]),
    ("from numbers select n where n > 7", [(8,)]),
    ("select * exclude (sq, kind) from numbers where n < 3 order by n", [(1,), (2,)]),
    ("select * replace (n * 10 as n) from numbers where n = 2", [(20, 4, "even")]),
    ("select * rename (sq as square) from numbers where n = 2", [(2, 4, "even")]),
    ("select columns('^n|sq$') from numbers where n = 3", [(3, 9)]),
    ("select min(columns(* exclude kind)) from numbers", [(1, 1)]),
    ("select columns(lambda c: c like 'l%') from cities order by 1 limit 1", [(-12.0,)]),
    ("select city, count(*) from weather group by all order by all", [("Cairo", 2), ("Oslo", 2), ("Rome", 3)]),
    ("select kind, n from numbers order by all limit 2", [("even", 2), ("even", 4)]),
    ("select distinct on (kind) kind, n from numbers order by kind, n desc", [("even", 8), ("odd", 7)]),
    ("select n from numbers qualify row_number() over (partition by kind order by n) = 2 order by n", [(3,), (4,)]),
    ("select kind, n % 2 as r, sum(n) from numbers group by rollup (kind, r) order by all",
     [("even", 0, 20), ("even", None, 20), ("odd", 1, 16), ("odd", None, 16), (None, None, 36)]),
    ("select kind, grouping(kind), count(*) from numbers group by cube (kind) order by all",
     [("even", 0, 4), ("odd", 0, 4), (None, 1, 8)]),
    ("select kind, sum(n) from numbers group by grouping sets ((kind), ()) order by 2",
     [("odd", 16), ("even", 20), (None, 36)]),
    ("select * from (select kind, n from numbers where n < 5) pivot (sum(n) for kind in ('odd', 'even'))", [(4, 6)]),
    (("pivot (select kind, n, n > 4 as big from numbers) on kind in ('odd', 'even') using sum(n) group by big "
     "order by big"),
     [(False, 4, 6), (True, 12, 14)]),
    ("unpivot (select n, sq from numbers where n = 3) on n, sq into name k value v order by v", [("n", 3), ("sq", 9)]),
    (("select a.n, b.n from numbers a asof join (select n from numbers where n % 3 = 0) b on a.n >= b.n where a.n "
     "< 6 order by 1"),
     [(3, 3), (4, 3), (5, 3)]),
    ("select count(*) from weather semi join cities on city = name", [(5,)]),
    ("select count(*) from weather anti join cities on city = name", [(2,)]),
    ("select count(*) from numbers positional join cities", [(8,)]),
    ("select n, x from numbers, lateral (select n + 1 as x) where n < 3 order by n", [(1, 2), (2, 3)]),
    ("select list(n order by n desc) from numbers where kind = 'odd'", [([7, 5, 3, 1],)]),
    ("select [1, 2, 3][2], [1, 2, 3][-1], [1, 2, 3][2:], len([1, 2])", [(2, 3, [2, 3], 2)]),
    ("select list_transform([1, 2, 3], lambda x: x * x), list_filter([1, 2, 3], lambda x: x > 1)",
     [([1, 4, 9], [2, 3])]),
    ("select [x * 2 for x in [1, 2, 3] if x <> 2]", [([2, 6],)]),
    ("select list_reduce([1, 2, 3, 4], lambda a, b: a * b)", [(24,)]),
    ("select list_sort([3, 1, 2]), list_reverse([1, 2]), list_distinct([1, 1]), list_contains([1, 2], 2)",
     [([1, 2, 3], [2, 1], [1], True)]),
    ("select list_concat([1], [2]), list_append([1], 2), list_prepend(0, [1]), flatten([[1], [2, 3]])",
     [([1, 2], [1, 2], [0, 1], [1, 2, 3])]),
    ("select unnest([10, 20]) as v order by v", [(10,), (20,)]),
    ("select k, unnest(v) as e from (values ('a', [1, 2]), ('b', [3])) t(k, v) order by e",
     [("a", 1), ("a", 2), ("b", 3)]),
    ("select * from unnest([1, 2]) as t(x) order by x desc", [(2,), (1,)]),
    ("select range(3), generate_series(1, 3), range(0, 10, 4)", [([0, 1, 2], [1, 2, 3], [0, 4, 8])]),
    ("select sum(i) from range(101) r(i)", [(5050,)]),
    ("select {'a': 1, 'b': 'x'}.b, struct_pack(p := 2).p, ({'a': {'b': 7}}).a.b", [("x", 2, 7)]),
    ("select s.a, s.b from (select {'a': n, 'b': sq} as s from numbers where n = 4)", [(4, 16)]),
    ("select unnest({'a': 1, 'b': 2})", [(1, 2)]),
    ("select map {'a': 1, 'b': 2}['b'], map_keys(map {'x': 1}), map_values(map {'x': 1}), cardinality(map {'x': 1})",
     [(2, ["x"], [1], 1)]),
    ("select date '2024-01-31' + interval 1 month, date '2024-03-01' - date '2024-02-01'",
     [(dt.datetime(2024, 2, 29), 29)]),
    ("select last_day(date '2024-02-17'), make_date(2024, 2, 3)", [(DAY(2024, 2, 29), DAY(2024, 2, 3))]),
    (("select extract(year from date '2024-02-17'), month(date '2024-02-17'), dayofweek(date '2024-02-18'), "
     "week(date '2024-01-01')"),
     [(2024, 2, 0, 1)]),
    (("select date_diff('day', date '2024-01-01', date '2024-03-01'), age(timestamp '2024-01-02', timestamp "
     "'2024-01-01') = interval 1 day"),
     [(60, True)]),
    ("select strftime(date '2024-02-17', '%d.%m.%Y'), strptime('17.02.2024', '%d.%m.%Y')",
     [("17.02.2024", dt.datetime(2024, 2, 17))]),
    ("select time '10:30' + interval 45 minute, timestamp '2024-01-01 10:00' - interval 11 hour",
     [(dt.time(11, 15), dt.datetime(2023, 12, 31, 23))]),
    ("select epoch(timestamp '1970-01-02'), epoch_ms(1000), to_timestamp(0) = timestamptz '1970-01-01 00:00:00+00'",
     [(86400.0, dt.datetime(1970, 1, 1, 0, 0, 1), True)]),
    ("select day::date - interval 1 day as d from weather where city = 'Oslo' order by d limit 1",
     [(dt.datetime(2023, 12, 31),)]),
    ("select '2024-05-06'::date, '12'::int, 12::varchar, 1.0::int, true::int, 'true'::bool",
     [(DAY(2024, 5, 6), 12, "12", 1, 1, True)]),
    ("select try_cast('x' as int), try_cast('5' as int)", [(None, 5)]),
    ("select 5., .5, 1e2, 1_000", [(Decimal("5"), Decimal("0.5"), 100.0, 1000)]),
    ("select 1 / 4, 7 // 2, 7 % 4, 2 ** 10, 5 ^ 2, 3!", [(0.25, 3, 3, 1024.0, 25.0, 6)]),
    ("select 6 & 3, 6 | 3, xor(6, 3), ~6, 1 << 4, 256 >> 4", [(2, 7, 5, -7, 16, 16)]),
    ("select 0.1 + 0.2 = 0.3, 1::decimal(5, 2) / 3 > 0.33", [(True, True)]),
    ("select greatest(1, 3, 2), least('b', 'a'), gcd(12, 18), lcm(4, 6)", [(3, "a", 6, 12)]),
    ("select floor(2.5), ceil(2.1), trunc(-2.7), round(2.5), sqrt(16), ln(1), log10(1000), pi() > 3.14",
     [(Decimal(2), Decimal(3), Decimal(-2), Decimal(3), 4.0, 0.0, 3.0, True)]),
    ("select 'a' || 1, concat('a', null, 'b'), concat_ws('-', 'a', 'b'), repeat('ab', 2)",
     [("a1", "ab", "a-b", "abab")]),
    ("select left('hello', 2), right('hello', 3), 'hello'[2], 'hello'[2:3], reverse('abc')",
     [("he", "llo", "e", "el", "cba")]),
    ("select lpad('7', 3, '0'), rpad('7', 3, '.'), split_part('a,b,c', ',', 2), string_split('a b', ' ')",
     [("007", "7..", "b", ["a", "b"])]),
    (("select regexp_matches('abc', 'b.'), regexp_replace('a1b2', '[0-9]', '#', 'g'), regexp_extract('x=42', "
     "'=(\\d+)', 1)"),
     [(True, "a#b#", "42")]),
    (("select starts_with('abc', 'ab'), contains('abc', 'bc'), strpos('abc', 'c'), 'ABC' ilike 'a%', 'abc' "
     "similar to 'a.c'"),
     [(True, True, 3, True, True)]),
    ("select format('{}-{}', 'a', 1), printf('%05.1f', 3.14159), ascii('A'), chr(66)", [("a-1", "003.1", 65, "B")]),
    ("select md5('a'), sha256('') like 'e3b0c442%', base64('hi'::blob), from_hex('6869')",
     [("0cc175b9c0f1b6a831c399e269772661", True, "aGk=", b"hi")]),
    (("select '{\"a\": {\"b\": [1, 2]}}'::json ->> '$.a.b[1]', json_array_length('[1, 2, 3]'), "
     "json_extract_string('{\"k\": \"v\"}', 'k')"),
     [("2", 3, "v")]),
    ("select median(n), mode(kind), quantile_cont(n, 0.25), quantile_disc(n, 0.5) from numbers where n < 8",
     [(4.0, "odd", 2.5, 4)]),
    ("select arg_max(city, hi), arg_min(city, lo), first(city order by day, city), any_value(1) from weather",
     [("Cairo", "Oslo", "Cairo", 1)]),
    ("select string_agg(name, ', ' order by name), bool_and(lat > 0), bool_or(lat > 0) from cities",
     [("Lima, Oslo, Rome", False, True)]),
    ("select stddev_pop(n), var_pop(n), corr(n, n), covar_pop(n, sq) from numbers where n < 4",
     [(pytest.approx(0.816496580927726), pytest.approx(2 / 3), pytest.approx(1.0), pytest.approx(8 / 3))]),
    ("select histogram(kind) from numbers", [([("even", 4), ("odd", 4)],)]),
    ("select max(n, 2), min(n, 3), count_if(n > 6), product(n) filter (n < 4) from numbers",
     [([8, 7], [1, 2, 3], 2, 6.0)]),
    ("select approx_count_distinct(kind) from numbers", [(2,)]),
    (("select n, sum(n) over (order by n groups between 1 preceding and current row) from numbers where n < 4 "
     "order by n"),
     [(1, 1), (2, 3), (3, 5)]),
    ("select n, sum(n) over (order by n range between 2 preceding and 1 preceding) from numbers where n < 4 order by n",
     [(1, None), (2, 1), (3, 3)]),
    (("select n, sum(n) over (order by n rows unbounded preceding exclude current row) from numbers where n < 4 "
     "order by n"),
     [(1, None), (2, 1), (3, 3)]),
    ("select percent_rank() over (order by n), cume_dist() over (order by n) from numbers where n < 3 order by 1",
     [(0.0, 0.5), (1.0, 1.0)]),
    (("select nth_value(n, 2) over (order by n rows between unbounded preceding and unbounded following) from "
     "numbers limit 1"),
     [(2,)]),
    (("select last_value(hi ignore nulls) over "
     "(order by day, city rows between unbounded preceding and unbounded following) "
     "from weather limit 1"), [(15,)]),
    ("select n as m, m + 1 as k from numbers where m = 2", [(2, 3)]),
    ("select 1 as a union by name select 2 as b order by all", [(1, None), (None, 2)]),
    ("select n from numbers union all by name select name as n from cities limit 0", []),
    ("select #1, #2 from numbers where n = 2", [(2, 4)]),
    ("select x: n, y: sq from numbers where n = 3", [(3, 9)]),
    ("select city from weather order by day desc, city limit 20%", [("Cairo",)]),
    ("select count(*) from (from numbers limit 50%)", [(4,)]),
    ("select n from numbers where n in (1, 2, 9) order by n", [(1,), (2,)]),
    ("select 2 in [1, 2], 'a' not in ['b']", [(True, True)]),
    ("select kind.upper().lower() from numbers where n = 1", [("odd",)]),
    ("select if(n > 7, 'big', 'small') from numbers where n > 6 order by n", [("small",), ("big",)]),
    ("select count(*) from numbers tablesample 100%", [(8,)]),
    ("with t as materialized (select n from numbers) select count(*) from t a join t b using (n)", [(8,)]),
    ("with recursive r as (select 1 as i union select i % 3 + 1 from r) select list(i order by i) from r",
     [([1, 2, 3],)]),
    ("select column_name, column_type from (describe numbers)",
     [("n", "BIGINT"), ("sq", "BIGINT"), ("kind", "VARCHAR")]),
    ("select column_name, min, max, count from (summarize select n, kind from numbers)",
     [("n", "1", "8", 8), ("kind", "even", "odd", 8)]),
    ("values (1, 'a'), (2, null)", [(1, "a"), (2, None)]),
    ("select typeof(1), typeof(1.5), typeof('x'), typeof(date '2024-01-01'), typeof([1]), typeof(null)",
     [("INTEGER", "DECIMAL(2,1)", "VARCHAR", "DATE", "INTEGER[]", '"NULL"')]),
    ("select encode('ä')::varchar, '\\x41'::blob, bit_count(7), '101'::bit::varchar", [("\\xC3\\xA4", b"A", 3, "101")]),
    ("select uuid() <> uuid(), '00000000-0000-0000-0000-000000000001'::uuid::varchar",
     [(True, "00000000-0000-0000-0000-000000000001")]),
    ("select 'b' collate nocase = 'B', 'ä' = 'a'", [(True, False)]),
    ("select isnan('nan'::double), 'inf'::double > 1e308, -0.0 = 0.0", [(True, True, True)]),
    ("select s[1] from (select string_split(city, 'o') as s from weather where city = 'Cairo' limit 1)", [("Cair",)]),
    ("select coalesce(hi, lo, 0) from weather where hi is null", [(13,)]),
    ("select sum(n)::int from numbers", [(36,)]),
]  # fmt: skip


class Sides:
    """The same tables in SQLite, in files, and in files that are read as a role reads them. A dead row is in each."""

    def __init__(self, folder: Path) -> None:
        self.sqlite = sqlite3.connect(":memory:")
        self.whole = ParquetTables(folder / "whole")
        self.governed = ParquetTables(folder / "governed", governed=True)
        for name, columns in SCHEMAS.items():
            self.sqlite.execute(f"CREATE TABLE {name} ({columns})")
            marks = ", ".join("?" for _ in columns.split(","))
            self.sqlite.executemany(f"INSERT INTO {name} VALUES ({marks})", ROWS[name])
            names = [column.split()[0] for column in columns.split(",")]
            values = [*ROWS[name], DEAD[name]]
            table = pa.table(
                {column: list(cells) for column, cells in zip(names, zip(*values, strict=True), strict=True)}
            )
            half = len(values) // 2
            for side in (self.whole, self.governed):
                side.table(name, table[:half], table[half:], dead={1: [len(values) - half - 1]})


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    made = Sides(tmp_path_factory.mktemp("conformance"))
    yield made
    made.sqlite.close()


def tuples(table: pa.Table) -> list[tuple[Any, ...]]:
    numbered = table.rename_columns([str(number) for number in range(table.num_columns)])
    return [tuple(row.values()) for row in numbered.to_pylist()]


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Booleans as SQLite returns them, and decimals as floats."""
    return [
        tuple(int(v) if isinstance(v, bool) else float(v) if isinstance(v, Decimal) else v for v in row) for row in rows
    ]


@pytest.mark.parametrize("sql", PORTABLE.strip().splitlines())
def test_the_answer_is_that_of_sqlite(sql: str, sides: Sides) -> None:
    assert plain(tuples(sides.governed.query(sql))) == sides.sqlite.execute(sql).fetchall()


@pytest.mark.parametrize(("sql", "expected"), LITERAL, ids=[sql for sql, _ in LITERAL])
def test_the_answer_is_the_documented_one(sql: str, expected: list[tuple[Any, ...]], sides: Sides) -> None:
    for side in (sides.whole, sides.governed):
        assert tuples(side.query(sql)) == expected
