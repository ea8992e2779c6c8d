"""Stored objects are flipped, cut, swapped or removed: answers are correct or an error that names the object."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import Damaged
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET, SEED, chance

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string()), ("x", pa.float64())])
QUERIES = [
    "SELECT * FROM t ORDER BY id",
    "SELECT count(*) FROM t",
    "SELECT v, sum(x) FROM t WHERE id > 40 GROUP BY v ORDER BY v",
    "SELECT * FROM t AT (VERSION => 3) ORDER BY id",
    "SELECT * FROM table_changes('t', 2) ORDER BY ALL",
]

Answers = list[list[dict[str, object]] | None]


def rows(start: int, count: int, value: str) -> pa.Table:
    ids = range(start, start + count)
    return pa.table([list(ids), [value] * count, [float(i) for i in ids]], schema=SCHEMA)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """First rows in files, then rows and dead rows in commit records."""
    home = tmp_path_factory.mktemp("damage") / "origin"
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("SUPERTABLE_INLINE_ROWS", "0")
        lake = supertable.connect(home=home)
    with lake:
        lake.create_table("t", SCHEMA, keys=["id"])
        lake.write("t", rows(0, 100, "first"))
        lake.write("t", rows(50, 100, "second"), mode="upsert")
        lake.delete("t", where="id % 7 = 0")
    with supertable.connect(home=home) as lake:
        for turn in range(65):  # past a checkpoint
            lake.write("t", rows(120 + turn, 1, "more"), mode="upsert")
    return home


def answers(lake: Lake) -> Answers:
    found: Answers = []
    for sql in QUERIES:
        try:
            found.append(lake.sql(sql).arrow().to_pylist())
        except Damaged as error:
            assert "/" in str(error), "the error must name the object"
            found.append(None)
    return found


def flip(file: Path, others: list[Path], chance: random.Random) -> None:
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def cut(file: Path, others: list[Path], chance: random.Random) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: chance.randrange(len(data))])


def grow(file: Path, others: list[Path], chance: random.Random) -> None:
    file.write_bytes(file.read_bytes() + chance.randbytes(chance.randrange(1, 50)))


def swap(file: Path, others: list[Path], chance: random.Random) -> None:
    other = chance.choice(others)
    one, two = file.read_bytes(), other.read_bytes()
    file.write_bytes(two)
    other.write_bytes(one)


def remove(file: Path, others: list[Path], chance: random.Random) -> None:
    file.unlink()


def zero(file: Path, others: list[Path], chance: random.Random) -> None:
    file.write_bytes(bytes(file.stat().st_size))


DAMAGES: list[Callable[[Path, list[Path], random.Random], None]] = [flip, flip, flip, cut, grow, swap, remove, zero]


def objects(home: Path) -> Iterator[Path]:
    return (path for path in sorted((home / "storage").rglob("*")) if path.is_file())


@pytest.mark.slow
def test_damaged_objects_never_give_a_wrong_answer(origin: Path, tmp_path: Path) -> None:
    with supertable.connect(home=origin) as lake:
        expected = answers(lake)
    assert all(answer is not None for answer in expected)
    random_choices = chance("damage")
    refused = 0
    for turn in range(BUDGET.damages):
        home = tmp_path / str(turn)
        shutil.copytree(origin, home)
        files = list(objects(home))
        kind = random_choices.choice(["data", "deletes", "log", "checkpoints"])
        candidates = [file for file in files if f"/{kind}/" in file.as_posix()]
        file, damage = random_choices.choice(candidates), random_choices.choice(DAMAGES)
        damage(file, files, random_choices)
        with supertable.connect(home=home) as lake:
            found = answers(lake)
        about = f"seed {SEED}, round {turn}: {damage.__name__} {file.relative_to(home)}"
        for sql, answer, right in zip(QUERIES, found, expected, strict=True):
            assert answer is None or answer == right, f"{about}: {sql}"
        refused += None in found
        shutil.rmtree(home)
    assert refused > BUDGET.damages // 3


def test_damage_is_detected_in_a_running_process(origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_RESULT_CACHE_BYTES", "0")
    home = tmp_path / "home"
    shutil.copytree(origin, home)
    with supertable.connect(home=home) as lake:
        before = answers(lake)
        for file in objects(home):
            if file.suffix == ".parquet":
                flip(file, [], random.Random(3))
        after = answers(lake)
        assert after[1] == before[1]  # a bare count needs no file
        assert [answer for number, answer in enumerate(after) if number != 1] == [None] * (len(QUERIES) - 1)
        with pytest.raises(Damaged):
            lake.write("t", rows(0, 10, "x"), mode="upsert")
