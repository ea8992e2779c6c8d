"""A parse tree with any part that is not on the list is refused, wherever the part is."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from supertable.adapters.engines.duckdb.statement.parse_tree import nodes
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.adapters.engines.duckdb.statement.validation.validator import StatementValidator
from supertable.domain.errors import StatementRefused

Tree = dict[str, Any]
CALL = {"class": "FUNCTION", "type": "FUNCTION", "function_name": "read_text", "arguments": []}
STATEMENTS = [
    "select sum(b) over (partition by c order by d rows between 1 preceding and current row) from t where a in (1, 2)",
    "with x as (from t at (version => abs(3))) select a::decimal(5, 2), case when a then b end from x join u using (a)",
    "with recursive r as (select 1 union all select n + 1 from r) select * exclude (a) replace (1 as b) from r limit 3",
    "select list_transform(l, x -> x + 1), (select max(a) from t), [1, 2], 'x' collate nocase from unnest([1]) u(l)",
    "select count(*) filter (where b) from t tablesample 10% group by rollup (a) having a > $1 qualify true order by 1",
    "pivot t on a in (1, 2) using sum(b) group by c",
    "(values (1, 'x')) union all by name (select distinct on (a) * from t)",
    "select cast(a as decimal(5, 2)), cast(b as varchar[3]), x'ab', if(a, 1.5e3, null), true from t limit 10%",
    "describe t",
    f"select a in ({', '.join(map(str, range(3)))}) from t",
]


@pytest.fixture(scope="module")
def trees() -> list[Tree]:
    with duckdb.connect() as connection:
        connection.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
        rows = [connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone() for sql in STATEMENTS]
    return [json.loads(row[0])["statements"][0] for row in rows if row]


def validate(tree: Tree) -> None:
    StatementValidator("st_q").validate("select", tree)


def assert_refused(tree: Tree, changed: Tree) -> None:
    what = json.dumps(changed)
    try:
        validate(tree)
    except StatementRefused:
        return
    pytest.fail(f"not refused: {what[:600]}")


def copies(tree: Tree) -> Iterator[tuple[Tree, Tree]]:
    """For every node, except the data of literals: a copy of the tree, and that node in the copy."""
    data = {id(part) for node in nodes(tree) if "is_null" in node for part in nodes(node.get("value"))}
    data |= {id(part) for node in nodes(tree) for part in nodes(node.get("named_param_map"))}
    for place, original in enumerate(nodes(tree)):
        if id(original) not in data:
            copied = copy.deepcopy(tree)
            yield copied, next(node for at, node in enumerate(nodes(copied)) if at == place)


def test_the_unchanged_trees_are_valid(trees: list[Tree]) -> None:
    for tree in trees:
        validate(copy.deepcopy(tree))


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_an_unknown_key_is_refused(number: int, trees: list[Tree]) -> None:
    for tree, node in copies(trees[number]):
        node["new_key"] = CALL
        assert_refused(tree, node)


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
@pytest.mark.parametrize("tag", ["class", "type"])
def test_an_unknown_class_or_type_is_refused(number: int, tag: str, trees: list[Tree]) -> None:
    for tree, node in copies(trees[number]):
        if isinstance(node.get(tag), str):
            node[tag] = "NEW_ONE"
            assert_refused(tree, node)


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_a_node_in_place_of_a_text_or_number_is_refused(number: int, trees: list[Tree]) -> None:
    keys = {key for node in nodes(trees[number]) for key, value in node.items() if isinstance(value, str | int | float)}
    for wanted in sorted(keys):
        for tree, node in copies(trees[number]):
            if isinstance(node.get(wanted), str | int | float) and not ("is_null" in node and wanted == "value"):
                node[wanted] = CALL
                assert_refused(tree, node)


@pytest.mark.parametrize("name", ["read_text", "getenv", "query", "getvariable", "no_such_function", "READ_TEXT"])
def test_every_function_call_is_validated(name: str, trees: list[Tree]) -> None:
    for original in trees:
        for tree, node in copies(original):
            if "function_name" in node:
                node["function_name"] = name
                assert_refused(tree, node)


def test_only_the_case_of_ascii_letters_is_ignored() -> None:
    assert ascii_lower("ABCxyz_1") == "abcxyz_1"
    assert ascii_lower("ÄK\u212a") == "Äk\u212a"
