-- three-valued logic
select id, p and q, p or q, not p from truths order by id
select id, p = q, p <> q, p < q, p >= q from truths order by id
select id, p is null, p is not null, p is true, p is not false from truths order by id
select id, p is distinct from q, p is not distinct from q from truths order by id
select id from truths where p order by id
select id from truths where not p order by id
select id from truths where p and not q order by id
select id from truths where p or q order by id
select id from truths where not (p and q) order by id
select id from truths where not (p or q) order by id
select id from truths where (p or q) and (not p or not q) order by id
select id from truths where p = q order by id
select id from truths where not (p = q) order by id
select id from truths where p is distinct from q order by id
select id from truths where (p and q) is null order by id
select id from truths where (p or q) is null order by id
select id from truths where coalesce(p, q, true) order by id
select id, case when p then 1 when not p then 2 else 3 end from truths order by id
select id, case p when q then 'same' else 'other' end from truths order by id
select id, coalesce(p, q), nullif(p, q) from truths order by id
select id, p in (true, null), p not in (true, null) from truths where q order by id
select id from truths where p in (q, null) order by id
select id from truths where p not in (q) order by id
select id from truths where (p is null) = (q is null) order by id
select qty > 3, qty < 3, qty = 3, qty <> 3 from sales where id in (1, 8, 16) order by id
select id from sales where qty > 3 or qty is null order by id
select id from sales where not (qty > 3) order by id
select id from sales where qty between 2 and 4 order by id
select id from sales where qty not between 2 and 4 order by id
select id from sales where item <> 'cup' order by id
select id from sales where item not in ('cup', 'hat') order by id
select id from sales where not (item = 'cup' and qty > 2) order by id
select id from sales where qty in (1, 2, null) order by id
select null and false, null or true, null and true, null or false, not null
select 1 = null, 1 in (null), 1 in (1, null), 1 not in (2, null), null is null
select count(*) from sales where null
select count(*) from sales where qty = null
select count(*) from sales where (qty > 0) is not true
-- order, limit and offset
select id, qty from sales order by qty nulls first, id
select id, qty from sales order by qty nulls last, id
select id, qty from sales order by qty desc nulls first, id desc
select id, qty from sales order by qty desc nulls last, id limit 7
select id from sales order by item nulls first, price desc, id limit 9
select id from sales order by day, id limit 6
select id from sales order by day desc, id desc limit 6 offset 3
select id from sales order by price desc, id limit 5 offset 38
select id from sales order by id limit 0
select id from sales order by id limit 3 offset 100
select id from sales order by -qty nulls last, id limit 8
select id from sales order by qty % 4 nulls first, qty nulls first, id limit 12
select id from sales order by case item when 'hat' then 1 when 'cup' then 2 else 3 end, id limit 10
select id, item from sales order by 2 nulls last, 1 desc limit 10
select id as n, -id as m from sales order by m limit 4
select v from l order by k nulls last, v desc
select s from words order by s nulls first
select s from words where s is not null order by s desc
select id from words order by length(s) desc nulls last, id limit 4
select distinct shop from sales order by shop desc nulls last limit 3
select shop, count(*) from sales group by shop order by count(*) desc, shop nulls last limit 3
select id from (select id from sales order by qty nulls first, id limit 10) order by id desc
select id from many order by n limit 5
select id, n from many order by s, n desc limit 6
select p, q from truths order by p nulls first, q desc nulls last
select lat from cities order by lat desc
select id from sales where shop = 2 order by price, id limit 3
-- texts
select id, s || '!' from words order by id
select id, length(s), upper(s), lower(s) from words order by id
select id from words where s like 'a%' order by id
select id from words where s like '%a%' order by id
select id from words where s not like '%a%' order by id
select id from words where s like '_____' order by id
select id from words where s like '%!%' escape '!' order by id
select id from words where s like '%!_%' escape '!' order by id
select id from words where s like '' order by id
select id from words where s = '' order by id
select id from words where s > 'apple' order by id
select id from words where s >= 'a' and s < 'b' order by id
select id, substr(s, 2, 3), substr(s, 3) from words order by id
select id, replace(s, 'a', 'bb') from words order by id
select id, trim(s), ltrim(s), rtrim(s) from words order by id
select id, instr(s, 'a'), instr(s, 'pp') from words order by id
select id, coalesce(s, '?') from words order by id
select id from words where s is null or length(s) = 0 order by id
select id, s = 'aaa', s <> 'aaa' from words order by id
select max(s), min(s), count(s) from words
select id, substr(s, -3) from words where length(s) > 3 order by id
select group_concat(s, '|') from (select s from words where id in (2, 10, 11) order by id)
