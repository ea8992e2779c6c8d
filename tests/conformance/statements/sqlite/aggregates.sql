-- aggregates and groups
select count(*), count(qty), count(distinct qty), sum(qty), min(qty), max(qty) from sales
select shop, count(*), sum(qty), min(price), max(price) from sales group by shop order by shop nulls first
select item, shop, count(*) from sales group by item, shop order by item nulls last, shop nulls last
select item, sum(qty) from sales where qty > 0 group by item having sum(qty) > 15 order by item nulls last
select shop from sales group by shop having count(distinct item) = 3 order by shop nulls last
select qty % 3 as r, count(*) from sales where qty is not null group by qty % 3 order by r
select qty is null as missing, count(*) from sales group by 1 order by 1
select sum(price), avg(price), min(price), max(price) from sales
select item, avg(price) from sales group by item order by item nulls last
select sum(case when qty > 3 then qty end), sum(case when qty > 3 then 1 else 0 end) from sales
select count(*) filter (where qty > 3), sum(price) filter (where item is null) from sales
select count(distinct item), count(distinct shop), count(distinct day) from sales
select min(day), max(day) from sales
select day, count(*) from sales group by day having count(*) > 1 order by day
select max(item), min(item) from sales
select count(*), sum(qty), max(qty) from sales where id > 1000
select shop, sum(qty) from sales where id > 1000 group by shop
select count(*) from (select distinct shop, item from sales)
select count(*) from (select shop from sales group by shop)
select distinct item from sales order by item nulls first
select distinct qty > 3 from sales order by 1 nulls first
select sum(distinct qty), count(distinct price) from sales
select item, max(id) - min(id) from sales group by item order by 2, 1 nulls first
select shop, item, sum(qty) as total from sales where shop is not null group by shop, item order by total desc nulls last, shop, item nulls last limit 4
select p, q, count(*) from truths group by p, q order by p nulls first, q nulls first
select p, count(q), count(*) from truths group by p order by p nulls last
select s, sum(n), count(*) from many group by s order by s
select s, min(id) from many where n % 2 = 0 group by s having min(id) < 5 order by s
select length(s), count(*) from words group by length(s) order by 1 nulls first
select kind, count(*), sum(n), sum(sq), avg(n) from numbers group by kind order by kind
select n - n, sum(sq) from numbers group by 1
select coalesce(item, 'none'), count(*) from sales group by coalesce(item, 'none') order by 1
select substr(item, 1, 1) as letter, count(*) from sales group by letter order by letter nulls last
select count(*) + sum(qty) - min(id) from sales
select sum(qty) * 2, sum(qty * 2), sum(qty + 1) from sales
select sum(a.qty) from sales a join sales b on a.id = b.id + 1
