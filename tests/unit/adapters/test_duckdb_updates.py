"""The queries that UPDATE and MERGE become, and texts that must not take long to refuse."""

from __future__ import annotations

import time

import pytest

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.duckdb.statement.conditions.constant_evaluation import evaluator
from supertable.adapters.engines.duckdb.statement.parser import unused_prefix
from supertable.adapters.engines.duckdb.statement.updates.parsed_update import parsed_update
from supertable.application.ports.engines.updates import Action, ActionKind, CheckedUpdate, SourceColumns
from supertable.domain.errors import SupertableError

INSTANCE = DuckDBInstance(None, None, 1, None)


def parsed(sql: str) -> CheckedUpdate:
    return parsed_update(INSTANCE.cursor(), sql, evaluator(INSTANCE))


def plain(sql: str) -> str:
    """With single spaces."""
    return " ".join(sql.split())


def test_an_update_is_a_query_of_its_values() -> None:
    found = parsed("UPDATE a.t AS x SET n = x.n + ?, (s, m) = (?2, DEFAULT) FROM o WHERE x.s IS DISTINCT FROM o.s -- e")
    assert plain(found.sql) == (
        'SELECT "x".st_u_row AS st_u_found, {"st_action": 0, "st_0": (x.n + $1 ), "st_1": ($2 ), "st_2": NULL} '
        'AS st_u_new FROM st_u_target AS "x", o WHERE (x.s IS DISTINCT FROM o.s )'
    )
    assert found.actions == (Action(ActionKind.UPDATE, ("n", "s", "m"), 3),)
    assert (found.parts, found.row_id, found.whole_row) == (("a", "t"), "st_u_row", "")
    assert parsed("UPDATE t SET s = 'secret' /* why */ WHERE n = 4").query.shape == "UPDATE t SET s = ? ? WHERE n = ?"


def test_generated_names_do_not_occur_in_the_statement() -> None:
    assert parsed("UPDATE t SET n = st_UU_row, s = 'st_u'").row_id == "st_uuu_row"
    assert [unused_prefix("st_q", text) for text in ("", "st_", "a st_Q", "st_qqq, st_q")] == [
        "st_q",
        "st_q",
        "st_qq",
        "st_qqqq",
    ]


def test_a_merge_is_a_join_and_one_case() -> None:
    found = parsed(
        "MERGE INTO t USING o ON t.i = o.i WHEN MATCHED AND o.n > 1 THEN DELETE WHEN MATCHED THEN DO NOTHING "
        "WHEN NOT MATCHED AND n > 2 THEN "
        "INSERT (i, s) VALUES (i, CASE WHEN current_date > d THEN list_filter(l, x -> x > n) END)"
    )
    assert plain(found.sql) == (
        'SELECT "t".st_u_row AS st_u_found, CASE WHEN "t".st_u_row IS NOT NULL AND (o.n > 1 ) '
        'THEN {"st_action": 0, "st_0": NULL, "st_1": NULL} WHEN "t".st_u_row IS NOT NULL THEN NULL '
        'WHEN "t".st_u_row IS NULL AND ("o".n > 2 ) THEN {"st_action": 1, "st_0": ("o".i ), "st_1": '
        '(CASE WHEN current_date > "o".d THEN list_filter("o".l, x -> x > "o".n) END )} END AS st_u_new '
        'FROM o LEFT JOIN st_u_target AS "t" ON (t.i = o.i )'
    )
    whole = parsed(
        "MERGE INTO t USING o USING (i) WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED THEN INSERT BY NAME"
    )
    assert plain(whole.sql).endswith(
        "FROM (SELECT *, true AS st_u_mark, st_u_source AS st_u_source FROM (FROM o ) AS st_u_source) "
        'AS "o" FULL JOIN st_u_target AS "t" ON ("t"."i" = "o"."i")'
    )
    assert whole.actions[1] == Action(ActionKind.INSERT, None, 1, SourceColumns.BY_NAME)


LONG = {
    "a prefix": f"UPDATE t SET n = st_{'u' * 900_000}",
    "clauses": "MERGE INTO t USING o ON t.i = o.i " + "WHEN MATCHED THEN DELETE " * 20_000,
    "nesting": f"MERGE INTO t USING o ON t.i = o.i WHEN NOT MATCHED THEN INSERT VALUES ({'f(' * 5_000}1{')' * 5_000})",
    "cases": f"UPDATE t SET n = {'CASE WHEN a THEN ' * 5_000}1{' END' * 5_000}",
}


@pytest.mark.parametrize("name", LONG)
def test_long_texts_are_refused_soon(name: str) -> None:
    began = time.process_time()
    with pytest.raises(SupertableError):
        parsed(LONG[name])
    assert time.process_time() - began < 10
