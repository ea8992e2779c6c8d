"""Bodies that unpack to much more than their size: refused before they take the memory, in every format."""

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from tests.e2e.api.rows.test_ingest_streams import close_code, open_socket, receive
from tests.support.api.server import ApiServer

TABLE = "/api/v1/supertables/main/tables/t"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
LONG = "x" * 500_000
SCHEMA = pa.schema([("n", pa.int64()), ("v", pa.string()), ("l", pa.list_(pa.string()))])
_MOST_EXTRA_MIB = 1_000


@pytest.fixture(autouse=True)
def table(lake: Lake) -> None:
    lake.create_table("t", SCHEMA)


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    """The largest memory of this process grows by less than the limit; each body would take several times as much."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _MOST_EXTRA_MIB * 1024


def parquet(rows: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink, **options)
    return sink.getvalue()


def arrow(rows: pa.Table, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(rows)
    return sink.getvalue()


def repeated(count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([LONG]))


def zeros(count: int) -> pa.Table:
    return pa.table({"n": np.zeros(count, np.int64)})


def without_schema(rows: pa.Table) -> bytes:
    return parquet(rows, store_schema=False)


def lying_footer(data: bytes) -> bytes:
    """The same file, whose footer says that every column is small when unpacked."""
    metadata = pq.read_metadata(io.BytesIO(data))
    size = metadata.row_group(0).column(0).total_uncompressed_size
    lying = data.replace(_varint(2 * size), _same_length(size))
    assert pq.read_metadata(io.BytesIO(lying)).row_group(0).column(0).total_uncompressed_size == 1
    return lying


def _same_length(size: int) -> bytes:
    """A small number in as many bytes as the varint of `size` takes."""
    length = len(_varint(2 * size))
    return bytes([0x82] + [0x80] * (length - 2) + [0x00])


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def views(count: int) -> pa.Array:
    """`count` views of the same long text."""
    view = struct.pack("<i4sii", len(LONG), b"xxxx", 0, 0)
    buffers = [None, pa.py_buffer(view * count), pa.py_buffer(LONG.encode())]
    return pa.Array.from_buffers(pa.string_view(), count, buffers)


LISTS = pa.table({"l": pa.ListArray.from_arrays([0, 100_000, 200_000], repeated(200_000))})
TEXTS = pa.table({"v": repeated(200_000)})
BOMBS = {
    "numbers in runs": lambda: (PARQUET, parquet(zeros(50_000_000))),
    "plain numbers, compressed": lambda: (
        PARQUET,
        parquet(zeros(50_000_000), use_dictionary=False, compression="zstd", data_page_size=2**28),
    ),
    "a lying footer": lambda: (
        PARQUET,
        lying_footer(parquet(zeros(50_000_000), use_dictionary=False, compression="zstd")),
    ),
    "one long text": lambda: (PARQUET, parquet(TEXTS)),
    "one long text, without Arrow's schema": lambda: (PARQUET, without_schema(TEXTS)),
    "lists of one long text": lambda: (PARQUET, without_schema(LISTS)),
    "nulls": lambda: (PARQUET, parquet(pa.table({"v": pa.nulls(30_000_000, pa.string())}))),
    "Arrow, compressed": lambda: (ARROW, arrow(zeros(200_000_000), "zstd")),
    "Arrow, a dictionary": lambda: (ARROW, arrow(TEXTS, "zstd")),
    "Arrow, a plain dictionary": lambda: (ARROW, arrow(TEXTS)),
    "Arrow, lists of a dictionary": lambda: (ARROW, arrow(LISTS)),
    "Arrow, views": lambda: (ARROW, arrow(pa.table({"v": views(200_000)}))),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bodies_that_unpack_to_too_much_are_refused(api: httpx.Client, lake: Lake, bomb: str) -> None:
    kind, body = BOMBS[bomb]()
    answer = api.post(f"{TABLE}/rows", content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unreadable-input"), answer.text
    assert "unpack" in answer.json()["detail"], answer.text
    assert lake.table("t").info().rows == 0


def test_messages_of_a_socket_that_unpack_to_too_much_are_refused(server: ApiServer, lake: Lake) -> None:
    bombs = [arrow(zeros(100_000_000), "zstd"), arrow(pa.table({"v": repeated(100_000)}), "zstd")]
    for message in bombs:
        assert len(message) < 8 * 1024 * 1024
        with open_socket(server, path=f"{TABLE}/stream") as client:
            client.send(message)
            assert receive(client)["error"]["type"] == "/problems/unreadable-input"
            assert close_code(client) == 1007
    assert lake.table("t").info().rows == 0


def test_streams_that_unpack_to_too_much_are_refused(api: httpx.Client, lake: Lake) -> None:
    for body in (arrow(zeros(100_000_000), "zstd"), arrow(pa.table({"v": repeated(100_000)}))):
        answer = api.post(f"{TABLE}/stream", content=body, headers={"Content-Type": ARROW})
        assert b"unreadable-input" in answer.content.splitlines()[-1]
    assert lake.table("t").info().rows == 0


def test_ordinary_files_are_read_exactly(api: httpx.Client, lake: Lake) -> None:
    rows = pa.table(
        {
            "n": list(range(20_000)),
            "v": [None if n % 7 == 0 else f"value {n % 100}" for n in range(20_000)],
            "l": [None if n % 11 == 0 else [f"{n % 5}", None] * (n % 3) for n in range(20_000)],
        },
        SCHEMA,
    )
    encoded = rows.set_column(1, "v", rows["v"].dictionary_encode())
    viewed = rows.set_column(1, "v", rows["v"].cast(pa.string_view()))
    bodies = [(PARQUET, parquet(rows, compression=name)) for name in ("none", "snappy", "gzip", "zstd", "lz4")]
    bodies += [(PARQUET, parquet(rows, data_page_version="2.0")), (PARQUET, parquet(rows, use_dictionary=False))]
    bodies += [(PARQUET, parquet(encoded)), (PARQUET, parquet(rows, row_group_size=999, data_page_size=100))]
    bodies += [(PARQUET, parquet(rows, write_page_index=True, write_page_checksum=True))]
    bodies += [
        (ARROW, arrow(rows)),
        (ARROW, arrow(rows, "zstd")),
        (ARROW, arrow(encoded, "lz4")),
        (ARROW, arrow(viewed)),
    ]
    for kind, body in bodies:
        answer = api.post(f"{TABLE}/rows?mode=overwrite", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 201, answer.text
        assert lake.sql("SELECT * FROM t ORDER BY n").arrow().to_pydict() == rows.to_pydict()


@pytest.mark.parametrize("position", range(4, 200, 3))
def test_damaged_pages_and_messages_are_reported_and_nothing_else(api: httpx.Client, position: int) -> None:
    rows = pa.table({"n": list(range(100)), "v": ["x"] * 100})
    for kind, body in ((PARQUET, parquet(rows)), (ARROW, arrow(rows, "zstd"))):
        damaged = body[:position] + struct.pack("<q", -(2**62)) + body[position + 8 :]
        answer = api.post(f"{TABLE}/rows", content=damaged, headers={"Content-Type": kind})
        assert answer.status_code in (201, 400), answer.text


def test_the_command_line_has_the_same_limits(lake: Lake, home: Path) -> None:
    from supertable.application.ports.readers import ReadOptions
    from supertable.domain.errors import UnreadableInput

    path = home / "bomb.parquet"
    path.write_bytes(parquet(TEXTS))
    reader = lake._container.file_reader()
    with reader.open([str(path)], ReadOptions(max_unpacked_bytes=10**9)) as opened, pytest.raises(UnreadableInput):
        for _ in opened.reader:
            pass


def test_damaged_footers_never_end_the_process(tmp_path: Path) -> None:
    """PyArrow's objects for columns do on some. A child reads them, since an end could not be caught here."""
    program = (
        "import io, random, sys\n"
        "import pyarrow as pa, pyarrow.parquet as pq\n"
        "from supertable.adapters.readers.files import FileReaderAdapter\n"
        "from supertable.application.ports.readers import ReadOptions\n"
        "from supertable.domain.errors import UnreadableInput\n"
        "chance = random.Random(1)\n"
        "sink = io.BytesIO()\n"
        "pq.write_table(pa.table({'n': [1, 2] * 99, 'l': [['x', None], None] * 99}), sink)\n"
        "whole, path = sink.getvalue(), sys.argv[1] + '/x.parquet'\n"
        "for _ in range(1500):\n"
        "    damaged = bytearray(whole)\n"
        "    for _ in range(chance.randrange(1, 4)):\n"
        "        damaged[chance.randrange(4, len(whole) - 8)] = chance.randrange(256)\n"
        "    open(path, 'wb').write(damaged)\n"
        "    try:\n"
        "        with FileReaderAdapter().open([path], ReadOptions(format='parquet')) as opened:\n"
        "            opened.reader.read_all()\n"
        "    except UnreadableInput:\n"
        "        pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_column_names_that_are_no_text_are_refused(api: httpx.Client, server: ApiServer) -> None:
    body = arrow(pa.table({"abcd": [1]})).replace(b"abcd", b"\xff\xfe\xfd\xfc")
    answer = api.post(f"{TABLE}/rows", content=body, headers={"Content-Type": ARROW})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unreadable-input"), answer.text
    streamed = api.post(f"{TABLE}/stream", content=body, headers={"Content-Type": ARROW})
    assert b"unreadable-input" in streamed.content.splitlines()[-1]
    with open_socket(server, path=f"{TABLE}/stream") as client:
        client.send(body)
        assert receive(client)["error"]["type"] == "/problems/unreadable-input"
