"""The OpenAPI description, the page that shows it, and the pages of the problem types."""

from __future__ import annotations

import re

import httpx

from supertable.domain import errors
from tests.support.api.server import ApiServer

DOCS = "/api/v1/docs"


def test_the_description_needs_no_token_and_documents_authentication(server: ApiServer) -> None:
    with server.client(token=None) as anonymous:
        description = anonymous.get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert description["security"] == [{"token": []}]
    run = description["paths"]["/api/v1/query"]["post"]
    assert "application/vnd.apache.arrow.stream" in run["responses"]["200"]["content"]
    assert run["responses"]["422"]["content"].keys() == {"application/problem+json"}
    statement = description["components"]["schemas"]["QueryRequest"]["properties"]["sql"]
    assert statement["examples"] == ["SELECT * FROM orders WHERE region = $region"]


def test_the_root_leads_to_the_page(server: ApiServer) -> None:
    with server.client(token=None) as anonymous:
        answer = anonymous.get("/")
        assert (answer.status_code, answer.headers["Location"]) == (302, DOCS)
        assert "text/html" in anonymous.get("/", follow_redirects=True).headers["Content-Type"]


def test_the_page_loads_nothing_from_other_hosts(api: httpx.Client) -> None:
    page = api.get(DOCS)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert not re.search(r"<script>|onload=|style=", page.text)
    for address in needed:
        if address == "data:,":
            continue
        assert address.startswith("/"), address
        answer = api.get(address)
        assert (answer.status_code, bool(answer.content)) == (200, True), address


def test_styles_load_nothing_from_other_hosts(api: httpx.Client) -> None:
    styles = api.get(f"{DOCS}/assets/swagger-ui.css").text
    assert not re.search(r"url\(['\"]?(?!['\"]?data:)|@import", styles)


def test_every_problem_type_has_a_page_with_its_meaning(api: httpx.Client) -> None:
    kinds = {kind["type"]: kind for kind in api.get("/problems").json()}
    raised = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.SupertableError)]
    assert len(kinds) > len(raised)
    assert kinds["/problems/table-not-found"] == api.get("/problems/table-not-found").json()
    assert kinds["/problems/table-not-found"]["status"] == 404
    assert all(kind["meaning"] for kind in kinds.values())
    assert api.get("/problems/nothing").status_code == 404
