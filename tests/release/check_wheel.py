"""Checks an installed wheel by writing and reading, in a folder with its own config.py and domain/."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa

import supertable


def main() -> None:
    assert "site-packages" in Path(supertable.__file__).parts, supertable.__file__
    assert list(Path(supertable.__file__).parent.glob("adapters/redis/*.lua")), "the scripts for Redis are missing"
    pages = Path(supertable.__file__).parent / "entrypoints" / "mcp_tester"
    assert (pages / "templates" / "tester.html").is_file(), "the templates of pages are missing"
    assert (pages / "static" / "main.js").is_file(), "the scripts of pages are missing"
    with tempfile.TemporaryDirectory() as home, supertable.connect(home=home) as lake:
        lake.create_table("fruit", pa.schema([("name", pa.string()), ("count", pa.int64())]), keys=["name"])
        lake.write("fruit", pa.table({"name": ["fig", "plum"], "count": [1, 2]}))
        lake.write("fruit", pa.table({"name": ["fig"], "count": [5]}), mode="upsert")
        rows = lake.sql("SELECT name, count FROM fruit ORDER BY name").arrow().to_pylist()
    assert rows == [{"name": "fig", "count": 5}, {"name": "plum", "count": 2}], rows
    print(f"supertable {supertable.__version__} writes and reads")


if __name__ == "__main__":
    main()
