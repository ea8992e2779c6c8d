"""All statements, by kind."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.conformance.cases import DUCKDB, SQLITE, Case, file
from tests.conformance.statements import documented, functions, histories, tables, types

_HERE = Path(__file__).parent
_FILES = [case for path in sorted((_HERE / "sqlite").glob("*.sql")) for case in file(path, SQLITE)]
_FORMS = [case for path in sorted((_HERE / "duckdb").glob("*.sql")) for case in file(path, DUCKDB)]

CASES: list[Case] = [
    *types.CASES,
    *histories.CASES,
    *_FILES,
    *tables.CASES,
    *functions.CASES,
    *documented.CASES,
    *_FORMS,
]
GENERATED = {case.kind for case in types.CASES}
KINDS: dict[str, list[Case]] = {
    kind: list(cases) for kind, cases in groupby(sorted(CASES, key=lambda case: case.kind), lambda case: case.kind)
}
