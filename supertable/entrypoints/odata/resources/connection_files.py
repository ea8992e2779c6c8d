"""Files that open Power BI or Excel, connected to a supertable: `connection.pbids` and `connection.odc`.

They have no credentials: the program asks for these. The first has the documented form of Power BI; the second has the
form in which Excel exports a query of Power Query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import msgspec

from supertable.entrypoints.odata.answers.answer import Document
from supertable.entrypoints.odata.model.entity_types import EntityType

_LIST = "Entity sets"
"""The name of the query that lists the entity sets."""
_QUERY = (
    '<Query Name="{name}"><Formula><![CDATA[{formula}]]></Formula><IsParameterQuery xsi:nil="true"/>'
    '<IsDirectQuery xsi:nil="true"/></Query>'
)
_MASHUP = (
    '<Mashup xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns="http://schemas.microsoft.com/DataMashup"><Client>EXCEL</Client><Version>2.60.5169.3201</Version>'
    "<MinVersion>2.21.0.0</MinVersion><Culture>en-US</Culture><SafeCombine>true</SafeCombine><Items>{queries}</Items>"
    "</Mashup>"
)
_ODC = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40">
<head>
<meta http-equiv="Content-Type" content="text/x-ms-odc; charset=utf-8">
<meta name="ProgId" content="ODC.Database">
<meta name="SourceType" content="OLEDB">
<title>{title}</title>
<xml id="msodc"><odc:OfficeDataConnection xmlns:odc="urn:schemas-microsoft-com:office:odc">
<odc:PowerQueryConnection odc:Type="OLEDB">
<odc:ConnectionString>Provider=Microsoft.Mashup.OleDb.1;Data Source=$Workbook$;Location="{name}"</odc:ConnectionString>
<odc:CommandType>SQL</odc:CommandType>
<odc:CommandText>SELECT * FROM [{name}]</odc:CommandText>
</odc:PowerQueryConnection>
<odc:PowerQueryMashupData>{mashup}</odc:PowerQueryMashupData>
</odc:OfficeDataConnection></xml>
</head>
</html>
"""


def pbids(root: str, supertable: str, entities: Sequence[EntityType]) -> Document:
    """For Power BI Desktop. `root`: the address of the supertable."""
    del entities
    details = {"protocol": "odata", "address": {"url": root}}
    body = msgspec.json.encode({"version": "0.1", "connections": [{"details": details, "mode": "Import"}]})
    return _download(body, "application/json", f"{supertable}.pbids")


def odc(root: str, supertable: str, entities: Sequence[EntityType]) -> Document:
    """For Excel: a query for each entity set, of which the first is loaded."""
    source = f'OData.Feed("{root}", null, [Implementation="2.0"])'
    formulas = {
        each.name: f'let Source = {source}, Rows = Source{{[Name="{each.name}"]}}[Data] in Rows' for each in entities
    }
    formulas = formulas or {_LIST: source}
    queries = "".join(_QUERY.format(name=escape(name), formula=text) for name, text in formulas.items())
    mashup = escape(_MASHUP.format(queries=queries))
    body = _ODC.format(title=escape(f"SuperTable {supertable}"), name=escape(next(iter(formulas))), mashup=mashup)
    return _download(body.encode(), "text/x-ms-odc;charset=utf-8", f"{supertable}.odc")


def _download(body: bytes, content_type: str, name: str) -> Document:
    return Document(body, content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


FILES: dict[str, Callable[[str, str, Sequence[EntityType]], Document]] = {
    "connection.pbids": pbids,
    "connection.odc": odc,
}
"""By the last segment of their address."""
