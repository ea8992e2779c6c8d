"""The engine of a query: all combinations of sizes, ages, what is held and what is there, with literal answers."""

from __future__ import annotations

import itertools

import pytest

from supertable.domain.engine_choice import Away, EngineLimits, EngineName, Reads, Wish, chosen_engine, engine_name
from supertable.domain.errors import EngineUnavailable, InvalidInput

LIMITS = EngineLimits(lite_max_bytes=1_000, spark_min_bytes=50_000, fresh_seconds=300)
SIZES = {"none": 0, "small": 1_000, "over small": 1_001, "middle": 50_000, "large": 50_001}
AGES = {"ahead": -5.0, "fresh": 299.9, "old": 300.0, "unknown": None}

# rows: size; columns: what is there of L(ite), P(ro), S(park); answers for the ages ahead, fresh, old, unknown
MATRIX = """
size        LPS   LP-   L-S   L--   -PS   -P-   --S
none        LLLL  LLLL  LLLL  LLLL  PPPP  PPPP  SSSS
small       LLLL  LLLL  LLLL  LLLL  PPPP  PPPP  SSSS
over_small  LLPP  LLPP  LLLL  LLLL  PPPP  PPPP  SSSS
middle      LLPP  LLPP  LLLL  LLLL  PPPP  PPPP  SSSS
large       SSSS  PPPP  SSSS  LLLL  SSSS  PPPP  SSSS
"""
FRESH = "The query reads 2.3 GB, and the newest write was 119 seconds ago: LITE, since that is less than 5 minutes."
LETTERS = {"L": EngineName.LITE, "P": EngineName.PRO, "S": EngineName.SPARK}
_HEAD, *_ROWS = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [
    (size.replace("_", " "), there, age, LETTERS[answer])
    for size, *answers in _ROWS
    for there, four in zip(_HEAD[1:], answers, strict=True)
    for age, answer in zip(AGES, four, strict=True)
]


def away(there: str) -> Away:
    return lambda name: "" if name[0].upper() in there else "it sleeps"


def test_every_cell_of_the_matrix() -> None:
    assert len(CELLS) == len(SIZES) * 7 * len(AGES)
    for size, there, age, answer in CELLS:
        choice = chosen_engine(Reads(SIZES[size], AGES[age]), away(there), LIMITS)
        assert choice.engine is answer, (size, there, age)
        assert choice.reason.isascii()
        assert choice.reason.endswith(".")


def test_only_engines_before_the_one_that_runs_are_asked_whether_they_are_away() -> None:
    for size, there, age, _ in CELLS:
        asked: list[EngineName] = []

        def noted(name: EngineName, there: str = there, asked: list[EngineName] = asked) -> str:
            asked.append(name)
            return away(there)(name)

        choice = chosen_engine(Reads(SIZES[size], AGES[age]), noted, LIMITS)
        assert asked[-1] is choice.engine


def test_an_engine_that_is_passed_over_is_told_with_its_reason() -> None:
    for size, there, age, answer in CELLS:
        preferred = next(right for s, t, a, right in CELLS if (s, t, a) == (size, "LPS", age))
        reason = chosen_engine(Reads(SIZES[size], AGES[age]), away(there), LIMITS).reason
        assert (f"{preferred.upper()} is passed over: it sleeps." in reason) is (answer is not preferred)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("age", AGES)
def test_what_pro_holds_goes_to_pro(size: str, age: str) -> None:
    for partial, there in itertools.product((False, True), ("LPS", "LP-", "-P-")):
        choice = chosen_engine(Reads(SIZES[size], AGES[age], partial, held=True), away(there), LIMITS)
        assert (choice.engine, choice.reason) == (EngineName.PRO, "PRO holds what the query reads.")


def test_a_part_of_a_table_is_read_by_lite_for_one_reason_whatever_its_size_and_age() -> None:
    found = {
        chosen_engine(Reads(size, age, partial=True), away(there), LIMITS)
        for size, age, there in itertools.product(SIZES.values(), AGES.values(), ("LPS", "LP-", "L--"))
    }
    (choice,) = found
    assert choice.engine is EngineName.LITE
    assert not any(character.isdigit() for character in choice.reason)


@pytest.mark.parametrize("requested", ["lite", "pro", "spark"])
def test_an_engine_asked_for_by_name_runs_or_is_refused(requested: str) -> None:
    for size, age, held in itertools.product(SIZES.values(), AGES.values(), (False, True)):
        reads, wish = Reads(size, age, held=held), Wish(EngineName.LITE, "A setting.")
        choice = chosen_engine(reads, away("LPS"), LIMITS, engine_name(requested), wish)
        assert (choice.engine, choice.reason) == (requested, f"The query asks for {requested.upper()}.")
        with pytest.raises(EngineUnavailable) as refused:
            chosen_engine(reads, away("LPS".replace(requested[0].upper(), "")), LIMITS, engine_name(requested), wish)
        assert str(refused.value) == (
            f"The engine {requested.upper()} is not available: it sleeps. Nothing was run. Use AUTO, or name no engine."
        )


@pytest.mark.parametrize(
    ("wish", "there", "engine", "reason"),
    [
        ("spark", "LPS", "spark", "A setting."),
        ("spark", "LP-", "lite", "A setting. SPARK is passed over: it sleeps."),
        ("spark", "-P-", "pro", "A setting. SPARK is passed over: it sleeps. LITE is passed over: it sleeps."),
        ("pro", "LPS", "pro", "A setting."),
        ("pro", "L-S", "lite", "A setting. PRO is passed over: it sleeps."),
        ("lite", "LPS", "lite", "A setting."),
        ("auto", "LPS", "lite", "The query reads 0 bytes: up to 1.0 kB are for LITE."),
    ],
)
def test_a_setting_is_followed_as_far_as_its_engine_is_there(wish: str, there: str, engine: str, reason: str) -> None:
    choice = chosen_engine(Reads(0, None), away(there), LIMITS, None, Wish(engine_name(wish), "A setting."))
    assert (choice.engine, choice.reason) == (engine, reason)
    asked = chosen_engine(Reads(0, None), away(there), LIMITS, EngineName.AUTO, Wish(engine_name(wish), "A setting."))
    assert not asked.reason.startswith("A setting.")


def test_without_any_engine_the_query_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match="The engine LITE is not available: it sleeps"):
        chosen_engine(Reads(0, None), away(""), LIMITS)


@pytest.mark.parametrize(
    ("size", "age", "reason"),
    [
        (999, 3.2, "The query reads 999 bytes: up to 104.9 MB are for LITE."),
        (104_857_600, None, "The query reads 104.9 MB: up to 104.9 MB are for LITE."),
        (2_345_678_901, 119, FRESH),
        (2_345_678_901, 7_300, "The query reads 2.3 GB, and the newest write was 2 hours ago: PRO."),
        (2_345_678_901, 400_000, "The query reads 2.3 GB, and the newest write was 4 days ago: PRO."),
        (2_345_678_901, None, "The query reads 2.3 GB of versions whose age does not count: PRO."),
        (5_000_000_000_000, None, "The query reads 5.0 TB: more than 10.7 GB are for SPARK."),
    ],
)
def test_reasons(size: int, age: float | None, reason: str) -> None:
    assert chosen_engine(Reads(size, age), away("LPS"), EngineLimits()).reason == reason


@pytest.mark.parametrize("text", ["pro", "PRO", "Pro", "pRo"])
def test_names_in_any_case(text: str) -> None:
    assert engine_name(text) is EngineName.PRO


@pytest.mark.parametrize("text", ["", " pro", "duckdb", "pro ", "ſpark", "LITE;", None, 3, b"pro", ["pro"]], ids=repr)
def test_unknown_names_are_refused_with_the_list(text: object) -> None:
    with pytest.raises(InvalidInput, match=r"Use AUTO, LITE, PRO, SPARK\. Nothing was run\."):
        engine_name(text)
