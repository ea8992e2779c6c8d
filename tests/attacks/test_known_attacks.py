"""All known attacks on access policies. Each runs twice: on the whole lake, under a role that sees a part of it, and on
a lake that holds only that part. The answers must be equal, errors included.
"""

from __future__ import annotations

import pytest

from tests.support.oracles.two_lakes import HIDDEN_WORDS, TwoLakes

ROWS = """
SELECT * FROM orders
SELECT count(*) FROM orders
SELECT count(*), count(region), min(day), max(price), min(amount), max(amount), max(code) FROM orders
SELECT region, count(*), sum(amount) FROM orders GROUP BY region
SELECT * FROM orders WHERE region <> 'EU'
SELECT * FROM orders WHERE region IS NULL OR region = '' OR region = 'US'
SELECT * FROM orders WHERE id % 4 = 3
SELECT * FROM orders WHERE true OR 1 = 1
SELECT * FROM orders o WHERE o.region = 'US' OR NOT (o.region = 'US')
SELECT card, count(*) FROM orders GROUP BY ALL
SELECT * FROM orders WHERE card = '400000000001'
SELECT * FROM orders WHERE card LIKE '4000%'
SELECT * FROM orders WHERE card BETWEEN '4000' AND '5'
SELECT * FROM orders WHERE card IN ('400000000001', '****0001')
SELECT max(card), min(card) FROM orders
SELECT * FROM people
SELECT * FROM people WHERE name = 'n1' OR email LIKE 'p1%'
SELECT count(DISTINCT name), count(email) FROM people
SELECT * FROM main WHERE _table <> 'events'
SELECT _table, count(*) FROM main GROUP BY 1
SELECT * FROM main WHERE _table = 'secret_plans'
DESCRIBE orders
SELECT column_name, column_type, min, max, count, null_percentage FROM (SUMMARIZE orders)
SELECT column_name, column_type, min, max, count, null_percentage FROM (SUMMARIZE people)
SELECT column_name, column_type, min, max, count, null_percentage FROM (SUMMARIZE events)
SHOW TABLES
SELECT * FROM orders TABLESAMPLE 100%
SELECT count(*) <= 230 FROM orders TABLESAMPLE 50%
SELECT * FROM orders USING SAMPLE reservoir(1000 ROWS)
SELECT * FROM orders LIMIT 0
SELECT * FROM orders ORDER BY amount DESC, id LIMIT 5
SELECT * FROM orders ORDER BY day, id LIMIT 5
SELECT count(*) FROM orders LIMIT 1 OFFSET 0
"""

ERRORS_OF_ROWS = """
SELECT count(*) FROM orders WHERE CAST(note AS INTEGER) >= 0
SELECT count(*) FROM orders WHERE note::INT >= 0 AND region = 'EU'
SELECT count(*) FROM orders WHERE CASE WHEN region = 'US' THEN CAST(note AS INT) ELSE 1 END > 0
SELECT count(*) FROM orders WHERE note = 5
SELECT count(*) FROM orders WHERE note < 5
SELECT count(*) FROM orders WHERE note IN (1, 2, 3)
SELECT count(*) FROM orders WHERE note BETWEEN 1 AND 3
SELECT sum(CAST(note AS INT)) FROM orders
SELECT CAST(note AS INT) AS n FROM orders WHERE n > 3
SELECT n FROM (SELECT CAST(note AS INT) AS n FROM orders) WHERE n > 3
WITH c AS (SELECT CAST(note AS INT) AS n FROM orders) SELECT count(*) FROM c WHERE n > 3
WITH c AS MATERIALIZED (SELECT CAST(note AS INT) AS n FROM orders) SELECT count(*) FROM c WHERE n > 3
SELECT count(*) FROM orders WHERE amount + 9223372036854775000 > 0
SELECT count(*) FROM orders WHERE amount * 1000000 > 0
SELECT count(*) FROM orders WHERE abs(amount) > 5
SELECT count(*) FROM orders WHERE -amount < 5
SELECT sum(amount)::BIGINT FROM orders
SELECT count(*) FROM orders WHERE CAST(amount AS TINYINT) > 5
SELECT count(*) FROM orders WHERE CAST(code AS TINYINT) > 5
SELECT count(*) FROM orders WHERE code + 1 > 0
SELECT count(*) FROM orders WHERE price * 99999999.99 > 0
SELECT count(*) FROM orders WHERE CAST(price AS DECIMAL(5, 2)) > 0
SELECT count(*) FROM orders WHERE 1 / (id - 43) > 0
SELECT count(*) FROM orders WHERE 1 % (amount - 43) > 0
SELECT count(*) FROM orders WHERE sqrt(amount) > 2
SELECT count(*) FROM orders WHERE ln(amount + 1) > 2
SELECT count(*) FROM orders WHERE strptime(note, '%Y') IS NULL
SELECT count(*) FROM orders WHERE CAST('2020-01-0' || note AS DATE) > DATE '2000-01-01'
SELECT count(*) FROM orders WHERE day + to_days(CAST(amount AS INT)) > DATE '1900-01-01'
SELECT count(*) FROM orders WHERE CAST(day AS TIMESTAMP) > TIMESTAMP '1900-01-01'
SELECT count(*) FROM orders WHERE day > TIMESTAMP '1900-01-01'
SELECT count(*) FROM orders WHERE repeat(note, CAST(code AS INT)) = 'x'
SELECT count(*) FROM orders WHERE regexp_matches('x', note)
SELECT count(*) FROM orders WHERE chr(code) = 'x'
SELECT count(*) FROM orders WHERE (SELECT count(*) FROM plain WHERE plain.id = CAST(orders.note AS INT)) > 0
SELECT count(*) FROM orders o JOIN plain p ON CAST(o.note AS INT) = p.id
SELECT count(*) FROM orders o JOIN plain p ON o.note = p.id
SELECT count(*) FROM orders o LEFT JOIN plain p ON o.note::INT = p.id AND o.code + p.id > 0
SELECT count(*) FROM orders o, plain p WHERE o.note::INT = p.id
SELECT count(*) FROM plain p WHERE p.id IN (SELECT CAST(note AS INT) FROM orders)
SELECT count(*) FROM plain p WHERE EXISTS (SELECT 1 FROM orders o WHERE CAST(o.note AS INT) = p.id)
SELECT count(*) FROM plain p, LATERAL (SELECT CAST(note AS INT) AS n FROM orders o WHERE o.id = p.id) x WHERE x.n > 2
SELECT count(*) FROM orders HAVING max(CAST(note AS INT)) > 3
SELECT region, max(note::INT) AS m FROM orders GROUP BY region HAVING m > 3
SELECT id, CAST(note AS INT) AS n FROM orders QUALIFY row_number() OVER (ORDER BY n, id) < 5
SELECT count(*) FILTER (WHERE CAST(note AS INT) > 3) FROM orders
SELECT id FROM orders ORDER BY CAST(note AS INT), id LIMIT 3
SELECT DISTINCT CAST(note AS INT) FROM orders
SELECT CAST(note AS INT) FROM orders UNION SELECT id FROM plain
SELECT CAST(note AS INT) FROM orders INTERSECT SELECT id FROM plain
SELECT id FROM plain EXCEPT SELECT CAST(note AS INT) FROM orders
SELECT coalesce(TRY_CAST(note AS INT), CAST(note AS INT)) FROM orders
SELECT error('seen') FROM orders WHERE region = 'US'
SELECT count(*) FROM orders WHERE list_extract([1, 2], CAST(note AS INT)) = 1
SELECT count(*) FROM orders WHERE to_base(amount, 2) = '1'
SELECT count(*) FROM orders WHERE factorial(CAST(code AS INT)) > 1
SELECT count(*) FROM orders WHERE make_date(CAST(amount AS INT), 1, 1) IS NOT NULL
SELECT count(*) FROM orders WHERE json_extract(note, '$') IS NULL
SELECT count(*) FROM orders WHERE decode(encode(note)) = note
SELECT count(*) FROM orders WHERE from_hex(note) IS NULL
SELECT count(*) FROM orders WHERE gcd(amount, -1) = 1
SELECT count(*) FROM orders WHERE amount // -1 = 1
SELECT count(*) FROM orders WHERE bit_count(amount) << CAST(code AS INT) > 1
"""

LEARNED = """
SELECT count(*) FROM events WHERE CAST(note AS INT) >= 0
SELECT count(*) FROM events WHERE note = 5
SELECT count(*) FROM events WHERE CAST(note AS INT) >= 0 AND id % 2 = 0
SELECT count(*) FROM events WHERE CAST(note AS INT) >= 0 OR region = 'US'
SELECT count(*) FROM (SELECT CAST(note AS INT) AS n FROM events) WHERE n >= 0
SELECT count(*) FROM events e JOIN plain p ON CAST(e.note AS INT) = p.id
SELECT count(*) FROM events e JOIN plain p ON e.note = p.id AND e.id + p.id > 7
SELECT count(*) FROM events e, plain p WHERE p.id = e.id % 40 AND e.note::INT > p.amount
SELECT count(*) FROM plain p WHERE p.id IN (SELECT CAST(note AS INT) FROM events)
SELECT count(*) FROM events WHERE id < 1000 AND note::INT > (SELECT min(amount) FROM plain)
SELECT note::INT AS n, count(*) FROM events GROUP BY n HAVING n < 5
SELECT count(*) FROM events WHERE CAST(note AS INT) IN (SELECT id FROM plain)
SELECT count(*) FROM events WHERE CASE WHEN id >= 0 THEN CAST(note AS INT) END >= 0
SELECT max(id) FROM events WHERE TRY(CAST(note AS INT)) IS NULL
SELECT count(*) FROM events WHERE note BETWEEN 1 AND 3
SELECT id FROM events WHERE CAST(note AS INT) >= 0 ORDER BY id DESC LIMIT 3
SELECT count(*) FROM events AT (VERSION => 2) WHERE CAST(note AS INT) >= 0
SELECT count(*) FROM events WHERE [note]::INT[] IS NOT NULL
SELECT count(*) FROM events WHERE (note, 1)::STRUCT(a INT, b INT) IS NOT NULL
SELECT count(*) FROM events WHERE MAP([note], [1])::MAP(INT, INT) IS NOT NULL
SELECT count(*) FROM events WHERE dec::DECIMAL(5, 2) > 0
SELECT count(*) FROM events WHERE to_timestamp(big) > TIMESTAMPTZ '1970-01-01'
SELECT count(*) FROM events WHERE list_reduce([big, big], lambda a, b: a + b) >= 0
SELECT count(*) FROM events WHERE substring(note, big) = 'x'
SELECT count(*) FROM events WHERE array_extract(note, big) = 'x'
SELECT count(*) FROM events WHERE dec::DECIMAL(5, 2) > 0 AND id < 50000
SELECT count(*) FROM (SELECT [note]::INT[] AS n FROM events) WHERE n IS NOT NULL
SELECT count(*) FROM events e JOIN plain p ON p.id = e.id AND [e.note]::INT[] IS NOT NULL
SELECT count(*) FROM events AT (VERSION => 2) WHERE [note]::INT[] IS NOT NULL
SELECT count(*) FROM main WHERE _table = 'events' AND [note]::INT[] IS NOT NULL
SELECT count(*) FROM table_changes('events', 1) WHERE [note]::INT[] IS NOT NULL
SELECT count(*) FROM table_changes('events', 1) WHERE CAST(note AS INT) >= 0
SELECT count(*) FROM main WHERE _table = 'events' AND CAST(note AS INT) >= 0
"""

HIDDEN_NAMES = """
SELECT salary FROM orders
SELECT orders.salary FROM orders
SELECT main.orders.salary FROM orders
SELECT "SALARY" FROM orders
SELECT * FROM orders WHERE salary > 0
SELECT * FROM orders ORDER BY salary
SELECT * EXCLUDE (id) FROM orders
SELECT * EXCLUDE (salary) FROM orders
SELECT * REPLACE (salary AS id) FROM orders
SELECT * RENAME (salary AS s) FROM orders
SELECT COLUMNS('.*') FROM orders
SELECT COLUMNS('sal.*') FROM orders
SELECT COLUMNS(c -> c LIKE 's%') FROM orders
SELECT COLUMNS(*)::VARCHAR FROM orders
SELECT count(COLUMNS(*)) FROM orders
SELECT o FROM orders o
SELECT orders FROM orders
SELECT struct_pack(orders) FROM orders
SELECT to_json(o) FROM orders o
SELECT row_to_json(o) FROM orders o
SELECT unnest(o) FROM (SELECT orders AS o FROM orders)
SELECT o.salary FROM (SELECT orders AS o FROM orders)
SELECT hash(orders) IS NULL FROM orders
SELECT #8 FROM orders
SELECT #9 FROM orders
SELECT * FROM orders o(a, b, c, d, e, f, g, h, i)
SELECT i FROM orders o(a, b, c, d, e, f, g, h, i)
SELECT * FROM orders NATURAL JOIN (SELECT 3000 AS salary) x
SELECT * FROM orders JOIN (SELECT 3000 AS salary) x USING (salary)
SELECT * FROM orders UNION ALL BY NAME SELECT 1 AS salary
SELECT * FROM (PIVOT orders ON region USING sum(salary))
SELECT * FROM (UNPIVOT orders ON salary INTO NAME n VALUE v)
SELECT * FROM (UNPIVOT (SELECT id, amount, code FROM orders) ON amount, code INTO NAME n VALUE v)
SELECT rowid FROM orders
SELECT file_row_number FROM orders
SELECT file_index FROM orders
SELECT filename FROM orders
SELECT st_f.salary FROM orders
SELECT st_a.salary FROM orders
SELECT st_a.region FROM orders
SELECT * FROM st_files_0
SELECT getvariable('st_files_0')
SELECT * FROM secret_plans
SELECT * FROM "SECRET_PLANS"
SELECT * FROM main.secret_plans
SELECT * FROM default.main.secret_plans
SELECT * FROM secret_plan
SELECT * FROM Secret_Plans AT (VERSION => 1)
SELECT * FROM table_changes('secret_plans', 0)
SELECT * FROM other.orders
SELECT * FROM orders AT (VERSION => 'no_such_tag')
SELECT * FROM orders AT (VERSION => 99)
SELECT * FROM orders AT (TIMESTAMP => TIMESTAMP '1999-01-01')
SELECT typeof(salary) FROM orders
SELECT current_setting('memory_limit')
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_columns()
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_variables()
SELECT * FROM information_schema.tables
SELECT * FROM information_schema.columns
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_tables
SELECT * FROM sqlite_master
SELECT * FROM pragma_table_info('orders')
PRAGMA show_tables
PRAGMA database_list
SHOW ALL TABLES
SHOW orders
"""

FILES_AND_STATEMENTS = """
SELECT * FROM read_parquet('**/*.parquet')
SELECT * FROM read_parquet(getvariable('st_files_0'))
SELECT * FROM parquet_metadata('**/*.parquet')
SELECT * FROM parquet_schema('**/*.parquet')
SELECT * FROM parquet_scan('**/*.parquet')
SELECT * FROM '**/*.parquet'
SELECT * FROM "data/x.parquet"
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM glob('**')
SELECT * FROM query('SELECT * FROM secret_plans')
SELECT * FROM query_table('orders')
SELECT * FROM query_table(['orders', 'secret_plans'])
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM duckdb_functions()
SELECT * FROM seq_scan('orders')
CREATE VIEW v AS SELECT * FROM orders
CREATE OR REPLACE TABLE orders AS SELECT 1
CREATE MACRO f(x) AS x
DROP TABLE orders
DELETE FROM orders
UPDATE orders SET amount = 0
INSERT INTO orders SELECT * FROM orders
COPY orders TO '/tmp/x.csv'
COPY (SELECT * FROM orders) TO '/tmp/x.parquet'
EXPORT DATABASE '/tmp/x'
ATTACH '/tmp/x.db'
INSTALL httpfs
LOAD httpfs
SET enable_external_access = true
RESET ALL
CALL pragma_version()
SELECT 1; SELECT * FROM secret_plans
SELECT * FROM orders; DROP TABLE orders
SELECT * FROM orders -- WHERE
SELECT /* salary */ * FROM orders
SELECT * FROM orders WHERE 1=1) OR (1=1
SELECT * FROM ((orders))
FROM orders
FROM orders SELECT id
TABLE orders
VALUES ((SELECT max(id) FROM orders))
"""

SHADOWS_AND_SHAPES = """
WITH orders AS (SELECT * FROM orders) SELECT * FROM orders
WITH orders AS (SELECT 1 AS salary) SELECT salary FROM orders
WITH orders AS (SELECT * FROM plain) SELECT * FROM main.orders
WITH st_a AS (SELECT 1 AS salary) SELECT * FROM orders, st_a
WITH RECURSIVE r AS (SELECT id FROM orders UNION SELECT id + 1 FROM r WHERE id < 3) SELECT count(*) FROM r
WITH RECURSIVE orders AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM orders WHERE n < 3) SELECT * FROM orders
SELECT * FROM orders orders, plain orders2 WHERE orders.id = orders2.id
SELECT * FROM orders AS plain JOIN plain AS orders ON orders.id = plain.id
SELECT (SELECT count(*) FROM orders)
SELECT (SELECT max(region) FROM orders o WHERE o.id = p.id) FROM plain p
SELECT EXISTS (SELECT 1 FROM orders WHERE region = 'US')
SELECT id IN (SELECT id FROM orders) FROM plain
SELECT id NOT IN (SELECT id FROM orders WHERE region IS NULL) FROM plain
SELECT * FROM plain WHERE id = ANY (SELECT id FROM orders)
SELECT * FROM plain WHERE id > ALL (SELECT code FROM orders)
SELECT * FROM plain p LEFT JOIN orders o ON o.id = p.id
SELECT * FROM orders o RIGHT JOIN plain p ON o.id = p.id
SELECT * FROM orders o FULL JOIN plain p ON o.id = p.id
SELECT * FROM plain SEMI JOIN orders USING (id)
SELECT * FROM plain ANTI JOIN orders USING (id)
SELECT * FROM plain p ASOF JOIN orders o ON p.id >= o.id
SELECT count(*) FROM orders CROSS JOIN people
SELECT * FROM orders o, LATERAL (SELECT * FROM people p WHERE p.id = o.id) x
SELECT * FROM orders o JOIN people p ON o.region = p.region AND o.id = p.id
SELECT id, lag(id) OVER (ORDER BY id) FROM orders
SELECT id, count(*) OVER (), rank() OVER (ORDER BY amount) FROM orders
SELECT id, sum(code) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM orders
SELECT region, count(*) FROM orders GROUP BY GROUPING SETS ((region), ())
SELECT region, code, count(*) FROM orders GROUP BY CUBE (region, code)
SELECT approx_count_distinct(region) FROM orders
SELECT histogram(region) FROM orders
SELECT list(id ORDER BY id) FROM orders
SELECT string_agg(region, ',' ORDER BY id) FROM orders
SELECT arg_max(id, code) >= 0 FROM orders
SELECT median(id), quantile_cont(id, 0.9), mode(code) >= 0 FROM orders
SELECT count(*) FROM orders WHERE region IS DISTINCT FROM 'EU'
SELECT count(*) FROM orders WHERE (region = 'EU') IS NOT TRUE
SELECT count(*) FROM orders WHERE region LIKE '%' OR region NOT LIKE '%'
SELECT count(*) FROM orders WHERE region SIMILAR TO '.*'
SELECT count(*) FROM orders WHERE region COLLATE NOCASE = 'us'
SELECT count(*) FROM orders WHERE lower(region) = 'hidden'
SELECT count(*) FROM orders WHERE region ~ 'H.*'
SELECT count(*) FROM ORDERS
SELECT COUNT(*) FROM Orders WHERE REGION = 'US'
SELECT count(*) FROM "orders" WHERE "region" = U&'US'
SELECT count(*) FROM orders WHERE "ｒegion" = 'US'
SELECT count(*) FROM ｏrders
SELECT count(*), count(label) FROM orders POSITIONAL JOIN plain
"""

TIME = """
SELECT * FROM orders AT (VERSION => 1)
SELECT * FROM orders AT (VERSION => 2)
SELECT * FROM orders AT (VERSION => 4)
SELECT * FROM orders AT (VERSION => 5)
SELECT count(*), max(id) FROM orders AT (VERSION => 3)
SELECT count(*) FROM orders AT (VERSION => 3) WHERE CAST(note AS INT) > 3
SELECT * FROM orders AT (VERSION => 2) EXCEPT SELECT * FROM orders AT (VERSION => 4)
SELECT * FROM table_changes('orders', 0)
SELECT * FROM table_changes('orders', 1, 3)
SELECT * FROM table_changes('orders', 4, 6)
SELECT _version, _change, count(*) FROM table_changes('orders', 0) GROUP BY ALL
SELECT count(*) FROM table_changes('orders', 0)
SELECT count(*) FROM table_changes('orders', 4) WHERE CAST(note AS INT) > 3
SELECT * FROM table_changes('people', 0)
SELECT * FROM table_changes('people', 1)
SELECT * FROM table_changes('people', 4, 5)
SELECT * FROM table_changes('people', 5, 6)
SELECT _change, count(*) FROM table_changes('people', 0) GROUP BY ALL
SELECT * FROM people AT (VERSION => 4)
"""

ATTACKS = [
    line
    for group in (ROWS, ERRORS_OF_ROWS, LEARNED, HIDDEN_NAMES, FILES_AND_STATEMENTS, SHADOWS_AND_SHAPES, TIME)
    for line in group.strip().splitlines()
]
PARAMETERS = [
    ("SELECT count(*) FROM orders WHERE region = ?", ["US"]),
    ("SELECT count(*) FROM orders WHERE region = $r OR $r = $r", {"r": "US"}),
    ("SELECT count(*) FROM orders WHERE note = ?", [5]),
    ("SELECT count(*) FROM orders WHERE note > $1", [5]),
    ("SELECT count(*) FROM orders WHERE id = ?", ["x"]),
    ("SELECT count(*) FROM orders WHERE code = ?", ["x"]),
    ("SELECT count(*) FROM orders WHERE day > ?", ["x"]),
    ("SELECT count(*) FROM orders WHERE ? OR region = 'US'", [True]),
    ("SELECT * FROM orders WHERE card = ?", ["400000000001"]),
    ("SELECT ? FROM orders WHERE region = 'US'", ["salary) FROM secret_plans --"]),
    ("SELECT count(*) FROM orders WHERE CAST(note AS INT) = ?", [3]),
]


@pytest.mark.parametrize("sql", ATTACKS)
def test_an_attack_gets_the_answer_of_the_copy(lakes: TwoLakes, sql: str) -> None:
    restricted, copy = lakes.both(sql)
    assert restricted == copy


@pytest.mark.parametrize(("sql", "parameters"), PARAMETERS)
def test_parameters_get_the_answer_of_the_copy(lakes: TwoLakes, sql: str, parameters: object) -> None:
    restricted, copy = lakes.both(sql, parameters)
    assert restricted == copy


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM orders", "SELECT salary FROM orders", "SELECT * FROM people", "FROM secret_plans"]
)
def test_the_whole_lake_has_what_must_be_hidden(lakes: TwoLakes, sql: str) -> None:
    assert lakes.ask(lakes.owner, sql) != lakes.ask(lakes.restricted, sql)
    assert lakes.ask(lakes.owner, sql).kind == "rows"


@pytest.mark.parametrize(
    "sql", ["EXPLAIN FROM orders", "EXPLAIN FROM people p JOIN plain USING (id)", "EXPLAIN FROM main"]
)
def test_plans_are_only_for_roles_that_see_the_whole_table(lakes: TwoLakes, sql: str) -> None:
    refused = lakes.ask(lakes.restricted, sql)
    assert refused.kind == "AccessDenied"
    assert not [word for word in HIDDEN_WORDS if word in refused.error]


def test_metadata_of_a_table_reveals_nothing_hidden(lakes: TwoLakes) -> None:
    table = lakes.restricted.table("orders")
    metadata = [table.schema, table.info(), table.columns(), table.history(), lakes.restricted.tables(), repr(table)]
    assert not [word for word in HIDDEN_WORDS if word in repr(metadata)]
    info = table.info()
    assert (info.rows, info.files, info.bytes, info.dead_rows) == (None, None, None, None)
