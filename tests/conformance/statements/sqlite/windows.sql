-- windows
select id, row_number() over (order by id) from sales order by id
select id, row_number() over (partition by shop order by id desc) from sales order by id
select id, rank() over (order by qty nulls first) from sales order by id
select id, dense_rank() over (order by qty desc nulls last) from sales order by id
select id, rank() over (partition by item order by price desc, id) from sales order by id
select id, percent_rank() over (order by id) from sales where id < 6 order by id
select id, cume_dist() over (order by id) from sales where id < 5 order by id
select id, ntile(4) over (order by id) from sales order by id
select id, ntile(3) over (partition by item order by id) from sales order by id
select id, lag(qty) over (order by id) from sales order by id
select id, lag(qty, 2) over (order by id), lag(qty, 2, -99) over (order by id) from sales where id < 8 order by id
select id, lead(item) over (partition by shop order by id) from sales order by id
select id, lead(qty, 1, 0) over (partition by shop order by id) from sales order by id
select id, first_value(qty) over (partition by shop order by id) from sales order by id
select id, last_value(qty) over (partition by shop order by id) from sales order by id
select id, last_value(qty) over (partition by shop order by id rows between unbounded preceding and unbounded following) from sales order by id
select id, nth_value(qty, 2) over (partition by shop order by id) from sales order by id
select id, sum(qty) over (order by id) from sales order by id
select id, sum(qty) over (partition by shop order by id) from sales order by id
select id, count(*) over (partition by shop), count(qty) over (partition by shop) from sales order by id
select id, avg(price) over (partition by item) from sales where item = 'pen' order by id
select id, min(qty) over (order by id rows 2 preceding), max(qty) over (order by id rows 2 preceding) from sales order by id
select id, sum(qty) over (order by id rows between 2 preceding and 1 preceding) from sales order by id
select id, sum(qty) over (order by id rows between 1 following and 2 following) from sales order by id
select id, sum(qty) over (order by id rows between current row and unbounded following) from sales order by id
select id, count(*) over (order by id range between 3 preceding and 3 following) from sales order by id
select id, count(qty) over (order by qty nulls first range between 1 preceding and 1 following) from sales where qty is not null order by id
select id, count(*) over (order by qty nulls last groups between 1 preceding and 1 following) from sales order by id
select id, sum(qty) over (order by id rows between 1 preceding and 1 following exclude current row) from sales order by id
select id, count(*) over (order by qty nulls first groups between current row and current row exclude ties) from sales order by id
select id, count(*) over (order by qty nulls first range between unbounded preceding and current row exclude group) from sales order by id
select id, sum(qty) filter (where item = 'cup') over (order by id) from sales order by id
select id, sum(sum(qty)) over (order by id) from sales group by id order by id
select shop, sum(qty), rank() over (order by sum(qty) desc) from sales where shop is not null group by shop order by shop
select item, count(*), sum(count(*)) over () from sales group by item order by item nulls first
select id, row_number() over w, sum(qty) over w from sales window w as (partition by item order by id) order by id
select id, qty - lag(qty) over w as change from sales window w as (order by id) order by id
select * from (select id, shop, row_number() over (partition by shop order by qty desc nulls last, id) as place from sales) where place = 1 order by id
select * from (select id, rank() over (order by price desc) as place from sales) where place <= 3 order by place, id
select id, sum(n) over (order by n) from many order by id
select id, rank() over (partition by s order by n) from many order by id
select city, day, hi - lag(hi) over (partition by city order by day) from weather order by city, day
select city, day, sum(rain) over (partition by city order by day rows unbounded preceding) from weather order by city, day
select max(place) from (select dense_rank() over (order by item nulls last) as place from sales)
select count(*) over (), sum(id) over () from vacant
