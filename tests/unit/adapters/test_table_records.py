"""Records and checkpoints of tables: what older versions may read, and what they must refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from supertable.adapters.codecs.json_documents import registry_log_codec
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.application.ports.codecs import TooNew
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.snapshots import replayed
from tests.support.domain_builders import commit, created, data_file

STORED = data_file("a", dead=2)
INLINE = replace(data_file("b", rows=2), bytes=3, content=b"\x00\xff\n")
FEW_DEAD = replace(data_file("c"), deletes=DeletionVector("", 2, "", positions=(0, 9)))
SOME_MORE_DEAD = replace(data_file("d", dead=2), deletes=DeletionVector("deletes/d", 3, "0" * 32, positions=(7,)))


def document(data: bytes) -> Any:
    return json.loads(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read() if data[:1] != b"{" else data)


@pytest.mark.parametrize(
    ("files", "expected"),
    [((), 1), ((STORED,), 1), ((STORED, INLINE), 2), ((FEW_DEAD,), 2), ((SOME_MORE_DEAD,), 2)],
    ids=["none", "stored", "rows", "positions", "positions beside an object"],
)
def test_records_and_checkpoints_that_hold_rows_or_positions_have_another_format(
    files: tuple[DataFile, ...], expected: int
) -> None:
    codec = table_log_codec()
    record = commit(2, added=files)
    state = replayed(None, [created(), record])
    assert state
    encoded = codec.encode_record(record), codec.encode_state(state)
    assert [document(data)["format"] for data in encoded] == [expected, expected]
    assert (codec.decode_record(encoded[0]), codec.decode_state(encoded[1])) == (record, state)


@pytest.mark.parametrize(
    ("vector", "expected"),
    [(STORED.deletes, 1), (FEW_DEAD.deletes, 2), (SOME_MORE_DEAD.deletes, 2)],
    ids=["object", "positions", "both"],
)
def test_so_have_records_that_delete_rows_of_files_that_stay(vector: DeletionVector, expected: int) -> None:
    record = commit(2, deletes={"data/a.parquet": vector})
    data = table_log_codec().encode_record(record)
    assert document(data)["format"] == expected
    assert table_log_codec().decode_record(data) == record


def test_records_of_older_versions_lack_the_new_fields() -> None:
    body = document(table_log_codec().encode_record(commit(2, added=(STORED,))))
    for file in body["body"]["change"]["added"]:
        del file["content"], file["deletes"]["positions"]
    found = table_log_codec().decode_record(json.dumps(body).encode())
    assert found.change.added == (STORED,)
    assert (STORED.stored, STORED.deletes and STORED.deletes.stored) == (True, True)


@pytest.mark.parametrize("found", [3, 99])
def test_newer_formats_are_refused(found: int) -> None:
    with pytest.raises(TooNew, match="known up to 2"):
        table_log_codec().decode_record(f'{{"format":{found},"body":{{}}}}'.encode())


def test_other_logs_have_one_format() -> None:
    with pytest.raises(TooNew, match="known up to 1"):
        registry_log_codec().decode_record(b'{"format":2,"body":{}}')
