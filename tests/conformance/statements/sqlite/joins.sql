-- joins
select l.k, l.v, r.w from l join r on l.k = r.k order by l.k, l.v, r.w
select l.k, l.v, r.w from l left join r on l.k = r.k order by l.v, r.w nulls last
select l.v, r.k, r.w from l right join r on l.k = r.k order by r.k nulls first, r.w nulls first, l.v
select l.v, r.w from l full join r on l.k = r.k order by l.v nulls last, r.w nulls first
select l.v, r.w from l cross join r where l.k < r.k order by l.v, r.k, r.w nulls first
select l.v, r.w from l, r where l.k = r.k and r.w > 'w' order by 1, 2
select l.v, r.w from l join r on l.k is not distinct from r.k order by 1, 2 nulls first
select l.v, r.w from l join r on l.k = r.k or (l.k is null and r.k is null) order by 1, 2
select l.v, r.w from l join r using (k) order by 1, 2
select k, v, w from l left join r using (k) order by v, w nulls first
select l.v, r.w from l left join r on l.k = r.k and r.w = 'x' order by 1
select l.v, r.w from l left join r on l.k = r.k where r.w is null order by 1
select l.v, r.w from l left join r on l.k = r.k and l.v = 'b' order by 1, 2 nulls last
select l.v from l left join r on l.k = r.k where r.k is null order by 1
select count(*) from l left join r on false
select count(*) from l join r on true
select l.v, r.w from l join r on l.k <> r.k order by 1, 2 nulls first
select l.v, r.w from l join r on l.k between r.k - 1 and r.k + 1 order by 1, 2 nulls first
select a.v, b.v from l a join l b on a.k = b.k and a.v < b.v
select a.v, b.v, c.w from l a join l b on a.k = b.k left join r c on c.k = b.k and c.w > a.v order by 1, 2, 3 nulls first
select s.name, x.item from shops s left join sales x on x.shop = s.shop and x.qty > 6 order by s.name, x.id
select s.name, count(x.id) from shops s left join sales x on x.shop = s.shop group by s.name order by s.name
select s.name, sum(x.qty) from shops s join sales x on x.shop = s.shop group by s.name order by s.name
select x.id, s.name from sales x left join shops s on s.shop = x.shop where x.id < 13 order by x.id
select x.id from sales x left join shops s on s.shop = x.shop where s.shop is null order by x.id
select x.id, s.city from sales x join shops s on s.shop = x.shop where s.city is null order by x.id
select x.id, c.country from sales x join shops s on s.shop = x.shop join cities c on c.name = s.city where x.qty > 4 order by x.id
select s.name, c.country from shops s full join cities c on c.name = s.city order by s.name nulls last, c.country nulls last
select s.name, c.name from shops s left join cities c on c.name = s.city and c.lat > 50 order by s.name
select p.name, c.name from tree p join tree c on c.parent = p.node order by p.node, c.node
select c.name, p.name, g.name from tree c left join tree p on c.parent = p.node left join tree g on p.parent = g.node order by c.node
select a.src, b.dst, a.cost + b.cost as cost from links a join links b on a.dst = b.src order by 1, 2, 3
select count(*) from sales a join sales b on a.shop = b.shop and a.item = b.item and a.id < b.id
select a.id, b.id from sales a join sales b on a.qty = b.qty and a.price = b.price and a.id < b.id order by 1, 2
select x.k, y.k from (select k from l where k > 1) x full join (select k from r where k < 5) y on x.k = y.k order by 1 nulls first, 2 nulls first
select x.n, r.w from (select k, count(*) as n from l group by k) x join r on r.k = x.k order by 1, 2
select many.id, numbers.kind from many join numbers on many.id = numbers.n order by many.id
select m.s, count(*) from many m join numbers n on m.n % 8 = n.n group by m.s order by m.s
select t.id, u.id from truths t join truths u on t.p = u.q and t.id < u.id order by 1, 2
select vacant.id, l.v from l left join vacant on vacant.id = l.k order by l.v
select l.v from l right join vacant on vacant.id = l.k
select l.v, vacant.s from vacant full join l on vacant.id = l.k order by 1
