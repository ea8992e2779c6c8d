-- subqueries
select v from l where k in (select k from r) order by v
select v from l where k not in (select k from r) order by v
select v from l where k not in (select k from r where k is not null) order by v
select v from l where exists (select 1 from r where r.k = l.k) order by v
select v from l where not exists (select 1 from r where r.k = l.k) order by v
select v, k in (select k from r) from l order by v
select v, k in (select k from r where k > 2) from l order by v
select v, exists (select 1 from r where r.k = l.k) from l order by v
select v, (select count(*) from r where r.k = l.k) from l order by v
select v, (select max(w) from r where r.k = l.k) from l order by v
select v, (select count(w) from r where r.k > l.k) from l order by v
select v, (select min(r.k) from r where r.k > l.k) from l order by v
select v from l where k = (select min(k) from r) order by v
select v from l where k > (select avg(k) from l) order by v
select v from l where (select count(*) from r where r.k = l.k) = 2 order by v
select v from l where k = (select max(k) from r where r.k = l.k and r.w <> 'x') order by v
select name from shops s where (select sum(qty) from sales x where x.shop = s.shop) > 20 order by name
select name from shops s where exists (select 1 from sales x where x.shop = s.shop and x.qty is null) order by name
select name from shops s where not exists (select 1 from sales x where x.shop = s.shop and x.item = 'cup') order by name
select name, (select item from sales x where x.shop = s.shop order by qty desc nulls last, id limit 1) from shops s order by name
select id from sales a where qty = (select max(qty) from sales b where b.shop = a.shop) order by id
select id from sales a where price > (select avg(price) from sales b where b.item = a.item) order by id
select id from sales a where 3 > (select count(*) from sales b where b.item = a.item and b.id < a.id) and item is not null order by id
select item, count(*) from sales where shop in (select shop from shops where city = 'Rome') group by item order by item nulls last
select (select count(*) from l) * 100 + (select count(*) from r)
select (select k from l where false), (select k from l where v = 'a')
select n, (select sum(sq) from numbers b where b.n <= a.n) from numbers a order by n
select n from numbers a where exists (select 1 from numbers b where b.n = a.n * 2) order by n
select n from numbers a where not exists (select 1 from numbers b where b.n < a.n and a.n % b.n = 0 and b.n > 1) order by n
select node from tree t where not exists (select 1 from tree c where c.parent = t.node) order by node
select name from tree where parent in (select node from tree where parent in (select node from tree where parent is null)) order by name
select name from tree t where (select count(*) from tree c where c.parent = t.node) > 1 order by name
select t.id, (select count(*) from truths u where u.p = t.q) from truths t order by t.id
select id from truths where p in (select q from truths where id < 2) order by id
select id from truths where q not in (select p from truths where p) order by id
select city from weather w where hi = (select max(hi) from weather x where x.city = w.city) order by city, day
select city, day from weather w where lo < (select avg(lo) from weather x where x.day = w.day) order by city, day
select x.city, x.n from (select city, count(*) as n from weather group by city) x where x.n = (select max(n) from (select count(*) as n from weather group by city)) order by 1
select id from many where n > (select n from many where id = 3) order by id
select id, case when n in (select n from many where id < 3) then 'yes' else 'no' end from many where id < 6 order by id
select count(*) from many where s in (select s from many where id = 0 union select s from many where id = 1)
select id from many where (n, s) in (select n, s from many where id > 15) order by id
select count(*) from vacant where id in (select id from many)
select v from l where k in (select id from vacant) order by v
select v from l where k not in (select id from vacant) order by v
select (select max(id) from vacant), (select count(*) from vacant), exists (select 1 from vacant)
