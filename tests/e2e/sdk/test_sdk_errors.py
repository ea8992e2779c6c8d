"""Typical mistakes: each is one short error, which says what is wrong and which call to use, and names what is near."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import supertable
from supertable.domain import errors
from supertable.domain.errors import SupertableError
from supertable.entrypoints.sdk.lakes.lake import Lake

ORDERS = pa.schema([("id", pa.int64()), ("price", pa.float64()), ("customer", pa.string())])
ONE = pa.table({"id": [1]})
Mistake = Callable[[Any], object]

MISTAKES: dict[str, tuple[Mistake, str, str]] = {
    "table": (lambda lake: lake.table("order"), "TableNotFound", "There is no table 'order'. Did you mean orders?"),
    "table in SQL": (lambda lake: lake.sql("FROM ordesr"), "TableNotFound", "Did you mean orders?"),
    "table to write": (lambda lake: lake.delete("ordesr", "true"), "TableNotFound", "Did you mean orders?"),
    "table unlike any": (lambda lake: lake.table("zzz"), "TableNotFound", "lake.tables() lists the tables."),
    "dropped table": (lambda lake: lake.undrop("gone"), "TableNotFound", "lake.dropped_tables() lists dropped tables."),
    "column": (
        lambda lake: lake.sql("SELECT prise FROM orders"),
        "InvalidStatement",
        'There is no column "prise". Did you mean price?',
    ),
    "column of an alias": (
        lambda lake: lake.sql("SELECT o.custmer FROM orders o"),
        "InvalidStatement",
        '"o" has no column "custmer". Did you mean customer?',
    ),
    "column unlike any": (
        lambda lake: lake.sql("SELECT zzz FROM orders"),
        "InvalidStatement",
        'There is no column "zzz". The columns are id, price, customer.',
    ),
    "column in a condition": (
        lambda lake: lake.delete("orders", where="prise > 1"),
        "InvalidStatement",
        'There is no column "prise". Did you mean price?',
    ),
    "column to write": (
        lambda lake: lake.write("orders", pa.table({"id": [1], "prise": [1.0]})),
        "IncompatibleSchema",
        "Did you mean price? Write with evolve=True to add it.",
    ),
    "column to drop": (
        lambda lake: lake.table("orders").drop_column("prise"),
        "InvalidSchema",
        "Column 'prise': there is no such column; there is price.",
    ),
    "function": (lambda lake: lake.sql("SELECT sume(id) FROM orders"), "StatementRefused", "Did you mean sum?"),
    "mode": (lambda lake: lake.write("orders", ONE, mode="insert"), "InvalidInput", "append, upsert, overwrite"),
    "no keys": (lambda lake: lake.write("keyless", ONE, mode="upsert"), "InvalidInput", "has no key columns"),
    "existing table": (lambda lake: lake.create_table("orders", ORDERS), "TableExists", "already exists"),
    "name": (lambda lake: lake.create_table("my orders", ORDERS), "InvalidName", "only letters"),
    "schema": (lambda lake: lake.create_table("x", "id int"), "InvalidInput", "lake.load(…, into='x')"),
    "data": (lambda lake: lake.write("orders", 5), "InvalidInput", "Rows cannot be read from a"),
    "series": (lambda lake: lake.write("orders", pl.Series("id", [1])), "InvalidInput", ""),
    "file": (lambda lake: lake.load("nope.csv", into="x"), "UnreadableInput", "Cannot read nope.csv"),
    "short rows": (lambda lake: lake.load("short.csv", into="x"), "UnreadableInput", "use lenient=True."),
    "late value": (
        lambda lake: lake.load("late.csv", into="keyless"),
        "UnreadableInput",
        "on_error='skip' or 'rejects'",
    ),
    "version": (lambda lake: lake.sql("FROM orders AT (VERSION => 99)"), "VersionNotFound", "has no version 99"),
    "parameters": (lambda lake: lake.sql("SELECT ?", 5), "InvalidInput", "Parameters must be a list"),
    "SQL": (lambda lake: lake.sql(5), "WrongArgument", "sql(): sql must be text, not 5 (int)"),
    "type of a name": (lambda lake: lake.table(5), "WrongArgument", "The name of a table is text, not 5."),
    "duration": (lambda lake: lake.vacuum("7d"), "WrongArgument", "a timedelta or a number or None, not '7d' (str)"),
    "argument": (
        lambda lake: lake.create_table("x", ORDERS, key="id"),
        "WrongArgument",
        "got an unexpected keyword argument 'key'. Did you mean keys?",
    ),
    "missing argument": (lambda lake: lake.drop(), "WrongArgument", "missing a required argument: 'name'"),
    "role": (lambda lake: lake.roles.grant("nope", "orders"), "NotFound", "There is no role 'nope'."),
    "whose token": (
        lambda lake: supertable.connect(home=lake.settings.home, token="nope"),
        "NotSignedIn",
        "This token is not valid here",
    ),
    "unwritable home": (
        lambda lake: supertable.connect(home="/proc/nope").create_table("x", ORDERS),
        "Unavailable",
        "Object storage could not write",
    ),
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with supertable.connect(home=tmp_path_factory.mktemp("mistakes")) as lake:
        lake.create_table("orders", ORDERS, keys=["id"])
        lake.create_table_from("keyless", pa.table({"id": [1]}))
        yield lake


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_short_error(lake: Lake, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short.csv").write_text("id,price\n1,2\n3\n")
    Path("late.csv").write_text("id\n1\nx\n")
    make, kind, message = MISTAKES[name]
    with pytest.raises(SupertableError) as raised:
        make(lake)
    error = raised.value
    assert isinstance(error, getattr(errors, kind))
    assert message in str(error)
    assert "--" not in str(error)
    if error.__cause__ is None:
        inside = [frame for frame in traceback.extract_tb(error.__traceback__) if "/supertable/" in frame.filename]
        assert {Path(frame.filename).name for frame in inside} <= {"door.py"}
        assert error.__suppress_context__ or error.__context__ is None


def test_a_wrong_argument_is_a_type_error_too(lake: Lake) -> None:
    with pytest.raises(TypeError):
        lake.table(None)  # type: ignore[arg-type]


def test_errors_of_the_callers_own_code_pass(lake: Lake) -> None:
    def stop() -> bool:
        raise ZeroDivisionError

    lake.write("keyless", ONE)
    with pytest.raises(ZeroDivisionError):
        lake.maintain(stop)


def test_nothing_near_is_named_that_the_role_may_not_see(lake: Lake) -> None:
    lake.create_table_from("salads", pa.table({"name": ["caesar"], "secret_salary": [1]}))
    lake.roles.create("cook", "reader")
    lake.roles.grant("cook", "salads", columns=["name"])
    token = lake.tokens.create("t", lake.users.create("ann", ["cook"]).name).secret
    cook = Lake(lake._container, "main", lake._container.sign_in()(lake.organization, token, None))

    def told() -> list[str]:
        messages = []
        for name in ("salaries", "salarie", "orders", "ordrs", "salad"):
            with pytest.raises(errors.TableNotFound) as raised:
                cook.sql(f"FROM {name}")
            messages.append(str(raised.value))
        return messages

    before = told()
    lake.create_table_from("salaries", pa.table({"salary": [1], "person": ["ann"]}))
    assert told() == before
    assert before[-1] == "There is no table 'salad'. Did you mean salads?"
    with pytest.raises(SupertableError) as refused:
        cook.sql("SELECT secret_salry FROM salads")
    assert "secret_salary" not in str(refused.value)
    with pytest.raises(SupertableError, match=r'There is no column "nam"\. Did you mean name\?'):
        cook.sql("SELECT nam FROM salads")
