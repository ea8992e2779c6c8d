"""Tables with a history: dead rows, evolved columns, versions, changes. The model is the history in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.conformance.cases import Expected, Histories, models
from tests.support.oracles.table_history import Row


def rows(histories: Histories, table: str, version: int | None = None) -> list[Row]:
    """The rows of a version, by id; None: the newest."""
    history = histories[table]
    return sorted(history.at(version or len(history.versions)).to_pylist(), key=lambda row: row["id"])


def picked(table: str, names: str, holds: Callable[[Row], Any] = lambda row: True, version: int | None = None) -> Any:
    """The model of `SELECT names FROM table WHERE holds ORDER BY id`."""

    def found(histories: Histories) -> Expected:
        some = (row for row in rows(histories, table, version) if holds(row))
        return [tuple(row[name] for name in names.split()) for row in some]

    return found


def _versions() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for version in range(1, 11):
        found += [
            (f"select * from ledger at (version => {version}) order by id",
             picked("ledger", "id account n day", version=version)),
            (f"select count(*), count(n), sum(n)::bigint from ledger at (version => {version})", _totals_at(version)),
        ]  # fmt: skip
    for version in range(2, 13):
        size = "size" if version < 3 else "extent"
        found.append(
            (f"select id, {size}, cost from evolved at (version => {version}) where {size} is not null order by id",
             picked("evolved", f"id {size} cost", _is_known(size), version))
        )  # fmt: skip
    return found


def _is_known(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name] is not None


def _totals(some: list[Row]) -> Expected:
    known = [row["n"] for row in some if row["n"] is not None]
    return [(len(some), len(known), sum(known) if known else None)]


def _totals_at(version: int) -> Callable[[Histories], Expected]:
    return lambda histories: _totals(rows(histories, "ledger", version))


def _changed(table: str, names: str, after: int) -> Callable[[Histories], Expected]:
    def found(histories: Histories) -> Expected:
        some = histories[table].changes(after).to_pylist()
        return sorted(tuple(row[name] for name in names.split()) for row in some)

    return found


def _counted(table: str, after: int) -> Callable[[Histories], Expected]:
    def found(histories: Histories) -> Expected:
        some = Counter((row["_version"], row["_change"]) for row in histories[table].changes(after).to_pylist())
        return sorted((*key, count) for key, count in some.items())

    return found


_DEAD: list[tuple[str, Any]] = [
    ("select * from ledger order by id", picked("ledger", "id account n day")),
    ("select id from ledger where account is null order by id",
     picked("ledger", "id", lambda row: row["account"] is None)),
    ("select id, n from ledger where n > 1000 order by id",
     picked("ledger", "id n", lambda row: row["n"] is not None and row["n"] > 1000)),
    ("select id from ledger where id in (4, 17, 18, 30) order by id",
     picked("ledger", "id", lambda row: row["id"] in (4, 17, 18, 30))),
    ("select * from ledger where id = 18", lambda h: []),
    ("select * from ledger where id = 7", picked("ledger", "id account n day", lambda row: row["id"] == 7)),
    ("select count(*), count(n), sum(n)::bigint from ledger", lambda h: _totals(rows(h, "ledger"))),
    ("select min(id), max(id), min(n), max(n), min(day), max(day) from ledger", lambda h: [tuple(
        pick(row[name] for row in rows(h, "ledger") if row[name] is not None)
        for name in ("id", "n", "day") for pick in (min, max))]),
    ("select account, count(*) from ledger group by account order by account nulls last", lambda h: sorted(
        Counter(row["account"] for row in rows(h, "ledger")).items(), key=lambda item: (item[0] is None, item[0]))),
    ("select count(distinct account), count(distinct n) from ledger", lambda h: [tuple(
        len({row[name] for row in rows(h, "ledger")} - {None}) for name in ("account", "n"))]),
    ("select id from ledger order by n desc nulls last, id limit 3", lambda h: [(row["id"],) for row in sorted(
        rows(h, "ledger"), key=lambda row: (row["n"] is None, -(row["n"] or 0), row["id"]))[:3]]),
    ("select a.id from ledger a join ledger b on b.id = a.id + 9 order by 1", lambda h: [
        (row["id"],) for row in rows(h, "ledger") if row["id"] + 9 in {other["id"] for other in rows(h, "ledger")}]),
    ("select count(*) from ledger where id = 1 or id = 40", lambda h: [(2,)]),
    ("select * from emptied", lambda h: []),
    ("select count(*), count(n), sum(n)::bigint, min(day), max(id) from emptied", lambda h: [(0, 0, None, None, None)]),
    ("select account, count(*) from emptied group by account", lambda h: []),
    ("select l.id from ledger l left join emptied e using (id) where e.id is null and l.id < 5 order by 1",
     picked("ledger", "id", lambda row: row["id"] < 5)),
    ("select count(*) from emptied at (version => 2)", lambda h: [(5,)]),
    ("select * from vacant", lambda h: []),
    ("select count(*), max(s) from vacant", lambda h: [(0, None)]),
    ("select id from ledger where exists (select 1 from vacant)", lambda h: []),
    ("select count(*) from ledger where id not in (select id from vacant)",
     lambda h: [(len(rows(h, "ledger")),)]),
]  # fmt: skip

_EVOLVED: list[tuple[str, Any]] = [
    ("select * from evolved order by id", picked("evolved", "id extent cost note tag")),
    ("select id, note from evolved where note is null order by id",
     picked("evolved", "id note", lambda row: row["note"] is None)),
    ("select id, note from evolved where note > 300 order by id",
     picked("evolved", "id note", lambda row: row["note"] is not None and row["note"] > 300)),
    ("select id from evolved where tag = 'p' order by id", picked("evolved", "id", lambda row: row["tag"] == "p")),
    ("select id from evolved where tag is distinct from 'p' order by id",
     picked("evolved", "id", lambda row: row["tag"] != "p")),
    ("select id, extent from evolved where extent > 2147483647 order by id",
     picked("evolved", "id extent", lambda row: (row["extent"] or 0) > 2**31 - 1)),
    ("select id from evolved where extent = 1 order by id", picked("evolved", "id", lambda row: row["extent"] == 1)),
    ("select id from evolved where extent is null order by id",
     picked("evolved", "id", lambda row: row["extent"] is None)),
    ("select id, cost from evolved where cost = 2.5 or cost = 2.500 order by id",
     picked("evolved", "id cost", lambda row: row["cost"] == 2.5)),
    ("select sum(extent)::bigint, sum(cost), count(note), count(tag) from evolved", lambda h: [(
        sum(row["extent"] or 0 for row in rows(h, "evolved")), sum(row["cost"] for row in rows(h, "evolved")),
        sum(row["note"] is not None for row in rows(h, "evolved")),
        sum(row["tag"] is not None for row in rows(h, "evolved")))]),
    ("select min(extent), max(extent), min(cost), max(cost) from evolved", lambda h: [tuple(
        pick(row[name] for row in rows(h, "evolved") if row[name] is not None)
        for name in ("extent", "cost") for pick in (min, max))]),
    ("select id from evolved order by extent desc nulls last, id limit 4", lambda h: [(row["id"],) for row in sorted(
        rows(h, "evolved"), key=lambda row: (row["extent"] is None, -(row["extent"] or 0), row["id"]))[:4]]),
    ("select id from evolved order by cost desc, id limit 4", lambda h: [(row["id"],) for row in sorted(
        rows(h, "evolved"), key=lambda row: (-row["cost"], row["id"]))[:4]]),
    ("select tag, count(*) from evolved group by tag order by tag nulls first", lambda h: sorted(
        Counter(row["tag"] for row in rows(h, "evolved")).items(), key=lambda item: (item[0] is not None, item[0]))),
    ("select a.id from evolved a join evolved b on a.extent = b.extent and a.id < b.id order by all", lambda h: [
        (a["id"],) for a in rows(h, "evolved") for b in rows(h, "evolved")
        if a["extent"] is not None and a["extent"] == b["extent"] and a["id"] < b["id"]]),
    ("select e.id from evolved e join ledger l on l.id = e.extent order by 1", lambda h: [
        (row["id"],) for row in rows(h, "evolved") if row["extent"] in {one["id"] for one in rows(h, "ledger")}]),
]  # fmt: skip

_CHANGES: list[tuple[str, Any]] = [
    *((f"select _version, _change, count(*) from table_changes('ledger', {after}) group by all order by all",
       _counted("ledger", after)) for after in range(10)),
    *((f"select _version, _change, id from table_changes('ledger', {after}) order by all",
       _changed("ledger", "_version _change id", after)) for after in (0, 3, 5, 7, 9)),
    ("select _version, _change, id, n from table_changes('ledger', 8) where n is not null order by all",
     lambda h: [row for row in _changed("ledger", "_version _change id n", 8)(h) if row[3] is not None]),
    ("select _version, _change, id, note, tag from table_changes('evolved', 10) order by all",
     lambda h: sorted(((row["_version"], row["_change"], row["id"], row["note"], row["tag"])
                       for row in h["evolved"].changes(10).to_pylist()), key=lambda row: row[:3])),
    ("select _change, count(*) from table_changes('emptied', 0) group by all order by all",
     lambda h: [("delete", 5), ("insert", 5)]),
]  # fmt: skip

_TRAVEL: list[tuple[str, Any]] = [
    ("select id, n from ledger at (version => 'early') order by id", picked("ledger", "id n", version=3)),
    (("select new.id, new.n, old.n from ledger new join ledger old at (version => 3) using (id) "
      "where new.n is distinct from old.n order by 1"),
     lambda h: [(new["id"], new["n"], old["n"]) for new in rows(h, "ledger") for old in rows(h, "ledger", 3)
                if new["id"] == old["id"] and new["n"] != old["n"]]),
    ("select id from ledger at (version => 4) except select id from ledger order by id", lambda h: sorted(
        {(row["id"],) for row in rows(h, "ledger", 4)} - {(row["id"],) for row in rows(h, "ledger")})),
    ("select count(*) from ledger a at (version => 7) join ledger b at (version => 8) using (id)",
     lambda h: [(len(rows(h, "ledger", 7)),)]),
    ("select id, extent from evolved at (version => 9) where extent < 0 order by id",
     picked("evolved", "id extent", lambda row: (row["extent"] or 0) < 0, 9)),
]  # fmt: skip

_DROPPED: list[tuple[str, Any]] = [
    ("select id, extent, note from evolved at (version => 7) order by id",
     picked("evolved", "id extent note", version=7)),
    ("select id, note from evolved at (version => 4) where note = 'n2' order by id",
     picked("evolved", "id note", lambda row: row["note"] == "n2", 4)),
]  # fmt: skip
"""With a column that was dropped, which a later rule cannot show to a role."""

_VIEWS: list[tuple[str, Any]] = [
    ("select * from earlier order by id", picked("ledger", "id n", lambda row: row["n"] is not None, 3)),
    ("select count(*) from earlier t join ledger l using (id)", lambda h: [(sum(
        row["id"] in {one["id"] for one in rows(h, "ledger")} for row in rows(h, "ledger", 3) if row["n"] is not None),
    )]),
]  # fmt: skip

_UNIONS: list[tuple[str, Any]] = [
    ("select id, s from pair order by id, s", lambda h: [(1, "a"), (2, "b"), (2, "c"), (3, None)]),
    ("select s, count(*) from pair group by s order by s nulls last",
     lambda h: [("a", 1), ("b", 1), ("c", 1), (None, 1)]),
    ("select max(id), count(s) from pair where id > 1", lambda h: [(3, 2)]),
    ("select l.id, p.s from pair p join main.ledger l using (id) order by all", lambda h: [
        (id, s) for id, s in ((1, "a"), (2, "b"), (2, "c"), (3, None)) if id in {row["id"] for row in rows(h, "ledger")}
    ]),
    ("select * from p2 order by id", lambda h: [(2, "c"), (3, None)]),
]  # fmt: skip

CASES = [
    *models("dead rows", _DEAD),
    *models("evolved columns", _EVOLVED),
    *models("time travel", [*_versions(), *_TRAVEL]),
    *models("time travel", _DROPPED, callers=("owner",)),
    *models("change feed", _CHANGES),
    *models("views", _VIEWS),
    *models("unions of tables", _UNIONS, supertable="pair"),
]
