"""Writes by a role that sees a part of a table: they affect only that part, and reveal nothing about the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable import AccessDenied, IncompatibleSchema, InvalidStatement, Lake, SupertableError

SCHEMA = pa.schema(
    [("id", pa.int64()), ("region", pa.string()), ("word", pa.string()), ("card", pa.string()), ("salary", pa.int64())]
)
VISIBLE = ["id", "region", "word", "card"]


class Lakes:
    """`plain` has no keys; `keyed` has the key id, `by_region` the keys region and id.

    The role sees rows of EU, not those of US.
    """

    def __init__(self, home: Path) -> None:
        self.owner = supertable.connect(home)
        for name, keys in {"plain": [], "keyed": ["id"], "by_region": ["region", "id"]}.items():
            self.owner.create_table(name, SCHEMA, keys=keys)
            self.owner.write(name, rows([1, 2, 3], "EU"))
            self.owner.write(name, rows([10, 20, 30], "US"))
        self.owner.roles.create("eu", "writer")
        for name in ("plain", "keyed", "by_region"):
            self.owner.roles.grant("eu", name, columns=VISIBLE, masks={"card": "last:2"}, where="region = 'EU'")
        self.eu = supertable.connect(home, role="eu")

    def state(self, table: str) -> tuple[int, list[dict[str, Any]]]:
        found = self.owner.sql(f"SELECT * FROM {table} ORDER BY region, id").arrow().to_pylist()
        return self.owner.table(table).info().version, found


def rows(ids: list[int], region: str) -> pa.Table:
    return pa.table(
        {
            "id": ids,
            "region": [region] * len(ids),
            "word": [f"w{number}" for number in ids],
            "card": [f"40{number:02d}" for number in ids],
            "salary": [number * 1_000 for number in ids],
        },
        schema=SCHEMA,
    )


def given(ids: list[int], region: str, **more: Any) -> pa.Table:
    return pa.table({"id": ids, "region": [region] * len(ids), "word": ["new"] * len(ids)} | more)


def both(one: pa.Table, other: pa.Table) -> pa.Table:
    return pa.concat_tables([one, other])


@pytest.fixture
def lakes(home: Path) -> Iterator[Lakes]:
    made = Lakes(home)
    yield made
    made.eu.close()
    made.owner.close()


REFUSED: dict[str, tuple[type[SupertableError], Callable[[Lake], Any]]] = {
    "rows that the role cannot see": (AccessDenied, lambda eu: eu.write("plain", given([4], "US"))),
    "some such rows": (
        AccessDenied,
        lambda eu: eu.write("plain", pa.concat_tables([given([4], "EU"), given([5], "US")])),
    ),
    "rows whose region is null": (AccessDenied, lambda eu: eu.write("plain", pa.table({"id": [4], "word": ["x"]}))),
    "a hidden column": (IncompatibleSchema, lambda eu: eu.write("plain", given([4], "EU", salary=[1]))),
    "a column that does not exist": (IncompatibleSchema, lambda eu: eu.write("plain", given([4], "EU", sallary=[1]))),
    "a masked column": (IncompatibleSchema, lambda eu: eu.write("plain", given([4], "EU", card=["4004"]))),
    "new columns": (AccessDenied, lambda eu: eu.write("plain", given([4], "EU", more=[1]), evolve=True)),
    "an overwrite": (AccessDenied, lambda eu: eu.write("plain", given([4], "EU"), "overwrite")),
    "a partial overwrite": (AccessDenied, lambda eu: eu.write("plain", given([1], "EU"), "overwrite", where="id = 1")),
    "keys that may be of hidden rows": (AccessDenied, lambda eu: eu.write("keyed", given([10], "EU"), "upsert")),
    "new keys, refused in the same way": (AccessDenied, lambda eu: eu.write("keyed", given([99], "EU"), "upsert")),
    "an append by keys": (AccessDenied, lambda eu: eu.write("keyed", given([99], "EU"))),
    "keys of hidden rows": (AccessDenied, lambda eu: eu.write("by_region", given([10], "US"), "upsert")),
    "a delete by a hidden column": (InvalidStatement, lambda eu: eu.delete("plain", where="salary > 0")),
    "a delete by a masked column": (InvalidStatement, lambda eu: eu.delete("plain", where="card LIKE '40%'")),
    "a change of columns": (AccessDenied, lambda eu: eu.table("plain").add_column("more", pa.int64())),
    "a restore": (AccessDenied, lambda eu: eu.table("plain").restore(1)),
    "a clone": (AccessDenied, lambda eu: eu.clone("plain", "copy")),
    "a compaction": (AccessDenied, lambda eu: eu.table("plain").compact()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_writes_change_and_reveal_nothing(lakes: Lakes, name: str) -> None:
    before = {table: lakes.state(table) for table in ("plain", "keyed", "by_region")}
    kind, write = REFUSED[name]
    with pytest.raises(kind) as refused:
        write(lakes.eu)
    assert {table: lakes.state(table) for table in before} == before
    assert "salary" not in str(refused.value) or "hidden column" in name  # the caller wrote it


def test_a_hidden_column_is_refused_like_one_that_does_not_exist(lakes: Lakes) -> None:
    messages = []
    for column in ("salary", "unheard"):
        with pytest.raises(IncompatibleSchema) as refused:
            lakes.eu.write("plain", given([4], "EU", **{column: [1]}))
        messages.append(str(refused.value).replace(column, "…"))
    assert messages[0] == messages[1]


def test_visible_rows_are_appended(lakes: Lakes) -> None:
    assert lakes.eu.write("plain", given([4], "EU")).rows_inserted == 1
    (new,) = [row for row in lakes.state("plain")[1] if row["word"] == "new"]
    assert new == {"id": 4, "region": "EU", "word": "new", "card": None, "salary": None}


def test_an_upsert_by_visible_keys_keeps_hidden_columns(lakes: Lakes) -> None:
    result = lakes.eu.write("by_region", given([1, 9], "EU"), "upsert")
    assert (result.rows_updated, result.rows_inserted) == (1, 1)
    found = {(row["region"], row["id"]): row for row in lakes.state("by_region")[1]}
    assert found["EU", 1] == {"id": 1, "region": "EU", "word": "new", "card": "4001", "salary": 1_000}
    assert found["EU", 9]["salary"] is None
    assert len(found) == 7


@pytest.mark.parametrize("table", ["plain", "keyed", "by_region"])
def test_a_delete_affects_only_visible_rows(lakes: Lakes, table: str) -> None:
    assert lakes.eu.delete(table, where="true").rows_deleted == 3
    assert [row["id"] for row in lakes.state(table)[1]] == [10, 20, 30]
    assert lakes.eu.delete(table, where="region <> 'EU' OR region = 'US' OR id >= 10").rows_deleted == 0


def test_a_delete_cannot_fail_on_hidden_rows(lakes: Lakes) -> None:
    lakes.owner.write("plain", pa.table({"id": [40], "region": ["US"], "word": ["poison"]}))
    lakes.owner.delete("plain", where="region = 'EU'")
    lakes.owner.write("plain", pa.table({"id": [41], "region": ["EU"], "word": ["7"]}))
    assert lakes.eu.delete("plain", where="[word]::INT[] = [8]").rows_deleted == 0
    assert lakes.eu.delete("plain", where="CAST(word AS INT) = 7").rows_deleted == 1


def test_deletes_by_keys_skip_hidden_rows(lakes: Lakes) -> None:
    assert lakes.eu.delete("keyed", keys=pa.table({"id": [1, 10, 99]})).rows_deleted == 1
    assert [row["id"] for row in lakes.state("keyed")[1]] == [2, 3, 10, 20, 30]


def test_a_hidden_column_without_nulls_prevents_writing(lakes: Lakes) -> None:
    lakes.owner.table("plain").set_nullable("salary", False)
    with pytest.raises(AccessDenied) as refused:
        lakes.eu.write("plain", given([4], "EU"))
    assert "salary" not in str(refused.value)


def test_changed_rights_take_effect_at_once(lakes: Lakes) -> None:
    read = "SELECT DISTINCT region FROM plain"
    before = lakes.eu.sql(read)
    lakes.owner.roles.grant("eu", "plain", columns=VISIBLE, where="region = 'US'")
    assert lakes.eu.sql(read).fetchall() == [("US",)]
    assert before.fetchall() == [("EU",)], "a result has run, and stays what its reader got"
    lakes.owner.roles.revoke("eu", "plain")
    with pytest.raises(supertable.TableNotFound):
        lakes.eu.sql(read)
    with pytest.raises(supertable.TableNotFound):
        lakes.eu.write("plain", given([4], "EU"))
