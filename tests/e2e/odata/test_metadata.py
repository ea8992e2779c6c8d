"""`$metadata` and the service document: valid by OASIS' schemas, and made from what the caller's role sees."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from jsonschema_rs import validator_for
from lxml import etree

import supertable
from supertable import Lake
from tests.support.api.actors import create_token
from tests.support.api.server import ApiServer

_SCHEMAS = Path(__file__).parents[2] / "servers" / "node_modules" / "odata-csdl" / "schemas"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_KINDS = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("b", pa.bool_()),
        ("i8", pa.int8()),
        ("i16", pa.int16()),
        ("u8", pa.uint8()),
        ("u16", pa.uint16()),
        ("u32", pa.uint32()),
        ("u64", pa.uint64()),
        ("f16", pa.float16()),
        ("f32", pa.float32()),
        ("f64", pa.float64()),
        ("dec", pa.decimal128(12, 3)),
        ("s", pa.string()),
        ("bin", pa.binary()),
        ("d", pa.date32()),
        ("t", pa.time64("us")),
        ("naive", pa.timestamp("us")),
        ("zoned", pa.timestamp("ms", "UTC")),
        ("place", pa.struct([("city", pa.string()), ("at", pa.struct([("lat", pa.float64())]))])),
        ("tags", pa.list_(pa.string())),
        ("places", pa.list_(pa.struct([("city", pa.string())]))),
        ("map", pa.map_(pa.string(), pa.int64())),
        ("grid", pa.list_(pa.list_(pa.int64()))),
        ("a b", pa.int32()),
        ("a-b", pa.int32()),
        ("null", pa.int32()),
        ("1st", pa.int32()),
    ]
)
_TYPES = {
    "b": "Edm.Boolean",
    "i8": "Edm.SByte",
    "i16": "Edm.Int16",
    "u8": "Edm.Byte",
    "u16": "Edm.Int32",
    "u32": "Edm.Int64",
    "u64": "Edm.Decimal",
    "f16": "Edm.Single",
    "f32": "Edm.Single",
    "f64": "Edm.Double",
    "dec": "Edm.Decimal",
    "bin": "Edm.Binary",
    "d": "Edm.Date",
    "t": "Edm.TimeOfDay",
    "naive": "Edm.DateTimeOffset",
    "zoned": "Edm.DateTimeOffset",
    "place": "SuperTable.main.structs.kinds.place",
    "tags": "Collection(Edm.String)",
    "places": "Collection(SuperTable.main.structs.kinds.places)",
    "map": "Edm.String",
    "grid": "Edm.String",
    "a_b": "Edm.Int32",
    "a_b_2": "Edm.Int32",
    "null_": "Edm.Int32",
    "_1st": "Edm.Int32",
}


def _xml(odata: httpx.Client, **headers: str) -> Any:
    answer = odata.get("$metadata", headers=headers)
    assert answer.headers["content-type"] == "application/xml;charset=utf-8"
    return etree.fromstring(answer.content)


def _require_valid(document: Any) -> None:
    """The schemas of OASIS, and what these do not check: each type and term of ours is defined."""
    for name, part in (("edmx.xsd", document), ("edm.xsd", None)):
        schema = etree.XMLSchema(etree.parse(_SCHEMAS / name))
        for each in [part] if part is not None else document.iter(f"{EDM}Schema"):
            schema.assertValid(each)
    defined = {
        f"{schema.get('Namespace')}.{each.get('Name')}" for schema in document.iter(f"{EDM}Schema") for each in schema
    }
    used = {each.get("Type") or each.get("EntityType") for each in document.iter(f"{EDM}Property", f"{EDM}EntitySet")}
    used = {name.removeprefix("Collection(").removesuffix(")") for name in used}
    terms = {each.get("Term") for each in document.iter(f"{EDM}Annotation")}
    assert {name for name in used if not name.startswith("Edm.")} <= defined
    assert {name for name in terms if not name.startswith(("Core.", "Capabilities."))} <= defined


def test_every_type_has_its_documented_type_and_the_document_is_valid(lake: Lake, odata: httpx.Client) -> None:
    lake.create_table("kinds", _KINDS, keys=["id"], comment="All <kinds> & more")
    lake.write("without_keys", pa.table({"row_id": [1], "x": ["a"]}))
    lake.sql("CREATE VIEW seen AS SELECT id, s FROM kinds")
    document = _xml(odata)
    _require_valid(document)
    kinds = document.find(f".//{EDM}EntityType[@Name='kinds']")
    found = {each.get("Name"): each for each in kinds.iter(f"{EDM}Property")}
    assert {name: found[name].get("Type") for name in _TYPES} == _TYPES
    assert found["dec"].get("Precision"), found["dec"].get("Scale") == ("12", "3")
    assert (found["u64"].get("Precision"), found["zoned"].get("Precision")) == ("20", "3")
    assert (found["id"].get("Nullable"), found["s"].get("Nullable")) == ("false", None)
    real = {each.getparent().get("Name"): each.get("String") for each in kinds.iter(f"{EDM}Annotation")}
    assert {"a_b": "a b", "a_b_2": "a-b", "null_": "null", "_1st": "1st"}.items() <= real.items()
    assert real["kinds"] == "All <kinds> & more"
    keys = {
        each.get("Name"): [ref.get("Name") for ref in each.iter(f"{EDM}PropertyRef")]
        for each in document.iter(f"{EDM}EntityType")
    }
    assert keys == {"kinds": ["id"], "seen": ["row_id"], "without_keys": ["row_id_2"]}


def test_the_json_form_says_the_same_as_the_xml_form(lake: Lake, odata: httpx.Client) -> None:
    lake.create_table("kinds", _KINDS, keys=["id"], comment="All kinds")
    answer = odata.get("$metadata", headers={"Accept": "application/json"})
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == odata.get("$metadata?$format=json").json()
    simple = re.sub(r"(_\|)?\\\\p\{L\}[^)]*", "[A-Za-z0-9_]", (_SCHEMAS / "csdl.schema.json").read_text())
    validator_for(json.loads(simple)).validate(answer.json())
    kinds = answer.json()["SuperTable.main"]["kinds"]
    element = _xml(odata).find(f".//{EDM}EntityType[@Name='kinds']")
    for each in element.iter(f"{EDM}Property"):
        said = kinds[each.get("Name")]
        name = said.get("$Type", "Edm.String")
        assert each.get("Type") == (f"Collection({name})" if said.get("$Collection") else name)
        assert (each.get("Nullable") is None) == said.get("$Nullable", False)
    assert kinds["$Key"] == ["id"]


def test_a_role_sees_the_metadata_of_what_it_may_read(lake: Lake, server: ApiServer) -> None:
    rows = pa.table({"id": [1, 2], "name": ["a", "b"], "salary": [1.5, 2.5]})
    lake.write("staff", rows, keys=["id"])
    lake.write("secrets", rows, keys=["id"])
    lake.roles.create("narrow", "reader")
    lake.roles.grant("narrow", "staff", columns=["name"])
    token = create_token(lake, "ann", "narrow")
    with server.client(token) as client:
        assert [each["name"] for each in client.get("/odata/").json()["value"]] == ["staff"]
        text = client.get("/odata/$metadata").text
        assert not [name for name in ("salary", "secrets", '"id"') if name in text]
        document = etree.fromstring(text.encode())
        _require_valid(document)
        assert [each.get("Name") for each in document.iter(f"{EDM}PropertyRef")] == ["row_id"]
        assert client.get("/odata/other/").json() == {
            "error": {"code": "not-found", "message": "There is no entity set 'other' in main."}
        }


def test_documents_have_tags_and_the_same_one_is_not_sent_twice(lake: Lake, odata: httpx.Client) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    for path in ("$metadata", ""):
        first = odata.get(path)
        again = odata.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        lake.write(f"other{len(path)}", pa.table({"id": [1]}), keys=["id"])
        assert odata.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


def test_supertables_have_services_of_their_own(lake: Lake, home: Path, odata: httpx.Client) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    with supertable.connect(home, supertable="sales") as sales:
        sales.write("orders", pa.table({"id": [1]}), keys=["id"])
    answer = odata.get("sales/")
    assert answer.json()["@odata.context"] == f"{odata.base_url}sales/$metadata"
    assert [each["url"] for each in answer.json()["value"]] == ["orders"]
    assert (
        json.loads(odata.get("sales/$metadata?$format=json").text)["$EntityContainer"] == "SuperTable.sales.Container"
    )
    assert odata.get("main").json()["value"] == odata.get("").json()["value"]
