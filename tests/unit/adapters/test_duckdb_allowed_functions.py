"""Every function of the installed DuckDB has been reviewed: it is allowed, or denied for a known reason."""

from __future__ import annotations

import duckdb
import pytest

from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import (
    FUNCTIONS,
    MANY_ROWS,
    OPERATORS,
    TABLE_FUNCTIONS,
)
from supertable.adapters.engines.duckdb.statement.validation.refused_functions import REFUSED

DENIED_PREFIXES = ("__internal_", "collate_", "icu_collate_")
TABLE_TYPES = ("table", "table_macro")


@pytest.fixture(scope="module")
def installed() -> list[tuple[str, str]]:
    """The kind and the name of each function that a statement can call."""
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT DISTINCT function_type, lower(function_name) FROM duckdb_functions()"
            " WHERE function_type != 'pragma'"
        ).fetchall()


def test_every_function_is_allowed_or_denied(installed: list[tuple[str, str]]) -> None:
    unknown = {
        name
        for kind, name in installed
        if name not in (TABLE_FUNCTIONS if kind in TABLE_TYPES else FUNCTIONS)
        and name not in REFUSED
        and not name.startswith(DENIED_PREFIXES)
    }
    assert not unknown, f"review these functions of DuckDB {duckdb.__version__}: {sorted(unknown)}"


def test_no_function_is_allowed_and_denied() -> None:
    assert (FUNCTIONS | TABLE_FUNCTIONS) & REFUSED.keys() == {"histogram"}  # an aggregate, and a table function
    assert not [name for name in FUNCTIONS if name.startswith(DENIED_PREFIXES)]


def test_the_lists_contain_only_existing_functions(installed: list[tuple[str, str]]) -> None:
    names = {name for _, name in installed}
    assert FUNCTIONS - names <= {"unnest", "switch"} | OPERATORS
    assert names >= TABLE_FUNCTIONS
    assert names >= REFUSED.keys()
    assert MANY_ROWS <= FUNCTIONS


def test_listed_names_are_in_lower_case() -> None:
    assert all(name == name.lower() for name in FUNCTIONS | TABLE_FUNCTIONS)
