"""An idempotency key belongs to one user, one operation on one table, and one request. Nobody else can use it."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import owner
from supertable.domain.errors import IdempotencyKeyReused, InvalidInput
from supertable.domain.table.commits import Change, CommitInfo, Operation
from tests.e2e.api.rows.test_ingest_streams import close_code, open_socket, receive
from tests.support.api.actors import create_token
from tests.support.api.server import ApiServer

TABLE = "/api/v1/supertables/main/tables/t"
ROWS = pa.table({"id": pa.array([1], pa.int64()), "v": ["a"]})
OTHERS = pa.table({"id": pa.array([1], pa.int64()), "v": ["b"]})


def arrow(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue()


def parquet(rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()


BODIES: dict[str, tuple[bytes, bytes]] = {
    "application/json": (b'[{"id": 1, "v": "a"}]', b'[{"id": 1, "v": "b"}]'),
    "application/x-ndjson": (b'{"id": 1, "v": "a"}\n', b'{"id": 1, "v": "b"}\n'),
    "text/csv": (b"id,v\n1,a\n", b"id,v\n1,b\n"),
    "text/tab-separated-values": (b"id\tv\n1\ta\n", b"id\tv\n1\tb\n"),
    "application/vnd.apache.parquet": (parquet(ROWS), parquet(OTHERS)),
    "application/vnd.apache.arrow.stream": (arrow(ROWS), arrow(OTHERS)),
}


@pytest.fixture(autouse=True)
def table(lake: Lake) -> None:
    lake.create_table("t", pa.schema([pa.field("id", pa.int64(), nullable=False), ("v", pa.string())]), keys=["id"])


@pytest.fixture
def ann(lake: Lake, server: ApiServer) -> Iterator[httpx.Client]:
    lake.roles.create("writes", "writer", ["t"])
    with server.client(create_token(lake, "ann", "writes")) as client:
        yield client


@pytest.fixture
def bob(lake: Lake, server: ApiServer, ann: httpx.Client) -> Iterator[httpx.Client]:
    with server.client(create_token(lake, "bob", "writes")) as client:
        yield client


def write(client: httpx.Client, body: bytes, kind: str = "application/json", **parameters: str) -> httpx.Response:
    headers = {"Idempotency-Key": "k", "Content-Type": kind}
    if parameters.pop("packed", ""):
        headers["Content-Encoding"], body = "gzip", gzip.compress(body, mtime=0)
    return client.post(f"{TABLE}/rows", content=body, headers=headers, params=parameters)


def delete(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post(f"{TABLE}/deletions", json=body, headers={"Idempotency-Key": "k"})


def assert_refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency-key-reused"), answer.text


def rows(lake: Lake) -> list[tuple[int, str]]:
    found = lake.sql("SELECT id, v FROM t ORDER BY id, v").arrow().to_pylist()
    return [(row["id"], row["v"]) for row in found]


def version(lake: Lake) -> int:
    return lake.table("t").info().version


@pytest.mark.parametrize("packed", ["", "yes"])
@pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
@pytest.mark.parametrize("kind", BODIES)
def test_the_same_request_is_replayed_and_another_body_is_refused(
    ann: httpx.Client, lake: Lake, kind: str, mode: str, packed: str
) -> None:
    same, other = BODIES[kind]
    first = write(ann, same, kind, mode=mode, packed=packed)
    assert (first.status_code, first.json()["replayed"]) == (201, False), first.text
    assert write(ann, same, kind, mode=mode, packed=packed).json() == {**first.json(), "replayed": True}
    assert_refused(write(ann, other, kind, mode=mode, packed=packed))
    assert_refused(write(ann, same, kind, mode=mode, packed=packed, evolve="true"))
    assert (version(lake), rows(lake)) == (2, [(1, "a")])


def test_a_large_body_is_recognised_too(ann: httpx.Client, lake: Lake) -> None:
    body = "".join(f'{{"id": {number}, "v": "{"x" * 100}"}}\n' for number in range(20_000)).encode()
    first = write(ann, body, "application/x-ndjson")
    assert write(ann, body, "application/x-ndjson").json() == {**first.json(), "replayed": True}
    assert_refused(write(ann, body.replace(b"x", b"y", 1), "application/x-ndjson"))
    assert version(lake) == 2


def test_the_key_of_another_user_tells_nothing_and_is_not_spent(
    ann: httpx.Client, bob: httpx.Client, lake: Lake
) -> None:
    """Before, bob got ann's result for her key; and a key that he had spent made her write vanish with a 201."""
    body = BODIES["application/json"][0]
    hers, his = write(ann, body), write(bob, b'[{"id": 2, "v": "his"}]')
    assert (his.status_code, his.json()["replayed"], his.json()["version"]) == (201, False, 3)
    assert rows(lake) == [(1, "a"), (2, "his")]
    assert write(ann, body).json() == {**hers.json(), "replayed": True}


def test_a_key_for_one_operation_is_not_spent_for_another(ann: httpx.Client, lake: Lake) -> None:
    """Before, a delete with the key of an append deleted nothing and answered with the append's result."""
    write(ann, b'[{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]', mode="append")
    deleted = delete(ann, where="id = 1")
    assert (deleted.status_code, deleted.json()["operation"], deleted.json()["rows_deleted"]) == (201, "delete", 1)
    upserted = write(ann, b'[{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]', mode="upsert")
    assert (upserted.json()["operation"], upserted.json()["replayed"]) == ("upsert", False)
    assert rows(lake) == [(1, "a"), (2, "b")]


def test_another_deletion_with_the_same_key_is_refused(ann: httpx.Client, lake: Lake) -> None:
    write(ann, b'[{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]')
    first = delete(ann, where="id = 1", reason="asked for")
    assert delete(ann, where="id = 1", reason="asked for").json() == {**first.json(), "replayed": True}
    others: list[dict[str, Any]] = [
        {"where": "id = 2", "reason": "asked for"},
        {"where": "id = 1"},
        {"where": "id = 1", "reason": "asked for", "properties": {"a": "b"}},
        {"keys": [{"id": 2}], "reason": "asked for"},
    ]
    for other in others:
        assert_refused(delete(ann, **other))
    assert rows(lake) == [(2, "b")]


def test_deletions_by_keys(ann: httpx.Client, lake: Lake) -> None:
    write(ann, b'[{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]')
    first = delete(ann, keys=[{"id": 1}])
    assert delete(ann, keys=[{"id": 1}]).json() == {**first.json(), "replayed": True}
    assert_refused(delete(ann, keys=[{"id": 2}]))
    assert rows(lake) == [(2, "b")]


def test_another_condition_of_an_overwrite_is_refused(ann: httpx.Client, lake: Lake) -> None:
    body = BODIES["application/json"][0]
    assert write(ann, body, mode="overwrite", where="id = 1").status_code == 201
    assert_refused(write(ann, body, mode="overwrite", where="id >= 1"))
    assert_refused(write(ann, body, mode="overwrite"))
    assert version(lake) == 2


def test_another_restore_with_the_same_key_is_refused(api: httpx.Client, lake: Lake) -> None:
    lake.write("t", ROWS)
    key = {"Idempotency-Key": "k"}
    first = api.post(f"{TABLE}/restores", json={"version": 1}, headers=key)
    assert api.post(f"{TABLE}/restores", json={"version": 1}, headers=key).json() == {**first.json(), "replayed": True}
    assert_refused(api.post(f"{TABLE}/restores", json={"version": 2}, headers=key))
    assert version(lake) == 3


def test_authorization_comes_before_replay(ann: httpx.Client, lake: Lake) -> None:
    body = BODIES["application/json"][0]
    write(ann, body)
    deleted = delete(ann, where="id = 9")
    lake.roles.create("reads", "reader", ["t"])
    lake.users.alter("ann", roles=["reads"])
    for answer in (write(ann, body), write(ann, BODIES["text/csv"][0], "text/csv"), delete(ann, where="id = 9")):
        assert answer.status_code == 403
        assert str(deleted.json()["version"]) not in answer.json()["detail"]


def test_a_role_that_no_longer_sees_a_column_gets_no_replay_of_it(ann: httpx.Client, lake: Lake) -> None:
    body = BODIES["application/json"][0]
    first = write(ann, body)
    assert first.status_code == 201
    lake.roles.grant("writes", "t", columns=["id"])
    assert write(ann, body).status_code in (400, 403)


def test_messages_of_a_socket_are_bound_to_their_rows(server: ApiServer, lake: Lake) -> None:
    with open_socket_of_t(server) as client:
        client.send('{"id": 1, "v": "a"}')
        client.send(arrow(ROWS))
        assert [receive(client)["replayed"] for _ in range(2)] == [False, False]
    with open_socket_of_t(server) as client:
        client.send('{"id": 1, "v": "a"}')
        client.send(arrow(OTHERS))
        assert receive(client)["replayed"] is True
        assert receive(client)["error"]["type"] == "/problems/idempotency-key-reused"
        assert close_code(client) == 1008
    assert rows(lake) == [(1, "a")]


def open_socket_of_t(server: ApiServer) -> Any:
    return open_socket(server, "?idempotency_key=feed", path=f"{TABLE}/stream")


def test_the_python_api_binds_keys_to_rows_however_they_are_cut(lake: Lake) -> None:
    many = pa.table({"id": pa.array(range(1000), pa.int64()), "v": [None, "x", ""] * 333 + ["y"]})
    first = lake.write("t", many, idempotency_key="k")
    cut = pa.concat_tables([many.slice(0, 7), many.slice(7, 400), many.slice(407)])
    again = lake.write("t", pa.RecordBatchReader.from_batches(cut.schema, cut.to_batches(13)), idempotency_key="k")
    assert (again.replayed, again.version, again.rows_inserted) == (True, first.version, 1000)
    for other in (
        many.slice(1),
        many.set_column(1, "v", pa.array([None, "", "x"] * 333 + ["y"])),
        pa.concat_tables([many.slice(500), many.slice(0, 500)]),
        many.rename_columns(["id", "V"]),
    ):
        with pytest.raises(IdempotencyKeyReused, match=f"version {first.version}"):
            lake.write("t", other, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        lake.write("t", many, properties={"a": "b"}, idempotency_key="k")
    assert version(lake) == first.version


def test_keys_that_an_older_version_stored_are_refused_and_never_written_twice(lake: Lake, api: httpx.Client) -> None:
    """It stored neither user nor request, so that a repetition cannot be told from another's write."""
    lake.write("t", ROWS)
    opened = lake._container.tables().open(Namespace("default", "main", owner("default")), "t", Permission.WRITE)
    lake._container.committer().commit(opened, lambda _: Change(Operation.APPEND), CommitInfo({}, "k"))
    assert_refused(write(api, BODIES["application/json"][0]))
    assert_refused(write(api, BODIES["text/csv"][0], "text/csv"))
    assert_refused(delete(api, where="id = 1"))
    with pytest.raises(IdempotencyKeyReused, match="older version"):
        lake.write("t", ROWS, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused, match="older version"):
        lake.delete("t", where="true", idempotency_key="k")
    assert (version(lake), rows(lake)) == (3, [(1, "a")])


def test_a_key_that_looks_like_a_stored_scope_is_a_key_of_its_own(lake: Lake) -> None:
    lake.write("t", ROWS, idempotency_key="k")
    opened = lake._container.tables().open(Namespace("default", "main", owner("default")), "t", Permission.READ)
    (scope,) = opened.snapshot.replies
    assert not lake.write("t", OTHERS, mode="upsert", idempotency_key=scope).replayed
    assert not lake.write("t", ROWS, mode="upsert", idempotency_key="append").replayed


@pytest.mark.parametrize("key", [5, b"k", "", "x" * 256, "\ud800", ["k"]])
def test_keys_that_are_not_text_are_refused_before_they_damage_the_log(lake: Lake, key: Any) -> None:
    with pytest.raises(InvalidInput):
        lake.write("t", ROWS, idempotency_key=key)
    with pytest.raises(InvalidInput):
        lake.delete("t", where="true", idempotency_key=key)


@pytest.mark.parametrize("reason", [5, b"r", "\ud800", None])
def test_reasons_that_are_not_text_are_refused_before_they_damage_the_log(lake: Lake, reason: Any) -> None:
    for given in ({"where": "true"}, {"keys": pa.table({"id": pa.array([1], pa.int64())})}):
        with pytest.raises(InvalidInput):
            lake.delete("t", reason=reason, **given)
    assert version(lake) == 1


def test_the_history_shows_the_key_as_it_was_given(lake: Lake, ann: httpx.Client) -> None:
    write(ann, json.dumps([{"id": 1, "v": "a"}]).encode(), mode="overwrite")
    assert lake.table("t").history(1)[0].idempotency_key == "k"
