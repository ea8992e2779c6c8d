"""Bearer tokens over HTTP: the superuser's token, stored tokens and JWTs."""

from __future__ import annotations

from typing import Any

import httpx
import pyarrow as pa
import pytest

from supertable import Lake
from tests.servers.jwks import AUDIENCE, ISSUER, token
from tests.support.api.server import TOKEN, ApiServer

SECRET = "a secret of the tests, with more than 32 characters"
TABLES = "/api/v1/supertables/main/tables"


@pytest.fixture(autouse=True)
def _settings(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ISSUER", ISSUER), ("AUDIENCE", AUDIENCE), ("SECRET", SECRET)):
        monkeypatch.setenv(f"SUPERTABLE_JWT_{name}", value)


@pytest.fixture
def stored(lake: Lake) -> str:
    """The token of ann, a reader of `orders` by default; she may also act as a writer of all tables."""
    for name in ("orders", "people"):
        lake.create_table(name, pa.schema({"id": pa.int64()}))
    lake.roles.create("reader", "reader", "orders")
    lake.roles.create("writer", "writer", "*")
    lake.users.create("ann", ["reader", "writer"])
    return lake.tokens.create("tests", "ann").secret


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def test_each_credential_has_the_access_of_its_role(server: ApiServer, stored: str) -> None:
    jwt = token(SECRET, "HS256", sub="eve", role=["reader", "writer"])
    for credential, seen in ((TOKEN, ["orders", "people"]), (stored, ["orders"]), (jwt, ["orders"])):
        with server.client(credential) as client:
            assert names(client.get(TABLES)) == seen
        with server.client(credential, role="WRITER") as client:
            assert names(client.get(TABLES)) == ["orders", "people"]


def test_a_role_that_the_user_lacks_is_refused(server: ApiServer, stored: str) -> None:
    for credential in (stored, token(SECRET, "HS256", sub="eve")):
        for role in ("superadmin", "nothing"):
            with server.client(credential, role=role) as client:
                answer = client.get(TABLES)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/access-denied")
        with server.client(credential, role="reader, writer") as client:
            assert client.get(TABLES).status_code == 400


def test_invalid_credentials_get_the_same_response(server: ApiServer, stored: str, lake: Lake) -> None:
    revoked = lake.tokens.create("revoked", "ann")
    lake.tokens.revoke(revoked.info.id)
    wrong = [revoked.secret, stored[:-1], stored + "x", "x", "st_", "a.b.c", "é" * 20, "\xff\xfe", "x" * 17_000]
    wrong += [token(SECRET, "HS256", exp=1), token(SECRET + "x", "HS256"), token(SECRET, "HS256", aud="x")]
    details = set()
    with server.client(None) as client:
        for credential in wrong:
            answer = client.get(TABLES, headers={b"Authorization": b"Bearer " + credential.encode("latin-1")})
            assert answer.status_code == 401, credential[:50]
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert len(credential) < 20 or credential not in answer.text
            details.add(answer.json()["detail"])
    assert len(details) == 1


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Basic {}", "{}", "Bearer: {}", "Bearer {} {}", "Token {}", "Bearer {},x"],
)
def test_only_bearer_tokens_are_accepted(server: ApiServer, stored: str, authorization: str) -> None:
    with server.client(None) as client:
        answer = client.get(TABLES, headers={"Authorization": authorization.format(stored, stored)})
        assert answer.status_code == 401
        assert client.get(TABLES, params={"token": stored, "access_token": stored}).status_code == 401
        assert client.get(TABLES, headers={"Authorization": f"bearer {stored}"}).status_code == 200


def test_a_token_is_valid_only_in_its_organization(server: ApiServer, stored: str) -> None:
    elsewhere = {"X-Supertable-Organization": "other"}
    with server.client(stored) as client:
        assert client.get(TABLES, headers=elsewhere).status_code == 401
        assert names(client.get(TABLES, headers={"X-Supertable-Organization": "DEFAULT"})) == ["orders"]
        for name in ("../default", "default/-", "a b"):
            assert client.get(TABLES, headers={"X-Supertable-Organization": name}).status_code == 400
    with server.client(token(SECRET, "HS256", sub="eve")) as client:
        assert client.get(TABLES, headers=elsewhere).status_code == 401
    with server.client() as client:
        assert names(client.get(TABLES, headers=elsewhere)) == []


def test_a_revoked_token_is_refused_at_once(server: ApiServer, stored: str, lake: Lake) -> None:
    with server.client(stored) as client:
        assert client.get(TABLES).status_code == 200
        lake.tokens.revoke(lake.tokens.list("ann")[0].id)
        assert client.get(TABLES).status_code == 401
