"""Some of the statements on SPARK, in turn by day. `python -m tests.conformance --spark` asks all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.answers import Answers
from tests.conformance.cases import CALLERS
from tests.conformance.on_spark import DIFFERENT, SAME, outcome
from tests.conformance.statements import CASES
from tests.conformance.world.lakes import Lakes
from tests.servers.spark_thrift import SparkThrift
from tests.support.budgets import chance

_ONE_IN = 120


@pytest.fixture(scope="module")
def lakes(spark: SparkThrift, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakes]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**spark.environment, "SUPERTABLE_RESULT_CACHE_BYTES": "0"}.items():
            patch.setenv(name, value)
        made = Lakes(tmp_path_factory.mktemp("lakes"))
        yield made
        made.close()


def test_each_has_the_right_answer_or_is_refused_by_name(lakes: Lakes) -> None:
    answers = Answers()
    found = []
    for number, case in enumerate(CASES[chance("on SPARK").randrange(_ONE_IN) :: _ONE_IN]):
        caller = CALLERS[number % len(CALLERS)]
        if caller in case.callers:
            found.append(outcome(lakes, answers, case, caller))
    answers.close()
    assert not [said for kind, said in found if kind == DIFFERENT]
    assert sum(kind == SAME for kind, _ in found) > len(found) // 2
