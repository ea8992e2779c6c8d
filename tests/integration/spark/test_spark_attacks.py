"""The known attacks on access policies, by SPARK: a lake under a role answers as a lake of what the role sees.

`BUDGET=soak`: all of them. Otherwise a few, in turn by day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.attacks.test_known_attacks import ATTACKS, PARAMETERS
from tests.servers.spark_thrift import SparkThrift
from tests.support.budgets import todays
from tests.support.oracles.two_lakes import HIDDEN_WORDS, TwoLakes

CASES: list[tuple[str, Any]] = [*((sql, ()) for sql in ATTACKS), *PARAMETERS]
REFUSED_FOR_A_VALUE = "SuperTable: SPARK cannot"
SETTINGS = {"SUPERTABLE_RESULT_CACHE_BYTES": "0", "SUPERTABLE_SPARK_CONNECT_TIMEOUT": "60"}


@pytest.fixture(scope="module")
def lakes(spark: SparkThrift, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoLakes]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**spark.environment, **SETTINGS}.items():
            patch.setenv(name, value)
        made = TwoLakes(tmp_path_factory.mktemp("lakes"))
        yield made
        made.close()


def test_an_attack_gets_the_answer_of_the_copy(lakes: TwoLakes) -> None:
    faults, answered = [], 0
    cases: Sequence[tuple[str, Any]] = CASES
    for name in ("attacks on SPARK", "fewer attacks on SPARK", "few attacks on SPARK"):
        cases = todays(cases, name)
    for sql, parameters in cases:
        restricted = lakes.ask(lakes.restricted, sql, parameters, "spark")
        if restricted.kind == "NotOnSpark":
            continue
        answered += 1
        copy = lakes.ask(lakes.copy, sql, parameters, "spark")
        told = [word for word in HIDDEN_WORDS if word in restricted.message and word not in sql]
        if restricted != copy or told:
            faults.append(f"{sql}\n    the lake: {restricted}\n    the copy: {copy}\n    hidden words: {told}")
        elif REFUSED_FOR_A_VALUE not in restricted.message:
            lite = lakes.ask(lakes.restricted, sql, parameters, "lite")
            if restricted != lite:
                faults.append(f"{sql}\n    SPARK: {restricted}\n    LITE: {lite}")
    assert not faults, f"{len(faults)} of {answered} answers:\n" + "\n".join(faults)
    assert answered or len(cases) < 20, "of few, all may be refused"
