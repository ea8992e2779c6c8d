"""The 22 queries of TPC-H with their validation parameters, as standard SQL. Where the order matters, it is total."""

from __future__ import annotations

KEYS = {
    "customer": ["c_custkey"],
    "lineitem": ["l_orderkey", "l_linenumber"],
    "nation": ["n_nationkey"],
    "orders": ["o_orderkey"],
    "part": ["p_partkey"],
    "partsupp": ["ps_partkey", "ps_suppkey"],
    "region": ["r_regionkey"],
    "supplier": ["s_suppkey"],
}
"""By table."""

_REVENUE = "sum(l_extendedprice * (1 - l_discount))"
_BRAND_12 = "p_brand = 'Brand#12' AND p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')"
_BRAND_23 = "p_brand = 'Brand#23' AND p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')"
_BRAND_34 = "p_brand = 'Brand#34' AND p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')"

QUERIES = {
    1: """
        SELECT l_returnflag, l_linestatus, sum(l_quantity) AS quantity, sum(l_extendedprice) AS base_price,
            sum(l_extendedprice * (1 - l_discount)) AS discounted,
            sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS charged,
            avg(l_quantity) AS mean_quantity, avg(l_extendedprice) AS mean_price, avg(l_discount) AS mean_discount,
            count(*) AS lines
        FROM lineitem WHERE l_shipdate <= DATE '1998-09-02'
        GROUP BY ALL ORDER BY l_returnflag, l_linestatus""",
    2: """
        SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
        FROM part JOIN partsupp ON ps_partkey = p_partkey JOIN supplier ON s_suppkey = ps_suppkey
            JOIN nation ON n_nationkey = s_nationkey JOIN region ON r_regionkey = n_regionkey
        WHERE p_size = 15 AND p_type LIKE '%BRASS' AND r_name = 'EUROPE' AND ps_supplycost = (
            SELECT min(ps_supplycost)
            FROM partsupp JOIN supplier ON s_suppkey = ps_suppkey JOIN nation ON n_nationkey = s_nationkey
                JOIN region ON r_regionkey = n_regionkey
            WHERE ps_partkey = p_partkey AND r_name = 'EUROPE')
        ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100""",
    3: f"""
        SELECT l_orderkey, {_REVENUE} AS revenue, o_orderdate, o_shippriority
        FROM customer JOIN orders ON o_custkey = c_custkey JOIN lineitem ON l_orderkey = o_orderkey
        WHERE c_mktsegment = 'BUILDING' AND o_orderdate < DATE '1995-03-15' AND l_shipdate > DATE '1995-03-15'
        GROUP BY ALL ORDER BY revenue DESC, o_orderdate, l_orderkey LIMIT 10""",
    4: """
        SELECT o_orderpriority, count(*) AS orders FROM orders
        WHERE o_orderdate >= DATE '1993-07-01' AND o_orderdate < DATE '1993-10-01' AND EXISTS (
            SELECT 1 FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate)
        GROUP BY ALL ORDER BY o_orderpriority""",
    5: f"""
        SELECT n_name, {_REVENUE} AS revenue
        FROM customer JOIN orders ON o_custkey = c_custkey JOIN lineitem ON l_orderkey = o_orderkey
            JOIN supplier ON s_suppkey = l_suppkey AND s_nationkey = c_nationkey
            JOIN nation ON n_nationkey = s_nationkey JOIN region ON r_regionkey = n_regionkey
        WHERE r_name = 'ASIA' AND o_orderdate >= DATE '1994-01-01' AND o_orderdate < DATE '1995-01-01'
        GROUP BY ALL ORDER BY revenue DESC, n_name""",
    6: """
        SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem
        WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
            AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24""",
    7: f"""
        SELECT s.n_name AS supplying, c.n_name AS buying, extract(year FROM l_shipdate) AS shipped,
            {_REVENUE} AS revenue
        FROM supplier JOIN lineitem ON l_suppkey = s_suppkey JOIN orders ON o_orderkey = l_orderkey
            JOIN customer ON c_custkey = o_custkey JOIN nation s ON s.n_nationkey = s_nationkey
            JOIN nation c ON c.n_nationkey = c_nationkey
        WHERE l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31' AND (
            (s.n_name = 'FRANCE' AND c.n_name = 'GERMANY') OR (s.n_name = 'GERMANY' AND c.n_name = 'FRANCE'))
        GROUP BY ALL ORDER BY supplying, buying, shipped""",
    8: """
        WITH sales AS (
            SELECT extract(year FROM o_orderdate) AS sold, l_extendedprice * (1 - l_discount) AS volume,
                s.n_name AS nation
            FROM part JOIN lineitem ON l_partkey = p_partkey JOIN supplier ON s_suppkey = l_suppkey
                JOIN orders ON o_orderkey = l_orderkey JOIN customer ON c_custkey = o_custkey
                JOIN nation c ON c.n_nationkey = c_nationkey JOIN region ON r_regionkey = c.n_regionkey
                JOIN nation s ON s.n_nationkey = s_nationkey
            WHERE r_name = 'AMERICA' AND p_type = 'ECONOMY ANODIZED STEEL'
                AND o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31')
        SELECT sold, sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS share
        FROM sales GROUP BY ALL ORDER BY sold""",
    9: """
        SELECT n_name, extract(year FROM o_orderdate) AS sold,
            sum(l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity) AS profit
        FROM part JOIN lineitem ON l_partkey = p_partkey JOIN supplier ON s_suppkey = l_suppkey
            JOIN partsupp ON ps_suppkey = l_suppkey AND ps_partkey = l_partkey
            JOIN orders ON o_orderkey = l_orderkey JOIN nation ON n_nationkey = s_nationkey
        WHERE p_name LIKE '%green%'
        GROUP BY ALL ORDER BY n_name, sold DESC""",
    10: f"""
        SELECT c_custkey, c_name, {_REVENUE} AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment
        FROM customer JOIN orders ON o_custkey = c_custkey JOIN lineitem ON l_orderkey = o_orderkey
            JOIN nation ON n_nationkey = c_nationkey
        WHERE o_orderdate >= DATE '1993-10-01' AND o_orderdate < DATE '1994-01-01' AND l_returnflag = 'R'
        GROUP BY ALL ORDER BY revenue DESC, c_custkey LIMIT 20""",
    11: """
        WITH german AS (
            SELECT ps_partkey, ps_supplycost * ps_availqty AS worth
            FROM partsupp JOIN supplier ON s_suppkey = ps_suppkey JOIN nation ON n_nationkey = s_nationkey
            WHERE n_name = 'GERMANY')
        SELECT ps_partkey, sum(worth) AS total FROM german GROUP BY ALL
        HAVING total > (SELECT sum(worth) * 0.0001 FROM german) ORDER BY total DESC, ps_partkey""",
    12: """
        SELECT l_shipmode, count(*) FILTER (WHERE o_orderpriority IN ('1-URGENT', '2-HIGH')) AS urgent,
            count(*) FILTER (WHERE o_orderpriority NOT IN ('1-URGENT', '2-HIGH')) AS others
        FROM orders JOIN lineitem ON l_orderkey = o_orderkey
        WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate
            AND l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1995-01-01'
        GROUP BY ALL ORDER BY l_shipmode""",
    13: """
        WITH bought AS (
            SELECT c_custkey, count(o_orderkey) AS orders
            FROM customer LEFT JOIN orders ON o_custkey = c_custkey AND o_comment NOT LIKE '%special%requests%'
            GROUP BY ALL)
        SELECT orders, count(*) AS customers FROM bought GROUP BY ALL ORDER BY customers DESC, orders DESC""",
    14: """
        SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END)
            / sum(l_extendedprice * (1 - l_discount)) AS promoted
        FROM lineitem JOIN part ON p_partkey = l_partkey
        WHERE l_shipdate >= DATE '1995-09-01' AND l_shipdate < DATE '1995-10-01'""",
    15: f"""
        WITH earned AS (
            SELECT l_suppkey, {_REVENUE} AS total FROM lineitem
            WHERE l_shipdate >= DATE '1996-01-01' AND l_shipdate < DATE '1996-04-01' GROUP BY ALL)
        SELECT s_suppkey, s_name, s_address, s_phone, total
        FROM supplier JOIN earned ON l_suppkey = s_suppkey
        WHERE total = (SELECT max(total) FROM earned) ORDER BY s_suppkey""",
    16: """
        SELECT p_brand, p_type, p_size, count(DISTINCT ps_suppkey) AS suppliers
        FROM partsupp JOIN part ON p_partkey = ps_partkey
        WHERE p_brand <> 'Brand#45' AND p_type NOT LIKE 'MEDIUM POLISHED%' AND p_size IN (49, 14, 23, 45, 19, 3, 36, 9)
            AND ps_suppkey NOT IN (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%')
        GROUP BY ALL ORDER BY suppliers DESC, p_brand, p_type, p_size""",
    17: """
        SELECT sum(l_extendedprice) / 7.0 AS yearly FROM lineitem JOIN part ON p_partkey = l_partkey
        WHERE p_brand = 'Brand#23' AND p_container = 'MED BOX' AND l_quantity < (
            SELECT 0.2 * avg(l_quantity) FROM lineitem WHERE l_partkey = p_partkey)""",
    18: """
        SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity) AS quantity
        FROM customer JOIN orders ON o_custkey = c_custkey JOIN lineitem ON l_orderkey = o_orderkey
        WHERE o_orderkey IN (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 300)
        GROUP BY ALL ORDER BY o_totalprice DESC, o_orderdate, o_orderkey LIMIT 100""",
    19: f"""
        SELECT {_REVENUE} AS revenue FROM lineitem JOIN part ON p_partkey = l_partkey
        WHERE l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON' AND (
            ({_BRAND_12} AND l_quantity BETWEEN 1 AND 11 AND p_size BETWEEN 1 AND 5)
            OR ({_BRAND_23} AND l_quantity BETWEEN 10 AND 20 AND p_size BETWEEN 1 AND 10)
            OR ({_BRAND_34} AND l_quantity BETWEEN 20 AND 30 AND p_size BETWEEN 1 AND 15))""",
    20: """
        SELECT s_name, s_address FROM supplier JOIN nation ON n_nationkey = s_nationkey
        WHERE n_name = 'CANADA' AND s_suppkey IN (
            SELECT ps_suppkey FROM partsupp
            WHERE ps_partkey IN (SELECT p_partkey FROM part WHERE p_name LIKE 'forest%') AND ps_availqty > (
                SELECT 0.5 * sum(l_quantity) FROM lineitem
                WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey
                    AND l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'))
        ORDER BY s_name""",
    21: """
        SELECT s_name, count(*) AS waiting
        FROM supplier JOIN lineitem late ON late.l_suppkey = s_suppkey JOIN orders ON o_orderkey = late.l_orderkey
            JOIN nation ON n_nationkey = s_nationkey
        WHERE o_orderstatus = 'F' AND late.l_receiptdate > late.l_commitdate AND n_name = 'SAUDI ARABIA'
            AND EXISTS (
                SELECT 1 FROM lineitem other
                WHERE other.l_orderkey = late.l_orderkey AND other.l_suppkey <> late.l_suppkey)
            AND NOT EXISTS (
                SELECT 1 FROM lineitem other
                WHERE other.l_orderkey = late.l_orderkey AND other.l_suppkey <> late.l_suppkey
                    AND other.l_receiptdate > other.l_commitdate)
        GROUP BY ALL ORDER BY waiting DESC, s_name LIMIT 100""",
    22: """
        WITH likely AS (
            SELECT substring(c_phone, 1, 2) AS code, c_acctbal, c_custkey FROM customer
            WHERE substring(c_phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17'))
        SELECT code, count(*) AS customers, sum(c_acctbal) AS balance FROM likely
        WHERE c_acctbal > (SELECT avg(c_acctbal) FROM likely WHERE c_acctbal > 0.00)
            AND NOT EXISTS (SELECT 1 FROM orders WHERE o_custkey = c_custkey)
        GROUP BY ALL ORDER BY code""",
}
