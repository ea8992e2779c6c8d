"""The 43 queries of ClickBench, numbered from 1, over names in lower case.

What differs from https://github.com/ClickHouse/ClickBench: the order of rows is total, so that answers can be compared;
constants that the generated hits have; `{many}`, a thousandth of the rows, is 100,000 of its 100 million.
"""

from __future__ import annotations

from benchmarks.clickbench.hits import KNOWN_COUNTER, KNOWN_HASH, KNOWN_USER

_OF_JULY = f"counterid = {KNOWN_COUNTER} AND eventdate >= DATE '2013-07-01' AND eventdate <= DATE '2013-07-31'"
_SUMS = ", ".join(f"sum(resolutionwidth + {number}) AS s{number}" for number in range(90))
_BY_IP = "count(*) AS c, sum(isrefresh) AS refreshed, avg(resolutionwidth) AS width FROM hits"

_TEXT = rf"""
SELECT count(*) AS c FROM hits
SELECT count(*) AS c FROM hits WHERE advengineid <> 0
SELECT sum(advengineid) AS s, count(*) AS c, avg(resolutionwidth) AS a FROM hits
SELECT avg(userid) AS a FROM hits
SELECT count(DISTINCT userid) AS u FROM hits
SELECT count(DISTINCT searchphrase) AS u FROM hits
SELECT min(eventdate) AS first, max(eventdate) AS last FROM hits
SELECT advengineid, count(*) AS c FROM hits WHERE advengineid <> 0 GROUP BY advengineid ORDER BY c DESC, advengineid
SELECT regionid, count(DISTINCT userid) AS u FROM hits GROUP BY regionid ORDER BY u DESC, regionid LIMIT 10
SELECT regionid, sum(advengineid) AS s, count(*) AS c, avg(resolutionwidth) AS a, count(DISTINCT userid) AS u FROM hits GROUP BY regionid ORDER BY c DESC, regionid LIMIT 10
SELECT mobilephonemodel, count(DISTINCT userid) AS u FROM hits WHERE mobilephonemodel <> '' GROUP BY mobilephonemodel ORDER BY u DESC, mobilephonemodel LIMIT 10
SELECT mobilephone, mobilephonemodel, count(DISTINCT userid) AS u FROM hits WHERE mobilephonemodel <> '' GROUP BY mobilephone, mobilephonemodel ORDER BY u DESC, mobilephone, mobilephonemodel LIMIT 10
SELECT searchphrase, count(*) AS c FROM hits WHERE searchphrase <> '' GROUP BY searchphrase ORDER BY c DESC, searchphrase LIMIT 10
SELECT searchphrase, count(DISTINCT userid) AS u FROM hits WHERE searchphrase <> '' GROUP BY searchphrase ORDER BY u DESC, searchphrase LIMIT 10
SELECT searchengineid, searchphrase, count(*) AS c FROM hits WHERE searchphrase <> '' GROUP BY searchengineid, searchphrase ORDER BY c DESC, searchengineid, searchphrase LIMIT 10
SELECT userid, count(*) AS c FROM hits GROUP BY userid ORDER BY c DESC, userid LIMIT 10
SELECT userid, searchphrase, count(*) AS c FROM hits GROUP BY userid, searchphrase ORDER BY c DESC, userid, searchphrase LIMIT 10
SELECT userid, searchphrase, count(*) AS c FROM hits GROUP BY userid, searchphrase ORDER BY userid, searchphrase LIMIT 10
SELECT userid, extract(minute FROM eventtime) AS m, searchphrase, count(*) AS c FROM hits GROUP BY userid, extract(minute FROM eventtime), searchphrase ORDER BY c DESC, userid, m, searchphrase LIMIT 10
SELECT userid FROM hits WHERE userid = {KNOWN_USER + 7_919 * 4}
SELECT count(*) AS c FROM hits WHERE url LIKE '%google%'
SELECT searchphrase, min(url) AS u, count(*) AS c FROM hits WHERE url LIKE '%google%' AND searchphrase <> '' GROUP BY searchphrase ORDER BY c DESC, searchphrase LIMIT 10
SELECT searchphrase, min(url) AS u, min(title) AS t, count(*) AS c, count(DISTINCT userid) AS d FROM hits WHERE title LIKE '%Google%' AND url NOT LIKE '%.google.%' AND searchphrase <> '' GROUP BY searchphrase ORDER BY c DESC, searchphrase LIMIT 10
SELECT * FROM hits WHERE url LIKE '%google%' ORDER BY eventtime, watchid LIMIT 10
SELECT searchphrase FROM hits WHERE searchphrase <> '' ORDER BY eventtime, watchid LIMIT 10
SELECT searchphrase FROM hits WHERE searchphrase <> '' ORDER BY searchphrase LIMIT 10
SELECT searchphrase FROM hits WHERE searchphrase <> '' ORDER BY eventtime, searchphrase LIMIT 10
SELECT counterid, avg(length(url)) AS l, count(*) AS c FROM hits WHERE url <> '' GROUP BY counterid HAVING count(*) > {{many}} ORDER BY l DESC, counterid LIMIT 25
SELECT regexp_replace(referer, '^https?://(?:www\.)?([^/]+)/.*$', '\1') AS k, avg(length(referer)) AS l, count(*) AS c, min(referer) AS r FROM hits WHERE referer <> '' GROUP BY regexp_replace(referer, '^https?://(?:www\.)?([^/]+)/.*$', '\1') HAVING count(*) > {{many}} ORDER BY l DESC, k LIMIT 25
SELECT {_SUMS} FROM hits
SELECT searchengineid, clientip, {_BY_IP} WHERE searchphrase <> '' GROUP BY searchengineid, clientip ORDER BY c DESC, searchengineid, clientip LIMIT 10
SELECT watchid, clientip, {_BY_IP} WHERE searchphrase <> '' GROUP BY watchid, clientip ORDER BY c DESC, watchid, clientip LIMIT 10
SELECT watchid, clientip, {_BY_IP} GROUP BY watchid, clientip ORDER BY c DESC, watchid, clientip LIMIT 10
SELECT url, count(*) AS c FROM hits GROUP BY url ORDER BY c DESC, url LIMIT 10
SELECT 1 AS one, url, count(*) AS c FROM hits GROUP BY 1, url ORDER BY c DESC, url LIMIT 10
SELECT clientip, clientip - 1 AS i1, clientip - 2 AS i2, clientip - 3 AS i3, count(*) AS c FROM hits GROUP BY clientip, clientip - 1, clientip - 2, clientip - 3 ORDER BY c DESC, clientip LIMIT 10
SELECT url, count(*) AS views FROM hits WHERE {_OF_JULY} AND dontcounthits = 0 AND isrefresh = 0 AND url <> '' GROUP BY url ORDER BY views DESC, url LIMIT 10
SELECT title, count(*) AS views FROM hits WHERE {_OF_JULY} AND dontcounthits = 0 AND isrefresh = 0 AND title <> '' GROUP BY title ORDER BY views DESC, title LIMIT 10
SELECT url, count(*) AS views FROM hits WHERE {_OF_JULY} AND isrefresh = 0 AND islink <> 0 AND isdownload = 0 GROUP BY url ORDER BY views DESC, url LIMIT 10 OFFSET 1000
SELECT traficsourceid, searchengineid, advengineid, CASE WHEN searchengineid = 0 AND advengineid = 0 THEN referer ELSE '' END AS src, url AS dst, count(*) AS views FROM hits WHERE {_OF_JULY} AND isrefresh = 0 GROUP BY traficsourceid, searchengineid, advengineid, CASE WHEN searchengineid = 0 AND advengineid = 0 THEN referer ELSE '' END, url ORDER BY views DESC, traficsourceid, searchengineid, advengineid, src, dst LIMIT 10 OFFSET 1000
SELECT urlhash, eventdate, count(*) AS views FROM hits WHERE {_OF_JULY} AND isrefresh = 0 AND traficsourceid IN (-1, 6) AND refererhash = {KNOWN_HASH} GROUP BY urlhash, eventdate ORDER BY views DESC, urlhash, eventdate LIMIT 10 OFFSET 100
SELECT windowclientwidth, windowclientheight, count(*) AS views FROM hits WHERE {_OF_JULY} AND isrefresh = 0 AND dontcounthits = 0 AND urlhash = {KNOWN_HASH} GROUP BY windowclientwidth, windowclientheight ORDER BY views DESC, windowclientwidth, windowclientheight LIMIT 10 OFFSET 100
SELECT date_trunc('minute', eventtime) AS m, count(*) AS views FROM hits WHERE counterid = {KNOWN_COUNTER} AND eventdate >= DATE '2013-07-14' AND eventdate <= DATE '2013-07-15' AND isrefresh = 0 AND dontcounthits = 0 GROUP BY date_trunc('minute', eventtime) ORDER BY m LIMIT 10 OFFSET 1000
"""  # noqa: E501


def queries(rows: int) -> dict[int, str]:
    """By number."""
    return dict(enumerate(_TEXT.strip().replace("{many}", str(rows // 1_000)).splitlines(), 1))
