-- selects
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
select sum(distinct lo * 2) from weather where lo > 0 and lo % 2 = 0
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
