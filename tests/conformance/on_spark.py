"""The statements on SPARK: each has the right answer, or is refused by name."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from supertable.domain.errors import EngineUnavailable, NotOnSpark, SupertableError
from tests.conformance.answers import Answers
from tests.conformance.cases import Case
from tests.conformance.oracles import columns_of, rows_of
from tests.conformance.statements import KINDS
from tests.conformance.world.lakes import Lakes
from tests.servers.spark_thrift import SparkThrift

SAME, REFUSED, DIFFERENT = "same", "refused", "different"


def outcome(lakes: Lakes, answers: Answers, case: Case, caller: str) -> tuple[str, str]:
    """One of the three, and what there is to say of it."""
    try:
        table = lakes.of(caller, case.supertable).sql(case.sql, engine="spark").arrow()
    except NotOnSpark as error:
        return REFUSED, str(error)
    except EngineUnavailable:
        raise
    except SupertableError as error:
        kind = REFUSED if "SuperTable: SPARK cannot" in str(error) else DIFFERENT
        return kind, f"{case.sql}\n    {type(error).__name__}: {error}"
    fault = answers.difference(case, columns_of(table), rows_of(table))
    return (DIFFERENT if fault else SAME), fault


def report(one_in: int, callers: Sequence[str]) -> int:
    """Asks every `one_in`th statement and prints the counts. 1 where an answer differs."""
    with tempfile.TemporaryDirectory() as folder:
        server = SparkThrift(Path(folder) / "server")
        os.environ |= {**server.environment, "SUPERTABLE_RESULT_CACHE_BYTES": "0"}
        lakes, answers = Lakes(Path(folder) / "lakes"), Answers()
        try:
            counts = {kind: _counted(lakes, answers, cases[::one_in], callers) for kind, cases in KINDS.items()}
        finally:
            lakes.close()
            answers.close()
            server.stop()
    _print(counts)
    return int(any(count[DIFFERENT] for count in counts.values()))


def _counted(lakes: Lakes, answers: Answers, cases: Sequence[Case], callers: Sequence[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for case in cases:
        for caller in (one for one in callers if one in case.callers):
            kind, said = outcome(lakes, answers, case, caller)
            found[kind] += 1
            if kind != SAME:
                print(f"{kind}, {caller}: {case.sql if kind == REFUSED else ''} {said}", flush=True)
    return found


def _print(counts: Mapping[str, Counter[str]]) -> None:
    columns = (SAME, REFUSED, DIFFERENT)
    print(f"{'kind':<34}" + "".join(f"{name:>11}" for name in columns))
    for kind, count in {**counts, "all": sum(counts.values(), Counter())}.items():
        print(f"{kind:<34}" + "".join(f"{count[name]:>11}" for name in columns))
