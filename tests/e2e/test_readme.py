"""The examples of the README and of pages for newcomers work as typed, in order, over the flights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import supertable
from tests.support.api.server import ApiServer
from tests.support.documents import Reader, examples

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [
    ROOT / "docs" / name
    for name in (
        "migrating.md",
        "python-reads.md",
        "api.md",
        "api-ingest.md",
        "maintenance.md",
        "audit.md",
        "access.md",
    )
]


def test_the_examples_work_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.environ", os.environ.copy())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", "st_choose-a-long-secret")
    monkeypatch.delenv("SUPERTABLE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    with supertable.connect(tmp_path / "supertable-demo") as lake:
        server = ApiServer(lake._container)
        reader = Reader(server.url)
        reader.read(README)
        printed = capsys.readouterr().out
        assert "336,776 flights, as after the load" in printed
        for line in README.read_text().partition('LIMIT 3"\n```\n```\n')[2].partition("```")[0].splitlines():
            assert line in printed.splitlines()
        for page in PAGES:
            reader.read(page)
        server.stop()
        assert "open the lake of an earlier run" in capsys.readouterr().out
    assert reader.commands > 60


def test_the_examples_are_found() -> None:
    found = [language for page in (README, *PAGES) for language, _ in examples(page.read_text())]
    assert (found.count("bash") >= 6, found.count("python") >= 5) == (True, True)
