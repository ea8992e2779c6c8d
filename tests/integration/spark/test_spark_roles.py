"""What a role sees by SPARK: rows, columns and masks; and that nothing of the statement meets a hidden row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import supertable
from supertable.domain.errors import InvalidStatement, NotOnSpark, QueryFailed
from supertable.entrypoints.sdk.lakes.lake import Lake

SEEN = [(k, ("EU", "eu-north")[k % 2], str(k), f"9999{k:04d}") for k in range(20)]


@pytest.fixture(scope="module")
def ann(lake: Lake) -> Iterator[Lake]:
    """Sees the regions like EU% in any case, the last four digits of cards, no salary. Hidden rows are poison."""
    regions = ["EU", "eu-north"] * 10 + ["US", None, "", "HIDDEN", "ÉU"] * 4
    rows = {
        "k": list(range(40)),
        "region": regions,
        "note": [str(k) if k < 20 else f"poison {k}" for k in range(40)],
        "card": [f"9999{k:04d}" for k in range(40)],
        "salary": [k * 1_000 for k in range(40)],
    }
    lake.write("staff", rows)
    lake.roles.create("analyst", "reader")
    columns = ["k", "region", "note", "card"]
    lake.roles.grant("analyst", "staff", columns=columns, masks={"card": "last:4"}, where="lower(region) LIKE 'eu%'")
    lake.users.create("ann", "analyst")
    token = lake.tokens.create("ann's", "ann").secret
    with pytest.MonkeyPatch.context() as patch:
        cluster = lake._container.settings().spark_clusters
        assert cluster is not None
        patch.setenv("SUPERTABLE_SPARK_CLUSTERS", cluster.get_secret_value())
        with supertable.connect(home=lake._container.settings().home, token=token) as found:
            yield found


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    result = lake.sql(sql, engine="spark")
    assert result.engine == "spark"
    return list(result)


def test_rows_columns_and_masks(ann: Lake) -> None:
    expected = [(k, region, note, "****" + card[-4:]) for k, region, note, card in SEEN]
    assert rows(ann, "FROM staff ORDER BY k") == expected
    with pytest.raises(InvalidStatement):
        rows(ann, "SELECT salary FROM staff")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM staff WHERE CAST(note AS INTEGER) >= 0", [(20,)]),
        ("SELECT sum(n) FROM (SELECT CAST(note AS INTEGER) AS n FROM staff) WHERE n > 3", [(184,)]),
        ("SELECT count(*) FROM staff a JOIN staff b ON CAST(a.note AS INTEGER) = b.k", [(20,)]),
        ("SELECT count(*) FROM staff WHERE region = 'US' OR k > 19 OR note LIKE 'poison%'", [(0,)]),
        ("SELECT count(*) FROM staff WHERE card LIKE '9999%'", [(0,)]),
        ("SELECT max(k), max(note), count(DISTINCT region) FROM staff", [(19, "9", 2)]),
        ("SELECT _table, count(*) FROM main WHERE _table = 'staff' GROUP BY 1", [("staff", 20)]),
        ("SELECT count(*) FROM table_changes('staff', 0)", [(20,)]),
    ],
    ids=["cast", "cast below", "cast in join", "hidden rows", "mask", "extremes", "union", "changes"],
)
def test_no_expression_meets_a_hidden_row(ann: Lake, sql: str, expected: list[tuple[Any, ...]]) -> None:
    assert rows(ann, sql) == expected


def test_an_error_of_a_seen_row_tells_no_value(ann: Lake) -> None:
    with pytest.raises(QueryFailed) as failed:
        rows(ann, "SELECT CAST(region AS INTEGER) FROM staff WHERE k = 5")
    assert "eu-north" not in str(failed.value)


@pytest.mark.parametrize(
    ("where", "expected"),
    [("x > 5", [(20, 1900)]), (f"x IN (0, {', '.join(map(str, range(20, 40)))})", [(20, 1920)])],
    ids=["no number", "negative zero"],
)
def test_a_row_filter_of_floats(lake: Lake, ann: Lake, where: str, expected: list[tuple[Any, ...]]) -> None:
    """NaN is greater than all numbers. -0.0 is 0, also in long lists, which Spark searches by hashes."""
    values = [float("nan"), -0.0, *[1.0] * 8] * 20
    lake.write("heights", {"k": list(range(200)), "x": values}, mode="overwrite")
    lake.roles.grant("analyst", "heights", where=where)
    assert rows(ann, "SELECT count(*), sum(k) FROM heights") == expected


def test_rules_that_spark_does_not_apply_alike_are_refused(lake: Lake, ann: Lake) -> None:
    lake.write("prices", {"k": [1], "price": [1.5]})
    lake.roles.grant("analyst", "prices", masks={"price": "hash"})
    with pytest.raises(NotOnSpark, match="hashes"):
        rows(ann, "FROM prices")
    assert ann.sql("FROM prices").engine != "spark"
