"""Versions, formats, sign-in, methods and links: what OData asks of every answer."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.api.actors import create_token
from tests.support.api.server import TOKEN, ApiServer
from tests.support.api.service import ApiService


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({}, "4.0"),
        ({"OData-MaxVersion": "4.0"}, "4.0"),
        ({"OData-Version": "4.0", "OData-MaxVersion": "4.0"}, "4.0"),
        ({"OData-MaxVersion": "4.01"}, "4.01"),
        ({"OData-Version": "4.01"}, "4.01"),
        ({"OData-MaxVersion": "5.0"}, "4.01"),
    ],
    ids=["none", "most-4.0", "both-4.0", "most-4.01", "given-4.01", "newer"],
)
def test_the_version_is_answered_once(odata: httpx.Client, lake: Lake, headers: dict[str, str], version: str) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    answer = odata.get("", headers=headers)
    assert answer.headers.get_list("odata-version") == [version]
    prefix = "odata." if version == "4.0" else ""
    assert f"@{prefix}context" in answer.json()
    assert f"{prefix}metadata=minimal" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"OData-MaxVersion": "3.0"}, 400),
        ({"OData-Version": "3.0"}, 400),
        ({"OData-Version": "5.0"}, 400),
        ({"OData-Version": "x"}, 400),
        ({"Accept": "application/atom+xml"}, 406),
        ({"Accept": "application/json;odata.metadata=strange"}, 406),
        ({"Accept": "application/atom+xml, application/json;q=0.5"}, 200),
        ({"Accept": "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false"}, 200),
        ({"Accept": "application/json;odata=minimalmetadata"}, 200),
        ({"Accept": "*/*"}, 200),
    ],
    ids=["max-3", "3", "5", "no-version", "atom", "strange", "second-choice", "parameters", "old-name", "any"],
)
def test_what_cannot_be_answered_is_refused(
    odata: httpx.Client, lake: Lake, headers: dict[str, str], status: int
) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    answer = odata.get("", headers=headers)
    assert answer.status_code == status
    if status >= 400:
        assert set(answer.json()["error"]) == {"code", "message"}
        assert answer.headers["odata-version"] == "4.0"


def test_format_wins_over_accept(odata: httpx.Client, lake: Lake) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    assert odata.get("?$format=json", headers={"Accept": "application/atom+xml"}).status_code == 200
    assert odata.get("?$format=atom").status_code == 406
    full = odata.get("?$format=application/json;odata.metadata=none")
    assert "@odata.context" not in full.json()


@pytest.mark.parametrize(
    "path", ["?$frmat=json", "?$filter=1 eq 1", "?fliter=x", "?$top=1", "?$format=json&format=json"]
)
def test_options_that_mean_nothing_are_refused(odata: httpx.Client, lake: Lake, path: str) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    assert odata.get(path).status_code == 400
    assert odata.get("?$expand=x").status_code == 501
    assert odata.get("?something=else").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_writing_is_refused(odata: httpx.Client, lake: Lake, method: str) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    for path in ("", "t", "t(1)"):
        answer = odata.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"


def test_head_is_get_without_a_body(odata: httpx.Client, lake: Lake) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    head, get = odata.head("$metadata"), odata.get("$metadata")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]


def test_documents_are_compressed_for_clients_that_accept_it(odata: httpx.Client, lake: Lake) -> None:
    lake.write("t", pa.table({f"column{n}": [n] for n in range(50)}))
    plain = odata.get("$metadata", headers={"Accept-Encoding": "identity"})
    with odata.stream("GET", "$metadata", headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content


def test_every_way_of_signing_in(lake: Lake, server: ApiServer) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    lake.roles.create("other", "reader", ["nothing"])
    lake.roles.create("reader", "reader", ["t"])
    token = create_token(lake, "ann", "reader")
    basic = base64.b64encode(f"whoever:{token}".encode()).decode()
    ways: list[tuple[dict[str, str], str]] = [
        ({"Authorization": f"Basic {basic}"}, ""),
        ({"Authorization": f"Bearer {token}"}, ""),
        ({"X-API-Key": token}, ""),
        ({"api-key": token}, ""),
        ({}, f"?apikey={token}"),
        ({"X-API-Key": token}, "?role=reader"),
    ]
    with server.client(None) as client:
        for headers, query in ways:
            answer = client.get(f"/odata/{query}", headers=headers)
            assert [each["name"] for each in answer.json()["value"]] == ["t"], (headers, query)
            assert token not in answer.text
        for headers, query in [({}, ""), ({"X-API-Key": "st_wrong"}, ""), ({"Authorization": "Basic !"}, "")]:
            answer = client.get(f"/odata/{query}", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="SuperTable", charset="UTF-8"'
        assert client.get("/odata/?role=other", headers={"X-API-Key": token}).status_code == 403


def test_links_have_the_public_address(tmp_path: Path) -> None:
    with supertable.connect(tmp_path / "home") as lake:
        lake.write("t", pa.table({"id": [1]}), keys=["id"])
    service = ApiService(tmp_path / "home", tmp_path, "odata", SUPERTABLE_TRUSTED_PROXIES="127.0.0.0/8")
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "data.example.com", "X-Forwarded-Prefix": "/bi"}
    try:
        with service.client() as client:
            assert client.get("/odata/none?apikey=st_in-the-address").status_code == 404
            plain, behind = client.get("/odata/"), client.get("/odata/", headers=forwarded)
        assert "st_in-the-address" not in service.log()
    finally:
        service.stop()
    assert plain.status_code == behind.status_code == 200, plain.text
    assert plain.json()["@odata.context"] == f"{service.url}/odata/$metadata"
    assert behind.json()["@odata.context"] == "https://data.example.com/bi/odata/$metadata"


def test_forwarded_headers_of_strangers_do_not_count(odata: httpx.Client, lake: Lake) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    answer = odata.get("", headers={"X-Forwarded-Host": "evil.example.com"})
    assert answer.json()["@odata.context"] == f"{odata.base_url}$metadata"
    assert TOKEN not in answer.text
