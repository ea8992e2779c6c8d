"""The OpenAPI description of each resource is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest


@pytest.fixture
def document(api: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/api/v1/openapi.json").json()
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/v1") and method in ("get", "post", "put", "patch", "delete"):
                yield f"{method.upper()} {path}", operation


def test_every_operation_and_parameter_is_described(document: dict[str, Any]) -> None:
    operations = dict(_operations(document))
    assert len(operations) >= 50
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        for parameter in operation.get("parameters", []):
            assert parameter["in"] == "path" or parameter.get("description"), (name, parameter["name"])


OPERATION_IDS = """
changeSchema checkSupertable cloneTable compactTable computeStatistics createRole createStreamTicket
createTable createToken createUser deleteGrant deleteJob deleteQuery deleteRows deleteTag describeJob
describeQuery describeRole describeSchema describeSettings describeSupertable describeTable describeTag
describeToken describeUser describeVersion dropRole dropTable dropUser editRole editSettings editTable
editUser listAudit listChanges listDroppedTables listJobs listRoles listRows listSettings listSupertables
listTables listTags listTokens listTombstones listUsers listVersions listViews maintainSupertable putGrant putTag
readResults restoreVersion revokeToken runQuery streamRows submitQuery undropTable vacuumSupertable
vacuumTable whoAmI writeRows
"""


def test_operations_have_short_ids_that_never_change(document: dict[str, Any]) -> None:
    found = [operation["operationId"] for _, operation in _operations(document)]
    assert len(set(found)) == len(found)
    assert set(found) == set(OPERATION_IDS.split())


def test_fields_with_a_default_are_optional_in_requests_and_present_in_responses(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, required in (("QueryRequest", ["sql"]), ("NewTable", ["columns", "name"]), ("TokenRequest", ["name"])):
        assert schemas[name]["required"] == required
        assert not [field for field in schemas[name]["properties"].values() if "default" in field]
    assert schemas["QueryRequest"]["properties"]["supertable"]["description"].endswith('Default: `"main"`.')
    for name in ("Problem", "TableInfoPage", "HistoryEntry", "RuleInfo"):
        assert schemas[name]["required"] == sorted(schemas[name]["properties"])


ANSWERS = (
    ("/api/v1/query", "post", "QueryAnswer"),
    ("/api/v1/supertables/{supertable}/tables/{table}/changes", "get", "QueryAnswer"),
    ("/api/v1/queries/{query_id}/results", "get", "StoredResultPage"),
)


@pytest.mark.parametrize(("path", "method", "name"), ANSWERS, ids=["query", "changes", "results"])
def test_rows_have_a_schema(document: dict[str, Any], path: str, method: str, name: str) -> None:
    content = document["paths"][path][method]["responses"]["200"]["content"]
    assert content["application/json"]["schema"] == {"$ref": f"#/components/schemas/{name}"}
    assert document["components"]["schemas"][name]["properties"]["columns"]["items"] == {
        "$ref": "#/components/schemas/ResultColumn"
    }
    assert len(content) == 5


def test_every_operation_describes_its_problems(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        problems = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"400", "401", "403", "429", "503"} <= set(problems), name
        for answer in problems.values():
            (content,) = answer["content"].items()
            assert content[0] == "application/problem+json"
            assert content[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content[1]["examples"]


def test_operations_on_named_resources_document_404_and_412(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        if "{table}" in name or "{role}" in name or "{user}" in name or "{token}" in name:
            assert "404" in operation["responses"], name
        if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])):
            assert "412" in operation["responses"], name


def test_schemas_are_described_by_the_docstrings_of_their_classes(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["JobProgress"]["description"].startswith("The progress of a job")
    assert not [name for name, schema in schemas.items() if re.search(r"\bNone\b", schema.get("description", ""))]
    rows = {"RowsPage", "StoredResultPage"}
    pages = [schema for name, schema in schemas.items() if name.endswith("Page") and name not in rows]
    assert len(pages) == 13
    assert all(schema["description"].startswith("A page of a list") for schema in pages)


def test_bodies_have_no_additional_properties(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, operation in _operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        reference = content.get("schema", {}).get("$ref")
        if reference:
            assert schemas[reference.rpartition("/")[2]]["additionalProperties"] is False, name
