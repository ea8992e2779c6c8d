-- forms of statements
select * from t order by all
from t order by a
from t select a, s order by 1
select t.* from t order by a
table u order by a, c
select 1, -1, 1.5, 1e10, 1e-5, 12345678901234567890, 0.1 + 0.2, 1_000, 'it''s', $$dollar$$, true, null
select 1e10 * 3, 1e10 as big, 1e3 in (1000, 2), -1e2
select 1e308 * 10, 'nan'::double, 'inf'::float, '-0.0'::double
select date '2020-01-31' + interval 1 month, timestamp '2020-01-01 10:00:00', time '10:00', interval '1 day 2 hours'
select timestamptz '2020-01-01 00:00:00+01' at time zone 'UTC'
select a + 1, a - 1, a * 2, a / 2, a // 2, a % 2, a ** 2, -a, ~a, a & 1, a | 1, a << 1, a >> 1, @a from t order by a
select a = 1, a <> 1, a != 1, a < 2, a <= 2, a > 2, a >= 2, a is null, a is not null, a isnull from t order by a
select a is distinct from 1, a is not distinct from null, flag is true, flag is not false, flag is unknown from t order by a
select a between 2 and 3, a not between 2 and 3, a in (1, 2), a not in (1, 2) from t order by a
select a from t where a in (1, null) or s = 'x' and not flag order by a
select s like 'x%', s not like 'x', s ilike 'X', s similar to 'x|y', s ~ 'x', s glob 'x*', s ^@ 'x' from t order by a
select 'a!%b' like '%!%%' escape '!', s || 'z', s[1], s[1:2], length(s) from t order by a
select case a when 1 then 'one' when 2 then 'two' else 'many' end, case when a > 2 then s end from t order by a
select coalesce(s, 'none'), ifnull(a, 0), nullif(a, 1), if(a > 1, 'y', 'n'), greatest(a, 3), least(a, 3) from t order by a
select a::varchar, cast(a as double), try_cast(s as int), a::decimal(10, 2), d::timestamp, [a]::double[] from t order by a
select a::utinyint, 1::hugeint, '\x41'::blob, '101'::bit, 'a'::enum('a', 'b'), {'x': 1}::struct(x double) from t order by a
select [1, 2, a], {'x': a, 'y': s}, map {'k': a}, (a, s)::varchar, row(a, s)::varchar, array_value(1, 2), struct_pack(z := a) from t order by a
select l[1], l[-1], l[1:1], st.x, st['y'], (st).x, m['k'], struct_extract(st, 'y') from t order by a
select t.st.x, t.st.y from t order by a
select list_transform(l, lambda x: x + 1), list_transform(l, x -> x * 2), list_filter(l, x -> x > 1) from t order by a
select [x + 1 for x in l if x > 1] as c, list_reduce([1, 2, 3], lambda x, y: x + y) as r, list_sum(l), len(l) from t order by a
select s.upper() as p, t.s.lower() as q, (s).length() as r, lower(s).upper().length() as w from t order by a
select columns('[ab]') from t order by all
select columns(x -> x in ('a', 's')) from t order by all
select min(columns(* exclude (l, st, m))) from t
select * exclude (l, st, m, b) from t order by a
select * replace (a + 1 as a), from t order by b
select * rename (a as z) from u order by all
select * exclude (u.c) from u order by a
select coalesce(*columns('^(a|b)$')) as c from t order by 1
select #1, a from u order by all
select a as "weird ""name""", s as "select" from t as "odd t" order by "weird ""name"""
select x: a, y: s from t order by x
select "t"."a" from "T" order by "A"
select count(*), count(a), count(distinct s), sum(a), avg(b), min(s), max(d), round(stddev(a), 9), median(b) from t
select sum(a) filter (where a > 2), count(*) filter (flag), list(a order by a desc), string_agg(s, ',' order by s) from t
select any_value(1), arg_max(s, a), arg_min(a, b), max(a, 2), approx_count_distinct(a), bool_and(flag), mode(s) from t
select quantile_cont(b, 0.5), quantile_disc(a, [0.1, 0.9]), percentile_cont(0.5) within group (order by a) from t
select s, count(*) from t group by s order by all
select s, flag, sum(a) from t group by all order by all
select s, sum(a) from t group by 1 having sum(a) > 1 order by 1
select s, flag, sum(a), grouping(s, flag), grouping_id(s) from t group by grouping sets ((s), (flag), ()) order by all
select s, flag, count(*) from t group by rollup (s, flag) order by all
select s, flag, a, count(*) from t group by cube (s, flag), a order by all
select distinct s from t order by s nulls first
select distinct on (s) s, a from t order by s, a desc nulls last
select a from t order by a desc nulls first limit 2 offset 1
select a from t order by a limit 50 percent
select a from t order by a fetch first 2 rows only
select a from t order by s collate nocase, a
select a, b from t order by all desc nulls last
select row_number() over (order by a), rank() over (partition by s order by a), dense_rank() over w from t window w as (order by s) order by all
select a, lag(a, 2, 0) over (order by d), lead(a) over (order by d), first_value(a ignore nulls) over (order by d) from t order by d
select d, sum(a) over (order by d rows between 1 preceding and 1 following) from t order by d
select d, sum(a) over (order by d range between interval 1 day preceding and current row exclude current row) from t order by d
select d, count(distinct s) over (order by d groups between unbounded preceding and unbounded following exclude ties) from t order by d
select a, ntile(2) over (order by d), cume_dist() over (order by d), percent_rank() over (order by d), nth_value(a, 2) over () from t order by d
select a, s from t qualify row_number() over (partition by s order by a desc) = 1 order by all
select sum(a) filter (where flag) over (order by d) from t order by d
select t.a, u.c from t join u on t.a = u.a order by all
select * from t join u using (a) order by all
select a, c from t natural join u order by all
select t.a, u.c from t left join u on t.a = u.a and u.c > 'p' order by all
select t.a, u.a from t right join u on t.a = u.a order by all
select t.a, u.a from t full outer join u on t.a = u.a order by all
select t.a, u.a from t cross join u order by all
select t.a, u.a from t, u where t.a = u.a order by all
select a from t semi join u using (a) order by a
select a from t anti join u on t.a = u.a order by a
select t.a, u.c from (from t order by a) t positional join (from u order by c) u order by all
select t.a, u.a from t asof join u on t.a >= u.a order by all
select x.a, y.a, z.a from t x cross join u y join u z on x.a = z.a order by all
select x.a, y.a, z.a from t x, u y join u z on y.a = z.a order by all
select x.a, y.a, z.a from t x left join (u y join u z on y.a = z.a) on x.a = y.a order by all
select x.a, y.a, z.a from t x left join (u y cross join u z) on x.a = y.a order by all
select x.a from t x join u y on x.a = y.a join u z on y.a = z.a left join t w on w.a = z.a order by all
select * from (select a, s from t) v(p, q) order by all
select * from t as z(p, q) order by p
select t.a, v.n from t, lateral (select count(*) n from u where u.a = t.a) v order by all
select t.a, v.c from t left join lateral (select c from u where u.a = t.a order by c limit 1) v on true order by all
select a, x from t, unnest(l) as w(x) order by all
select unnest(l), a from t order by all
select unnest(st), a from t order by a
select unnest([{'p': [1]}], recursive := true)
select * from unnest(['a', 'b']) with ordinality as w(x, i)
select * from range(3) r(i), generate_series(1, 5, 2) g(j) order by all
select * from json_each('{"a": 1}')
select count(*) from json_tree('[1, [2]]')
select a from t where a in (select a from u) order by a
select a from t where a not in (select a from u where a is not null) order by a
select a from t where (a, s) in ((1, 'x'), (2, 'y')) order by a
select a from t where (a, 'p') in (select a, c from u)
select a from t where exists (select 1 from u where u.a = t.a) order by a
select a from t where not exists (from u where u.a = t.a) order by a
select a from t where a = any (select a from u) and a <= all (select a from u where a > 1) order by a
select a, (select max(c) from u where u.a = t.a), array(select c from u where u.a = t.a order by c) from t order by a
select (select count(*) from t x where x.a > t.a) from t order by a
with v as (select a from t) select * from v order by a
with v(p, q) as (select a, s from t), w as (select p from v) select w.p, v.q from v join w using (p) order by all
with v as materialized (select a from t), w as not materialized (select a from v) select * from w order by a
with t as (select a from t where a > 2) select * from t order by a
with t as (select a from t), T2 as (select a from T) select * from t2 order by a
with u as (select 1 as a) select u.a, x.c from u, (with u as (select 2 as a, 'inner' as c) select * from u) x
with a as (with b as (select 1 as x) select * from b) select * from a
with u as (select 9 as a) select (select max(a) from u), a from t where a in (with u as (select 2 as a) from u)
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r order by n
with recursive r(n) as (select 1 union select (n + 1) % 4 from r) select * from r order by n
with recursive r as (select min(a) as a from t union all select min(t.a) from t, r where t.a > r.a having min(t.a) is not null) from r order by a
with recursive r as (select 1 as n union all (with s as (select n + 1 as n from r where n < 3) from s)) select * from r order by n
with recursive t as (select 1 as a union all select a + 1 from t where a < 3) select a from t order by a
with recursive k(i, v) using key (i) as (select 1, 0 union select i, v + 1 from k where v < 3) select * from k
select a from t union select a from u order by a
select a from t union all select a from u order by a
select a, s from t union all by name select c as s, a from u order by all
select a from t intersect select a from u order by a
select a from t except select a from u order by a
select 1 union all select 2 union select 3 intersect select 3 except all select 1 order by 1
(select a from t order by a limit 1) union all (select a from u order by a desc limit 1) order by a
select * from (pivot t on s in ('x', 'y') using sum(a) group by flag) order by all
pivot t on s in ('x', 'y') using sum(a) as total, count(*) as n group by flag order by all
select * from (select s, a, flag from t) pivot (sum(a) for s in ('x' as ex, 'y')) order by all
unpivot (select a, b from t) on a, b into name k value v order by all
select * from (select a, b from t) unpivot include nulls (v for k in (a, b)) order by all
select * from (select a::double a, b from t) unpivot (v for k in (columns(*))) order by all
select * from (summarize u)
describe t
summarize u
select column_name, column_type from (describe t)
select s from t where s > 'W' order by s
select 'ß' < 'z', 'Z' < 'a', 'a' = 'A'
select strftime(d, '%Y-%m'), date_trunc('month', ts), extract(year from d), date_part('dow', d), age(ts, ts), last_day(d) from t order by a
select regexp_replace(s, 'x', 'y', 'g'), regexp_extract(s, '(.)', 1), string_split(s, 'x'), printf('%d', a), format('{}', a) from t order by a
select hash(a) is not null, md5(s), sha256(s), base64('a'::blob), hex(s), url_encode(s) from t order by a
select json_object('a', a), to_json(st), json_extract('{"a": [1]}', '$.a[0]'), '{"a": 1}'::json -> 'a', '{"a": "b"}'::json ->> '$.a' from t order by a
select list(st order by a), histogram(s), first(s order by a), last(a order by d) from t
select typeof(a), pg_typeof(s), try(1 / 0) from t limit 1
select substring('abc' from 2 for 1), trim(both 'x' from 'xax'), position('b' in 'abc')
select a from t where flag order by a
select sum(a) as total, total + 1 from t
select a + 1 as b2 from t where b2 > 3 order by b2
select /* comment */ a from t order by a -- another
select a from t -- trailing comment
select a from t;
;; select a from t where a = 1 ;;
select a from t where d between date '2024-01-02' and '2024-01-04' order by a
select a from t where ts >= '2024-01-03' and ts < timestamp '2024-01-05' order by a
select 'getenv(''HOME'')', 'read_text' as read_text, "a" as getenv from t order by a
select t from u as t order by all
select count(t.*) from t
select a, count(*) over () from t order by a limit 3
from (from t select a) where a > 2 order by a
select unnest(generate_series(1, 3)) as i order by i
select distinct a % 2 from t order by 1 limit (select 1)
select count(*) as n from t as x(p, q)
select count(*) as n from t where exists (select 1 from u x(p, q))
select 1 as one from t
select count(*) as n, sum(1) as s, max(2) filter (where true) as m from t as x
select count(*) as n from (select 1 from t union all select 2 from u)
select count(*) as n from t having count(*) > 2
select count(*) filter (where false) as n, 7 as k from u
select COUNT(*), Count(a), count(), sum(DISTINCT a), "count"(*), count(*) + 1 from t
select UPPER(s), Upper(t.s), a+1, A, "A", t."a" + 1, T.a*2, (a), ((a)), (a+1), - a, +a from t order by a
select s.upper(), s.upper().lower(), t.s.lower(), upper(s.lower()) from t order by a
select main.sum(a), MAIN.sum(a), Main.SUM(a) + 1, main.count(*) from t
select main.t.a + 1, main.t.s || 'x', upper(main.t.s), main.t.a from main.t order by all
select (a, s) = (1, 'x'), (a, s) in ((1, 'x')), row(a, s) < row(2, 'y'), (a, s) <> (1, 'x') from t where a is not null order by a
select 5., .5, 5.::int, 5. + 1, -5., 5.*a, 5.e3, .5e1, [1., .2], 5.::double from t order by a
select a from t where b > 4. or b = 1.5 or a in (6., 7.) order by a
values (5., .5), (.25, 2.)
select case when a is null then 1 when a=2 then 3 else 4 end + 1, CASE a WHEN 1 THEN 'x' END from t order by a
select sum(case when s='x' then 1 else 0 end), count(*) filter (s='x'), string_agg(s, ',' order by a), max(a, 2) from t
select (select max(a) from t), (select 1), exists (select 1 from t), (select a from t order by a limit 1) + 1
select not exists (from t), a in (select a from u), a > all (select a from u where a < 3), a = any (select a from u) from t order by a
select array(select a from t order by a), (values (1)), (from t select max(a)), (with c as (select 1 as k) select k from c)
select a::varchar, CAST(a AS text), try_cast(s AS int), a::decimal(10,2), '1'::json is null, [a]::double[] from u join t using (a) order by all
select extract(year FROM d), EXTRACT(dow from d), date_part('year', d), d + INTERVAL 1 DAY, d - DATE '2024-01-01', interval '2' hour from t order by a
select substring(s FROM 1 FOR 2), trim(BOTH 'x' FROM s), position('x' IN s), overlay(s PLACING 'q' FROM 1), left(s, 1), "left"(s, 1) from t order by a
select sum(a) over (), row_number() over (order by a), lag(a) over (order by a), lead(a, 2, 0) over (order by a) from t order by all
select sum(a) over (order by a rows between 1 preceding and current row), sum(a) over w from t window w as (partition by s) order by all
select list(a order by a desc), first(a order by b), quantile_cont(a, 0.5), median(a), arg_max(a, b), percentile_cont(0.5) within group (order by a) from t
select s, grouping(s), grouping_id(s), count(*) from t group by rollup(s) order by all
select a & 1, a | 1, a << 1, a >> 1, xor(a, 1), ~a, a // 2, a % 2, a ** 2, a ^ 2 from t order by a
select s COLLATE nocase, ts AT TIME ZONE 'UTC', d::timestamp AT TIME ZONE 'Europe/Rome' from t order by a
select {'x': a}, MAP {'k': a}, [a, a+1], l[1], l[1:2], st.x, st['y'], list_transform(l, lambda x: x+1), [x+1 for x in l] from t order by a
select * from (select a+1, upper(s), count(*) from t group by all) order by all
select q."(a + 1)", q."upper(s)" || '!' from (select a+1, upper(s) from t) q order by all
with c(z) as (select a+1 from t) select z, c.z, c.z+1 from c order by all
with c as (select a+1, 'x' from t) select * from c order by all
select x.a + y.a, x.*, y.c from u x join u y on x.a=y.a order by all
select min(columns('[ab]')), max(columns('^a$')) + 1 from t
select unnest([1, 2]), unnest({'p': 1, 'q': 2})
select a+1 as a1, a1+1, a1 || 'x' from t order by all
select now() is null, current_date = today(), CURRENT_TIMESTAMP is null, pi() > 3
select 1, 1.5, 1e3, NULL, true, FALSE, 'it''s', 0x1F, 1_000, DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00'
pivot t on s in ('x', 'y') using sum(a) group by flag order by all
pivot t on s in ('x' as ex, 'y' why) using sum(a) as total, max(a) group by flag order by all
from t pivot (count(*) for s in ('x', 'y') group by flag) order by all
unpivot (select a, b, d from t) on a, b order by all
unpivot (select a, b, d from t) on columns(* exclude d) into name n value v order by all
describe select a + 1, upper(s), st.x as x from t
describe (select 1 as one)
describe values (1, 'x')
show t
show main.t
from (describe select a, s from t)
select column_name, column_type from (describe t) order by 1
with v as (select 1 as one, 'x' as two) select * from (describe v)
select column_name, column_type, min, max, approx_unique, count, null_percentage from (summarize select a, b, flag from t) order by 1
select column_name, min, max, count from (summarize (select a from t where a > 2)) order by 1
pivot t using sum(a)
select column_name, min, max, count from (summarize select a + 1, s from t) order by 1
