"""Every tool, by the SDK's client, in both revisions of the protocol, over stdio and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client

from tests.support.mcp.clients import ERAS, Era, answer, calling, over_http, over_stdio, refusal
from tests.support.mcp.service import McpService

CALLS: dict[str, dict[str, Any]] = {
    "health": {},
    "info": {},
    "whoami": {},
    "list_supers": {},
    "list_tables": {},
    "describe_table": {"table": "orders"},
    "get_table_stats": {"table": "orders"},
    "get_super_meta": {},
    "sample_data": {"table": "orders"},
    "query_sql": {"sql": "SELECT id, amount FROM orders ORDER BY id", "limit": 3},
    "explain_query": {"sql": "SELECT * FROM orders"},
    "list_versions": {"table": "orders"},
    "diff_versions": {"table": "orders", "from_version": 1},
    "get_quality_report": {"table": "orders"},
}
MOST_LIST_BYTES = 12_000
"""3,000 tokens, at four bytes each."""


async def _all_answers(client: Client) -> dict[str, Mapping[str, Any]]:
    listed = await client.list_tools()
    assert [tool.name for tool in listed.tools if tool.name not in CALLS] == []
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed.tools)
    assert len(json.dumps(listed.model_dump(mode="json", by_alias=True, exclude_none=True))) <= MOST_LIST_BYTES
    return {name: answer(await client.call_tool(name, arguments)) for name, arguments in CALLS.items()}


def _check(answers: dict[str, Mapping[str, Any]]) -> None:
    assert answers["health"] == {"status": "ok"}
    assert [table["name"] for table in answers["list_tables"]["tables"]] == ["hidden_orders", "orders"]
    assert [column["type"] for column in answers["describe_table"]["columns"]] == [
        *("int64", "string", "decimal(10,2)", "int64"),
    ]
    assert answers["query_sql"]["rows"] == [[1, "1.10"], [2, None], [4, "3.33"]]
    assert answers["query_sql"]["complete"] is False
    assert "OFFSET 3" in answers["query_sql"]["notes"][0]
    assert answers["get_table_stats"]["columns"][0]["max"] == str(2**60)
    assert answers["diff_versions"]["rows_inserted"] == 4
    assert "SCAN orders" in answers["explain_query"]["plan"]
    assert [version["operation"] for version in answers["list_versions"]["versions"]] == ["append", "create"]
    assert len(answers["sample_data"]["rows"]) == 4


@pytest.mark.parametrize("era", ERAS)
def test_every_tool_answers_over_http(service: McpService, era: Era) -> None:
    _check(over_http(service.url, _all_answers, era=era))


@pytest.mark.parametrize("era", ERAS)
def test_every_tool_answers_over_stdio(home: Path, era: Era) -> None:
    _check(over_stdio(home, _all_answers, era=era))


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        pytest.param("query_sql", {"sql": "SELECT 1 FROM ordrs"}, "Did you mean orders?", id="table"),
        pytest.param("query_sql", {"sql": "SELECT\n amout FROM orders"}, "line 2, column 2", id="column"),
        pytest.param("query_sql", {"sql": "SELEC 1"}, "line 1, column 1", id="syntax"),
        pytest.param("query_sql", {"sq": "SELECT 1"}, "Did you mean sql?", id="argument"),
        pytest.param("query_sql", {}, 'Example: query_sql({"sql"', id="missing"),
        pytest.param("query_sql", {"sql": "SELECT 1", "limit": 0}, "at least 1", id="limit"),
        pytest.param("query_sql", {"sql": 1}, "must be text", id="type"),
        pytest.param("query_sql", {"sql": "SELECT 1", "engine": "FAST"}, "AUTO, LITE, PRO, SPARK", id="engine"),
        pytest.param("query_sql", {"sql": "SELECT '" + "x" * 100_000}, "InvalidStatement", id="100 KB"),
        pytest.param("query_sql", {"sql": "SELECT \x01\x1b"}, "InvalidStatement", id="control characters"),
        pytest.param("query_sql", {"sql": "SELECT 1\0"}, "not valid text", id="zero byte"),
        pytest.param("describe_table", {"table": "../x"}, "table name", id="path"),
        pytest.param("describe_table", {"table": "orders", "super_name": "sales"}, "list_tables", id="super"),
        pytest.param("whoami", {"organization": "other"}, "no argument 'organization'", id="unknown"),
        pytest.param("list_tables", {"organization": "other"}, "another organization", id="organization"),
        pytest.param("list_tables", {"cursor": "zzz"}, "Start without a cursor", id="cursor"),
        pytest.param("qery_sql", {}, "Did you mean query_sql?", id="tool"),
    ],
)
def test_an_error_says_how_to_mend_the_call(
    service: McpService, name: str, arguments: dict[str, Any], words: str
) -> None:
    assert words in refusal(over_http(service.url, calling(name, **arguments)))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders VALUES (9, 'EU', 1, 1)",
        "DELETE FROM orders",
        "UPDATE orders SET id = 1",
        "DROP TABLE orders",
        "CREATE TABLE x AS SELECT 1",
        "COPY orders TO '/tmp/x.csv'",
        "ATTACH '/tmp/x.db'",
        "PRAGMA version",
        "SET threads = 1",
        "INSTALL httpfs",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT 1; DROP TABLE orders",
        "CALL pragma_version()",
    ],
    ids=lambda sql: " ".join(sql.split()[:3]),
)
def test_nothing_but_reading_runs(service: McpService, sql: str) -> None:
    assert "Error" not in refusal(over_http(service.url, calling("query_sql", sql=sql)))


def test_lists_have_pages(service: McpService) -> None:
    first = answer(over_http(service.url, calling("list_tables", limit=1)))
    second = answer(over_http(service.url, calling("list_tables", limit=1, cursor=first["next_cursor"])))
    assert [first["tables"][0]["name"], second["tables"][0]["name"]] == ["hidden_orders", "orders"]
    assert second["next_cursor"] is None
    newest = answer(over_http(service.url, calling("list_versions", table="orders", limit=1)))
    older = answer(
        over_http(service.url, calling("list_versions", table="orders", limit=1, cursor=newest["next_cursor"]))
    )
    assert [newest["versions"][0]["version"], older["versions"][0]["version"]] == [2, 1]


def test_long_values_and_many_rows_are_cut_and_the_answer_says_so(service: McpService) -> None:
    long = answer(over_http(service.url, calling("query_sql", sql="SELECT repeat('x', 10000) AS x")))
    assert long["rows"][0][0].endswith("… (cut: 10,000 characters)")
    assert "substr" in long["notes"][0]
    many = answer(over_http(service.url, calling("query_sql", sql="SELECT repeat('x', 1000) FROM range(99)")))
    assert not many["complete"]
    assert "32,000 characters" in many["notes"][0]
    assert many["row_count"] == len(many["rows"]) < 40
