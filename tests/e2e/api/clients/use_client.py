"""A program over the generated Python client: sign in, create a table, write, query, page, handle an error."""

from __future__ import annotations

import sys

from supertable_client import AuthenticatedClient
from supertable_client.api.queries import run_query
from supertable_client.api.reading import list_rows
from supertable_client.api.rows import write_rows
from supertable_client.api.service import who_am_i
from supertable_client.api.tables import create_table, list_tables
from supertable_client.models import (
    Identity,
    NewColumn,
    NewTable,
    Problem,
    QueryAnswer,
    QueryRequest,
    RowsPage,
    TableDescription,
    TableInfoPage,
    WriteAnswer,
    WriteMode,
    WriteRowsJsonBodyItem,
)
from supertable_client.types import UNSET, Unset


def use(client: AuthenticatedClient) -> list[str]:
    """What was done, in words."""
    me = who_am_i.sync(client=client)
    assert isinstance(me, Identity)
    columns = [NewColumn(name="id", type_="int64", nullable=False), NewColumn(name="region", type_="string")]
    table = create_table.sync("main", client=client, body=NewTable(name="orders", columns=columns, keys=["id"]))
    assert isinstance(table, TableDescription)

    rows = [WriteRowsJsonBodyItem.from_dict({"id": number, "region": "north"}) for number in range(5)]
    written = write_rows.sync("main", "orders", client=client, body=rows, mode=WriteMode.UPSERT)
    assert isinstance(written, WriteAnswer)

    counted: list[str] = []
    for engine in ("lite", "pro"):
        wanted = QueryRequest.from_dict(
            {"sql": "SELECT count(*) AS n FROM orders WHERE id < $1", "parameters": [3], "engine": engine}
        )
        answer = run_query.sync(client=client, body=wanted)
        assert isinstance(answer, QueryAnswer)
        counted.append(f"{answer.columns[0].type_} {answer.rows[0]['n']} {answer.engine}")

    ids: list[int] = []
    cursor: str | Unset = UNSET
    while True:
        page = list_rows.sync("main", "orders", client=client, limit=2, cursor=cursor)
        assert isinstance(page, RowsPage)
        ids += [row["id"] for row in page.rows]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor

    tables = list_tables.sync("main", client=client)
    assert isinstance(tables, TableInfoPage)
    problem = run_query.sync(client=client, body=QueryRequest(sql="SELECT * FROM nothing"))
    assert isinstance(problem, Problem)
    return [
        me.role,
        f"version {written.version}",
        *counted,
        ",".join(map(str, ids)),
        ",".join(info.name for info in tables.items),
        f"{problem.status} {problem.type_}",
    ]


print("\n".join(use(AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2]))))
