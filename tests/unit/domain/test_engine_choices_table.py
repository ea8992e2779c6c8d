"""The table of AUTO's choices in docs/engines.md."""

from __future__ import annotations

from pathlib import Path

from tests.support.engine_choices import CASES, choices, table

DOCS = Path(__file__).parents[3] / "docs" / "engines.md"
NO_WINDOW = "no cluster that answers takes "
EXPECTED = [
    ("LITE", ""),
    ("LITE", ""),
    ("LITE", ""),
    ("PRO", ""),
    ("PRO", ""),
    ("LITE", ""),
    ("PRO", ""),
    ("SPARK (small)", ""),
    ("SPARK (small)", ""),
    ("SPARK (small)", ""),
    ("SPARK (large)", ""),
    ("PRO", f"{NO_WINDOW}20.0 GB"),
    ("PRO", f"{NO_WINDOW}200.0 GB"),
    ("PRO", "its cluster does not answer"),
    ("PRO", "its cluster does not let SuperTable sign in"),
    ("PRO", "no cluster is configured (SUPERTABLE_SPARK_CLUSTERS)"),
    ("PRO", ""),
    ("LITE", ""),
]


def test_each_choice() -> None:
    assert list(zip(CASES, choices(), strict=True)) == list(zip(CASES, EXPECTED, strict=True))


def test_the_table_in_the_docs_is_true() -> None:
    assert table() in DOCS.read_text(), "`python -m tests.support.engine_choices` prints the table"
