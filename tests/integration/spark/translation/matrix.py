"""Expressions over edge values of each type. Each group is one statement, so that Spark plans it once."""

from __future__ import annotations

INTS = "(values (0), (1), (-1), (7), (-7), (2), (null), (1000), (-1000)) {}({})"
LONGS = "(values (0::bigint), (1), (-1), (9007199254740993), (-9007199254740993), (4611686018427387903), (null)) {}({})"
DECIMALS = "(values (0::decimal(9,2)), (0.01), (-0.01), (1.50), (-2.50), (9999.99), (-9999.99), (null)) {}({})"
WIDE = "(values (0::decimal(30,10)), ('0.0000000001'), ('-0.5'), ('12345678901234567890.0123456789'), (null)) {}({})"
DOUBLES = (
    "(values (0.0::double), ('-0.0'), (0.5), (-0.5), (1.5), (2.5), (-2.5), (0.1), (2.675), (1e15), (-123456.789),"
    " (4503599627370497.5), ('nan'), ('inf'), ('-inf'), (5e-324), (0.49999999999999994), (null)) {}({})"
)
TEXTS = (
    "(values (''), ('a'), ('ab'), ('abc'), ('ABC'), (' a '), ('a,b,,c'), ('a%b_c'), ('it''s'), (E'a\\nb'), (E'\\\\d'),"
    " ('ünï'), ('日本語'), ('🦆x'), (E'\\ta'), ('a' || chr(160)), ('xyzzy'), ('12'), (null)) {}({})"
)
SMALL_DOUBLES = (
    "(values (0.0::double), ('-0.0'), (0.5), (1.5), (2.5), (-2.5), (-0.5), (2.675), (1.005), (-1.115), (0.1), (null))"
    " {}({})"
)
ASCII = "(values (''), ('a'), ('ab'), ('abcd'), (' a '), ('it''s'), (E'a\\r\\nb'), (null)) {}({})"
ODD = (
    "(values (E'a\\nb'), (E'a\\r'), ('a'), (E'a\\n'), (E'\\u0085x'), (E'a\\u2028b'), ('a.b'), ('aa'), ('ab12'),"
    " ('É'), (''), (null)) {}({})"
)
DATES = (
    "(values (date '1970-01-01'), ('1969-12-31'), ('2024-02-29'), ('2023-12-31'), ('2024-12-30'), ('2020-01-01'),"
    " ('1900-03-01'), ('0001-01-10'), ('9999-12-30'), ('1582-10-10'), (null)) {}({})"
)
THESE_DAYS = (
    "(values (date '1970-01-31'), ('2024-02-29'), ('2023-12-31'), ('2024-12-30'), ('1969-12-31'), (null)) {}({})"
)
STAMPS = (
    "(values (timestamp '1970-01-01 00:00:00'), ('1969-12-31 23:59:59.999999'), ('2024-02-29 12:34:56.789012'),"
    " ('2023-12-31 23:59:59'), ('2020-01-01 00:00:00.1'), ('0001-03-01 00:00:00'), ('1900-03-01 01:02:03.000001'),"
    " (null)) {}({})"
)
LISTS = "(values ([1, 2, 3]), ([]), ([null]), ([3, null, 1]), ([1]), (null::int[])) {}({})"


def _from(source: str, names: str) -> str:
    return ", ".join(source.format(f"x{name}", name) for name in names)


GROUPS: dict[str, tuple[str, list[str]]] = {
    "whole numbers": (
        _from(INTS, "ab"),
        ["a + b", "a - b", "a * b", "a / b", "a // b", "a % b", "-a", "abs(a)", "sign(a)", "a & b", "a | b",
         "xor(a, b)", "~a", "greatest(a, b)", "least(a, b, 3)", "a = b", "a <> b", "a < b", "a <= b",
         "a is distinct from b", "a is not distinct from b", "a between b and 7", "a in (1, b, null)",
         "a not in (1, b)", "nullif(a, b)", "coalesce(a, b, 0)",
         "case when a > b then a when a < b then b else 5 end", "a > 0 and b > 0", "a > 0 or b > 0", "not (a > b)",
         "a::bigint + b", "a::smallint", "a::double", "a::decimal(9,2)", "a::varchar", "a::boolean", "round(a, 1)",
         "a::hugeint * b", "a is null", "if(a > b, 'x', 'y')", "ceil(a)", "round(a)", "(a > b)::int"],
    ),
    "long numbers": (
        _from(LONGS, "a"),
        ["a / 3", "a // -3", "a % 10", "a::double", "a::hugeint * 1000", "a::varchar", "a + 1", "-a", "a = 1.0",
         "a > 0.5", "a::decimal(38,4)", "abs(a)", "a::hugeint", "a::double = 9007199254740993"],
    ),
    "decimals": (
        _from(DECIMALS, "ab"),
        ["a + b", "a - b", "a * b", "a / b", "a % b", "-a", "abs(a)", "a = b", "a < b", "a::double", "a::int",
         "a::bigint", "a::varchar", "a::decimal(12,4)", "a::decimal(9,1)", "round(a)", "round(a, 1)", "floor(a)",
         "ceil(a)", "trunc(a)", "sign(a)", "a * 2", "a + 1", "a / 3", "a * 1.005", "a > 1", "greatest(a, b)",
         "1 - a", "a * (1 - b)", "round(a * b, 2)", "sum(a) over (order by a, b)"],
    ),
    "wide decimals": (
        _from(WIDE, "ab"),
        ["a + b", "a - b", "a = b", "a < b", "a::varchar", "a::decimal(38,12)", "a::decimal(32,2)", "-a", "abs(a)",
         "a::double", "round(a, 3)"],
    ),
    "doubles": (
        _from(DOUBLES, "a"),
        ["a + 1", "a - 0.1::double", "a * 3", "a / 3", "a / 0", "a % 2", "a % 0", "-a", "abs(a)", "sign(a)",
         "round(a)", "floor(a)", "ceil(a)", "trunc(a)", "isnan(a)", "isinf(a)", "isfinite(a)", "a = a",
         "a = 'nan'::double", "a > 1", "a < 1", "a <> 0", "a = 0", "a is distinct from 0", "greatest(a, 0)",
         "least(a, 1)", "a in (0.5, 'nan'::double)", "a between 0 and 'inf'::double", "a::float::double"],
    ),
    "doubles to whole numbers": (
        _from(SMALL_DOUBLES, "a"),
        ["a::int", "a::bigint", "a::smallint", "round(a, 1)", "round(a, 2)", "round(a, 5)", "sqrt(abs(a))"],
    ),
    "pairs of doubles": (
        _from(DOUBLES, "ab"),
        ["a + b", "a * b", "a / b", "a % b", "a = b", "a < b", "a >= b", "a is not distinct from b",
         "greatest(a, b)", "least(a, b)"],
    ),
    "text": (
        _from(TEXTS, "a"),
        ["length(a)", "strlen(a)", "upper(a)", "lower(a)", "trim(a)", "ltrim(a)", "rtrim(a)", "trim(a, 'a ')",
         "ltrim(a, 'ab')", "substring(a, 1)", "substring(a, 2)", "substring(a, 2, 1)", "substring(a, 1, 0)",
         "substring(a, 5, 3)", "substr(a, 1, 100)", "left(a, 0)", "left(a, 2)", "left(a, 9)", "left(a, -1)",
         "left(a, -9)", "right(a, 0)", "right(a, 2)", "right(a, 9)", "right(a, -1)", "right(a, -9)", "a || 'x'",
         "concat(a, null, 'y')", "concat_ws('-', a, null, a)", "replace(a, 'a', 'zz')", "replace(a, '', 'zz')",
         "replace(a, a, '')", "starts_with(a, 'a')", "starts_with(a, '')", "ends_with(a, 'c')", "contains(a, 'b')",
         "contains(a, '')", "instr(a, 'b')", "instr(a, '')", "instr(a, '語')", "strpos(a, 'c')", "position('b' in a)",
         "repeat(a, 2)", "repeat(a, 0)", "repeat(a, -1)", "string_split(a, ',')", "string_split(a, 'ab')",
         "a like 'a%'", "a like '%a'", "a like '_b%'", "a like 'a\\%'", "a like 'a|%b|_c' escape '|'",
         "a not like '%b%'", "a ilike 'A_%'", "a like '__'", "a like ''", "a like '%'", "a = 'a'", "a < 'b'",
         "a in ('a', 'ab', null)", "md5(a)", "sha256(a)", "hex(a)", "regexp_matches(a, '^[a-c]+$')",
         "regexp_matches(a, 'b.')", "regexp_full_match(a, 'a(b|c)*')", "regexp_matches(a, '\\d')",
         "regexp_extract(a, '([a-z])b', 1)", "regexp_extract(a, 'z+')", "a is null", "coalesce(a, 'none')",
         "translate(a, 'abc', 'x')", "encode(a)", "greatest(a, 'b')", "a || a", "regexp_matches(a, '^a|c$')",
         "regexp_matches(a, '\\s')", "regexp_matches(a, '[[:digit:]]') is null or true"],
    ),
    "text of ASCII": (
        _from(ASCII, "a"),
        ["reverse(a)", "lpad(a, 3, '*')", "rpad(a, 3, '*')", "lpad(a, 1, 'xy')", "rpad(a, 6, 'xy')",
         "rpad(a, 0, 'x')"],
    ),
    "dates": (
        _from(DATES, "a"),
        ["year(a)", "month(a)", "day(a)", "quarter(a)", "dayofweek(a)", "isodow(a)", "dayofyear(a)", "week(a)",
         "isoyear(a)", "last_day(a)", "dayname(a)", "monthname(a)", "a + 1", "a - 1", "date_trunc('year', a)",
         "date_trunc('quarter', a)", "date_trunc('month', a)", "date_trunc('week', a)", "date_trunc('day', a)",
         "a::timestamp", "a::varchar", "a = date '2020-01-01'", "a < date '2020-01-01'", "extract('dow' from a)",
         "a::timestamptz", "date_part('year', a)", "a between date '1900-01-01' and date '2024-01-01'"],
    ),
    "dates of these days": (
        _from(THESE_DAYS, "a"),
        ["a + interval 1 month", "a - interval 1 month", "a + interval 13 months", "a + interval 1 day",
         "a - interval '1 day 2 hours'", "a + interval 1 year", "strftime(a, '%Y-%m-%d')",
         "strftime(a, '%d.%m.%Y %H:%M')", "a + interval 90 minutes"],
    ),
    "pairs of dates": (
        _from(DATES, "ab"),
        ["a - b", "date_diff('day', a, b)", "date_diff('month', a, b)", "date_diff('year', a, b)",
         "date_diff('quarter', a, b)", "date_diff('week', a, b)", "a < b", "greatest(a, b)"],
    ),
    "timestamps": (
        _from(STAMPS, "a"),
        ["year(a)", "month(a)", "day(a)", "hour(a)", "minute(a)", "second(a)", "millisecond(a)", "microsecond(a)",
         "epoch(a)", "epoch_ms(a)", "epoch_us(a)", "a::date", "a::time", "a::varchar", "a::timestamptz",
         "date_trunc('hour', a)", "date_trunc('minute', a)", "date_trunc('second', a)", "date_trunc('day', a)",
         "date_trunc('week', a)", "date_trunc('month', a)", "date_trunc('year', a)", "a + interval 1 hour",
         "a + interval 1 month", "a - interval '1 month 1 day 1 second'", "a = timestamp '1970-01-01'",
         "dayofweek(a)", "a::timestamptz::varchar", "year(a::timestamptz)", "hour(a::timestamptz)",
         "a::timestamptz::timestamp", "last_day(a)", "dayname(a)", "week(a)", "quarter(a)"],
    ),
    "pairs of timestamps": (
        _from(STAMPS, "ab"),
        ["date_diff('day', a, b)", "date_diff('month', a, b)", "date_diff('hour', a, b)",
         "date_diff('minute', a, b)", "date_diff('second', a, b)", "a < b", "a = b", "greatest(a, b)",
         "date_diff('year', a, b)" ],
    ),
    "lists": (
        _from(LISTS, "ab"),
        ["len(a)", "a[1]", "a[2]", "a[-1]", "a[0]", "a[9]", "list_contains(a, 1)", "list_contains(a, 9)",
         "list_contains(a, null)", "a || b", "a = b", "a <> b", "a < b", "a >= b", "a is distinct from b",
         "list_sort(a)", "list_transform(a, x -> x + 1)", "list_filter(a, x -> x > 1)",
         "list_transform(a, x -> x + len(b))", "[1, a[1]]", "a::bigint[]", "{'x': a[1], 'y': 'z'}",
         "({'x': a[1], 'y': 'z'}).x", "[x * 2 for x in a if x > 0]", "map {'k': a[1]}['k']",
         "map_keys(map {'k': a[1]})", "cardinality(map {'k': a[1]})", "row(a[1], 2)", "a in ([1], [3, null, 1])"],
    ),
    "numbers in texts": (
        _from("(values ('0'), ('12'), ('-7'), ('0012'), ('-0'), ('127'), (null)) {}({})", "a"),
        ["a::int", "a::bigint", "a::tinyint", "a::hugeint", "a::double", "a::decimal(9,2)", "a::decimal(5,0)"],
    ),
    "fractions in texts": (
        _from("(values ('12.5'), ('-0.005'), ('1.005'), ('99999'), (null)) {}({})", "a"),
        ["a::double", "a::decimal(9,2)", "a::decimal(18,3)", "a::decimal(5,0)"],
    ),
    "days in texts": (
        _from("(values ('2024-02-29'), ('1969-12-31'), ('0001-01-01'), ('9999-12-31'), (null)) {}({})", "a"),
        ["a::date", "a::date::varchar", "year(a::date)"],
    ),
    "attempts": (
        _from("(values ('a'), (''), ('12'), ('-5'), ('300'), ('99999999999999999999'), (null)) {}({})", "a"),
        ["try_cast(a as int)", "try_cast(a as bigint)", "try_cast(a as utinyint)", "try_cast(a as tinyint)"],
    ),
    "attempts of numbers": (
        _from("(values (0), (127), (-129), (256), (9223372036854775807), (-9223372036854775808), (null)) {}({})", "a"),
        ["try_cast(a as tinyint)", "try_cast(a as int)", "try_cast(a as ubigint)", "try_cast(a as hugeint)",
         "try_cast(try_cast(a as utinyint) as bigint)"],
    ),
    "line ends and patterns": (
        _from(ODD, "a"),
        ["a ~ '.*'", "regexp_matches(a, '^a.?$')", "regexp_matches(a, 'a.b')", "regexp_matches(a, 'a$')",
         "regexp_matches(a, '\\W')", "regexp_matches(a, '[^a-z]')", "regexp_extract(a, '(a|ab)(1|12)?', 2)",
         "regexp_extract(a, 'a+?')", "regexp_extract(a, 'a{2,}')", "regexp_matches(a, '[.]')", "a like 'a_b'",
         "a like '_'", "regexp_full_match(a, '.')", "regexp_matches(a, '\\s')", "regexp_matches(a, '^$')"],
    ),
    "unsigned numbers": (
        "(values (0::ubigint, 5::utinyint), (18446744073709551615, 255), (null, null)) t(a, b)",
        ["a = 0", "b::int + 1", "b::ubigint", "a::varchar", "a::double > 1", "a::hugeint + 1",
         "greatest(a, 5::ubigint)"],
    ),
    "doubles among others": (
        _from(DOUBLES, "a"),
        ["a in (0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)", "a in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 'nan'::double)",
         "case a when 0 then 'z' else 'n' end", "count(*) over (partition by a)", "rank() over (order by a desc)"],
    ),
}  # fmt: skip


def statement(group: str) -> str:
    source, expressions = GROUPS[group]
    names = "a, b" if " xb(b)" in source else "a"
    items = ", ".join(f"{expression} as e{i}" for i, expression in enumerate(expressions))
    return f"select {names}, {items} from {source}"


ROWS = (
    "(values (1, 'a', 10::bigint, 1.25::decimal(9,2), 0.5::double, date '2024-01-01', [1], true),"
    " (1, 'b', null, 2.50, 'nan', '2024-01-02', [1, null], false), "
    "(2, 'a', 7, -1.10, -0.0, '2023-12-31', [], null),"
    " (2, null, 9, null, 1.5, null, [3], true), (2, 'c', 9, 3.33, 'inf', '2024-02-29', null, true),"
    " (null, 'c', -5, 0.01, null, '2020-01-01', [2], false),"
    " (3, 'b', 4611686018427387904, 9.99, 2.5,'2024-01-01', [1], true)) t(k, s, n, d, f, day, l, flag)"
)
AGGREGATES = [
    "count(*)", "count(n)", "count(distinct s)", "count(*) filter (where n > 7)", "sum(n)", "sum(k)", "sum(d)",
    "sum(distinct k)", "sum(n) filter (where flag)", "avg(k)", "avg(d)", "avg(d) filter (where k = 2)", "min(n)",
    "max(d)", "min(s)", "max(s)", "min(f)", "max(f)", "min(day)", "max(day)", "max(l)", "min(l)", "bool_and(flag)",
    "bool_or(flag)", "count_if(flag)", "arg_max(s, d)", "median(k)", "quantile_cont(k, 0.25)", "median(n % 100)",
    "list(s order by s nulls last)", "list(k order by d desc)", "string_agg(s, '-' order by s, d)",
    "any_value(1)", "max(n) - min(n)", "sum(d) / count(*)", "count(distinct f)", "sum(f) filter (where f < 9)",
]  # fmt: skip
WINDOWS = [
    "row_number() over (order by d)", "rank() over (order by k)", "dense_rank() over (order by k desc nulls first)",
    "percent_rank() over (order by k)", "cume_dist() over (order by k)", "ntile(3) over (order by d)",
    "lag(n) over (order by d)", "lead(n, 2, 0) over (partition by k order by d)", "first_value(s) over (order by d)",
    "last_value(s) over (order by d)", "first_value(s ignore nulls) over (order by d rows 2 preceding)",
    "nth_value(s, 2) over (order by d)", "sum(k) over (order by d rows between 1 preceding and 1 following)",
    "sum(k) over (partition by s)", "avg(d) over (order by d)", "count(*) over (order by k range 1 preceding)",
    "max(d) over (partition by k order by d rows between current row and unbounded following)",
    "count(*) filter (where flag) over (partition by k)", "sum(d) over ()",
]  # fmt: skip
STATEMENTS = {
    "aggregates": f"select {', '.join(AGGREGATES)} from {ROWS}",
    "groups": f"select k, {', '.join(AGGREGATES)} from {ROWS} group by k order by k",
    "no rows": f"select {', '.join(AGGREGATES)} from {ROWS} where k = 99",
    "windows": f"select d, {', '.join(WINDOWS)} from {ROWS} order by d",
    "shapes": f"""
        with t as (from {ROWS}), u as (select k, max(d) as top from t group by k)
        select t.k, t.s, u.top, (select count(*) from t x where x.n > t.n) as above,
            exists (select 1 from t x where x.k = t.k and x.s < t.s) as has_less,
            t.s in (select s from t where k = 2) as among,
            t.n not in (select n from t where n is not null) as others, t.k in (select k from t) as maybe
        from t left join u using (k) where t.d is distinct from 9.99 order by t.d""",
    "sets": f"""
        with t as (from {ROWS})
        (select k, s from t union select k + 1, s from t) except select 2, 'a'
        intersect select k, s from t order by all""",
    "rollup": f"select k, s, grouping(k, s) as g, count(*), sum(d) from {ROWS} group by rollup (k, s) order by all",
    "recursion": """
        with recursive r(n, t) as (select 1, 'a' union all select n + 1, t || 'b' from r where n < 30)
        from r order by n""",
    "rows": f"select distinct on (k) k, s, d from {ROWS} order by k, d desc limit 3 offset 1",
    "lists": f"select k, unnest(l) as e, unnest([1, 2]) as i from {ROWS} order by all",
    "nothing": f"select * from {ROWS} limit 0",
}
