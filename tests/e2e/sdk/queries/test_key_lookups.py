"""Look-ups by key find what a plain model of the table has, whichever files they read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import chance

Model = dict[Any, int]
KINDS: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {
    "numbers": (["k"], [(n,) for n in range(-20, 40)]),
    "texts": (["k"], [(f"k'{n}ü",) for n in range(40)] + [("",), ("\0x"[1:],)]),
    "pairs": (["k", "j"], [(n % 7, f"j{n}") for n in range(40)]),
}


def rows_of(keys: list[str], chosen: list[tuple[Any, ...]], value: int) -> pa.Table:
    columns = {name: [key[place] for key in chosen] for place, name in enumerate(keys)}
    return pa.table({**columns, "v": [value + n for n in range(len(chosen))]})


def history(lake: Lake, name: str, random: random.Random) -> list[Model]:
    """A table of eight versions with rows, and the rows of each, by key."""
    keys, all_keys = KINDS[name]
    first = random.sample(all_keys, 25)
    lake.write(name, rows_of(keys, first, 0), keys=keys)
    models = [{key: n for n, key in enumerate(first)}]
    for step in range(1, 8):
        chosen = random.sample(all_keys, random.randint(1, 12))
        model = dict(models[-1])
        if step % 3:
            lake.write(name, rows_of(keys, chosen, step * 100), mode="upsert")
            model.update({key: step * 100 + n for n, key in enumerate(chosen)})
        else:
            lake.delete(name, keys=rows_of(keys, chosen, 0).select(keys))
            model = {key: value for key, value in model.items() if key not in chosen}
        models.append(model)
    return models


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lookups")


@pytest.fixture(scope="module")
def writer(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as opened:
        yield opened


@pytest.fixture(scope="module")
def models(writer: Lake) -> dict[str, list[Model]]:
    found = {name: history(writer, name, chance(f"look-ups of {name}")) for name in KINDS}
    writer.roles.create("part", "reader")
    writer.roles.grant("part", "numbers", where="v >= 300")
    writer.roles.grant("part", "texts", masks={"v": "null"})
    return found


@pytest.fixture(scope="module", params=["writer", "reader"])
def lake(request: pytest.FixtureRequest, home: Path, writer: Lake, models: dict[str, list[Model]]) -> Iterator[Lake]:
    """Of the process that wrote, whose index covers what it wrote; and of one that has none yet."""
    with supertable.connect(home=home) as reader:
        yield writer if request.param == "writer" else reader


def literal(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def values(lake: Lake, sql: str, parameters: Any = ()) -> list[int]:
    return sorted(lake.sql(sql, parameters).arrow()["v"].to_pylist())


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("steps_back", [0, 3, 7])
def test_every_key_at_every_version(name: str, steps_back: int, lake: Lake, models: dict[str, list[Model]]) -> None:
    keys, all_keys = KINDS[name]
    model = models[name][-1 - steps_back]
    version = lake.table(name).history()[steps_back].version
    for key in all_keys[:: 1 if steps_back == 0 else 4]:
        where = " AND ".join(f"{column} = {literal(part)}" for column, part in zip(keys, key, strict=True))
        expected = [model[key]] if key in model else []
        assert values(lake, f"SELECT v FROM {name} AT (VERSION => {version}) WHERE {where}") == expected, key


def test_lists_parameters_and_further_conditions(lake: Lake, models: dict[str, list[Model]]) -> None:
    model = models["numbers"][-1]
    for low in range(-20, 30, 7):
        listed = [low, low + 1, low + 5, low + 5, 1_000]
        expected = sorted(model[key,] for key in set(listed) if (key,) in model)
        text = ", ".join(map(str, listed))
        assert values(lake, f"SELECT v FROM numbers WHERE k IN ({text})") == expected
        assert values(lake, f"SELECT v FROM numbers WHERE k IN ({text}, NULL) AND v >= 100") == [
            value for value in expected if value >= 100
        ]
        assert values(lake, "SELECT v FROM numbers WHERE k = ?", [low]) == ([model[low,]] if (low,) in model else [])
        assert values(lake, f"SELECT v FROM numbers WHERE k = {low} OR v < 0") == (
            [model[low,]] if (low,) in model else []
        )
    assert values(lake, "SELECT v FROM numbers WHERE k = 99999999999999999999") == []
    assert values(lake, "SELECT v FROM numbers WHERE k = 5 AND k = 6") == []


def test_joins_and_missing_sides(lake: Lake, models: dict[str, list[Model]]) -> None:
    model = models["numbers"][-1]
    key = next(iter(model))[0]
    assert values(lake, f"SELECT n.v FROM numbers n JOIN numbers m ON n.k = m.k WHERE m.k = {key}") == [model[key,]]
    left = f"SELECT n.v FROM numbers n LEFT JOIN numbers m ON n.k = m.k AND m.k = {key}"
    assert values(lake, left) == sorted(model.values())
    assert values(lake, f"SELECT v FROM numbers WHERE k NOT IN ({key})") == sorted(
        value for (other,), value in model.items() if other != key
    )


def test_roles_see_what_they_saw(home: Path, lake: Lake, models: dict[str, list[Model]]) -> None:
    with supertable.connect(home=home, role="part") as limited:
        for (key,), value in models["numbers"][-1].items():
            assert values(limited, f"SELECT v FROM numbers WHERE k = {key}") == ([value] if value >= 300 else [])
        (key,) = next(iter(models["texts"][-1]))
        assert limited.sql("SELECT v FROM texts WHERE k = ?", [key]).arrow()["v"].to_pylist() == [None]
