"""Cases of the corpus: files, and the rows that are right or the error.

Expected values are written out. Their types follow from the values, so that a value of another type differs.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

D = Decimal
DAY = dt.date
AT = dt.datetime
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """`rows`: the rows of all `files` after the load; or `error`: a part of the message."""

    files: Mapping[str, str | bytes]
    rows: Rows = field(default_factory=list)
    names: str = ""
    error: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


def csv(text: str | bytes, names: str, *rows: tuple[Any, ...], **options: Any) -> Case:
    return Case({"a.csv": text}, list(rows), names, options=options)


def lines(text: str | bytes, names: str, *rows: tuple[Any, ...], **options: Any) -> Case:
    return Case({"a.ndjson": text}, list(rows), names, options=options)


def refused(name: str, text: str | bytes, error: str, **options: Any) -> Case:
    return Case({name: text}, error=error, options=options)


def zipped(**members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return target.getvalue()


def parquet(rows: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, **options)
    return sink.getvalue()


def written(folder: Path, case: Case) -> list[Path]:
    for name, content in case.files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return sorted(folder / name for name in case.files)


def typed(rows: Any) -> Any:
    """The values with their types: 1, 1.0, True and Decimal(1) are equal, and not the same."""
    if isinstance(rows, dict):
        return {key: typed(value) for key, value in rows.items()}
    if isinstance(rows, list | tuple):
        return [typed(value) for value in rows]
    return type(rows).__name__, rows
