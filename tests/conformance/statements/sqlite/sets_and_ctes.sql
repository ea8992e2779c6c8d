-- set operations
select k from l union select k from r order by 1 nulls first
select k from l union all select k from r order by 1 nulls first
select k from l intersect select k from r order by 1 nulls first
select k from l except select k from r order by 1 nulls first
select k from r except select k from l order by 1 nulls first
select k, v from l union select k, w from r order by 1 nulls first, 2 nulls first
select item from sales union select name from tree order by 1 nulls last
select item from sales intersect select item from sales where qty > 5 order by 1 nulls first
select shop from sales except select shop from shops order by 1
select 1 union select 2 union select 1 order by 1
select 1 union all select 2 union all select 1 order by 1
select n from numbers where n < 4 union all select sq from numbers where n < 3 order by 1
select count(*) from (select k from l union all select k from r union all select k from l)
select * from (select n from numbers order by n desc limit 2) union all select * from (select n from numbers order by n limit 2) order by 1
select id from many where n > 50 intersect select id from many where id % 2 = 0 order by 1
select null union select null
select p from truths intersect select q from truths order by 1 nulls first
select id from vacant union select id from many where id < 3 order by 1
select id from many where id < 3 except select id from vacant order by 1
select s from words except select name from tree order by 1 nulls first
-- common table expressions
with a as (select k, v from l where k > 1) select * from a order by k, v
with a(x, y) as (select k, v from l) select x, y from a where x is null
with a as (select 1 as x), b as (select x + 1 as x from a) select a.x, b.x from a, b
with l as (select 9 as k) select k from l
with a as (select shop, sum(qty) as n from sales group by shop) select s.name, a.n from a join shops s using (shop) order by s.name
with a as (select n from numbers) select x.n, y.n from a x join a y on x.n + y.n = 9 where x.n < y.n order by 1
with a as (select max(n) as m from numbers) select n from numbers, a where n = m
with recursive a(n) as (select 1 union all select n * 2 from a where n < 100) select n from a order by n
with recursive a(n) as (select 0 union select (n + 3) % 7 from a) select n from a order by n
with recursive down(node, depth) as (select node, 0 from tree where parent is null union all select t.node, d.depth + 1 from tree t join down d on t.parent = d.node) select node, depth from down order by node
with recursive up(node, above) as (select node, parent from tree union all select u.node, t.parent from up u join tree t on t.node = u.above where t.parent is not null) select node, count(above) from up group by node order by node
with recursive path(node, cost) as (select 'a', 0 union all select dst, p.cost + l.cost from path p join links l on l.src = p.node where p.cost < 10) select node, min(cost) from path group by node order by node
with recursive reach(node) as (select 'a' union select dst from reach join links on src = node) select node from reach order by node
with recursive f(a, b, n) as (select 0, 1, 1 union all select b, a + b, n + 1 from f where n < 12) select a from f order by n
with recursive names(node, path) as (select node, name from tree where parent is null union all select t.node, n.path || '/' || t.name from tree t join names n on t.parent = n.node) select path from names order by node
with recursive days(n) as (select 1 union all select n + 1 from days where n < 5) select n, (select count(*) from sales where qty = n) from days order by n
with a as (select id, n from many where n > 30), b as (select id from a where id % 2 = 1) select a.id, b.id from a left join b using (id) order by a.id
with a as (select 1 as x union select 2) select x from a where x in (select x from a where x > 1)
with a as (with b as (select k from l where k is not null) select k + 1 as k from b) select * from a order by k
select * from (with a as (select n from numbers where n > 6) select n from a) order by n
