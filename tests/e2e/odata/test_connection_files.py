"""The files that open Power BI and Excel."""

from __future__ import annotations

import html
import re

import httpx
import pyarrow as pa
from lxml import etree

from supertable import Lake
from tests.support.api.server import TOKEN


def test_the_file_for_power_bi(lake: Lake, odata: httpx.Client) -> None:
    lake.write("t", pa.table({"id": [1]}), keys=["id"])
    answer = odata.get("main/connection.pbids")
    assert answer.headers["content-disposition"] == 'attachment; filename="main.pbids"'
    (connection,) = answer.json()["connections"]
    assert connection["details"] == {"protocol": "odata", "address": {"url": f"{odata.base_url}main/"}}
    assert TOKEN not in answer.text
    assert odata.get(connection["details"]["address"]["url"]).status_code == 200


def test_the_file_for_excel_has_a_query_for_each_entity_set(lake: Lake, odata: httpx.Client) -> None:
    lake.write("orders", pa.table({"id": [1]}), keys=["id"])
    lake.write("people", pa.table({"id": [1]}), keys=["id"])
    answer = odata.get("connection.odc")
    assert answer.headers["content-type"].startswith("text/x-ms-odc")
    assert TOKEN not in answer.text
    found = re.search("<odc:PowerQueryMashupData>(.*)</odc:PowerQueryMashupData>", answer.text)
    assert found is not None
    mashup = etree.fromstring(html.unescape(found[1]).encode())
    formulas = {each.get("Name"): each[0].text for each in mashup.iter("{*}Query")}
    assert list(formulas) == ["orders", "people"]
    assert f'OData.Feed("{odata.base_url}"' in formulas["people"]
    assert '[Name="people"]' in formulas["people"]
