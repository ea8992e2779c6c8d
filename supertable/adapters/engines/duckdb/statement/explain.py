"""The plan of a statement as text: operators with their conditions, and how much of each table is read.

That of a statement that was run has the rows that each operator returned, and the time that it took, over all threads.

DuckDB's own EXPLAIN would show the view chain, and values from statistics. Only the listed details are shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from supertable.adapters.engines.duckdb.errors import scrubbed
from supertable.application.ports.engines.sources import Given, Source, scans_of
from supertable.application.storage.inline_rows import FILE, ROW
from supertable.domain.scan.scan_plan import Scan

_DETAILS = {
    "Join Type": "{}",
    "Conditions": "on {}",
    "Expression": "where {}",
    "Filters": "where {}",
    "Groups": "by {}",
    "Aggregates": "{}",
    "Top": "top {}",
    "Order By": "by {}",
    "Sample Method": "{}",
    "CTE Name": "{}",
    "Projections": "{}",
    "Estimated Cardinality": "about {} rows",
}
"""The details of an operator that are shown, in this order, and their format. All others are left out."""

_BITS = re.compile(r"^\(get_bit\(st_dead, ")
_OWN_ALIAS = re.compile(r"\bst_[fd]\.")
_DYNAMIC = re.compile(r"(?: AND )?optional: Dynamic Filter \([^()]*\)")
_COMPRESSED = re.compile(r"__internal_(?:de)?compress_\w+\(([^(),]+)(?:, [^(),]+)?\)")
_SCAN = "READ_PARQUET"
_GIVEN = "PYTHON_ARROW_SCAN"
"""Rows of a listing, a frame or a file; and those of a table that have no file."""
_INLINE = re.compile(r"\bst_c([0-9]+)\b")
_OF_INLINE = re.compile(r"st_(c[0-9]+|file|row)")
_EXPLAINING = frozenset({"RESULT_COLLECTOR", "EXPLAIN_ANALYZE"})
Plan = dict[str, Any]


def plan_table(text: str, sources: Sequence[Source], names: Mapping[str, str]) -> pa.Table:
    """The plan as a table with one column and a row for each line. `text`: the result of `EXPLAIN (FORMAT JSON)`, or of
    `EXPLAIN (ANALYZE, FORMAT JSON)`."""
    scans = [scan for source in sources for scan in scans_of(source)]
    lines = _Lines(scans, names, any(isinstance(source, Given) for source in sources))
    found = json.loads(text)
    roots = found if isinstance(found, list) else [_analyzed(root) for root in found["operator"]]
    tree = [line for root in roots for line in lines.of(_without_chain(root), 0)]
    return pa.table({"plan": pa.array([*lines.unmatched_tables(), *tree], pa.string())})


def _analyzed(root: Plan) -> Plan:
    """The operators of the statement itself, below those of EXPLAIN."""
    while root["name"] in _EXPLAINING and root.get("children"):
        root = root["children"][0]
    return root


class _Lines:
    def __init__(self, scans: Sequence[Scan], names: Mapping[str, str], has_given: bool) -> None:
        self._scans = scans
        self._names = names
        self._has_given = has_given
        self._matched: set[str] = set()

    def of(self, node: Plan, depth: int) -> Iterator[str]:
        details = [text for text in self._details(node) if text]
        yield "  " * depth + " ".join([self._title(node), *details])
        for child in node["children"]:
            yield from self.of(child, depth + 1)

    def unmatched_tables(self) -> list[str]:
        """The tables that no line of the tree was matched with."""
        titles = dict.fromkeys(map(_scan_title, self._scans))
        return [title for title in titles if title not in self._matched]

    def _title(self, node: Plan) -> str:
        name = str(node["name"]).strip()
        if name == _SCAN or (name == _GIVEN and self._is_inline(node)):
            return self._scan(node)
        if name == _GIVEN:
            return "ROWS"
        return re.sub(r"[^A-Z_]", "", name) or "OPERATOR"

    def _is_inline(self, node: Plan) -> bool:
        columns = _columns(node)
        return all(map(_OF_INLINE.fullmatch, columns)) and bool(columns or not self._has_given)

    def _scan(self, node: Plan) -> str:
        """The table that a scan reads, if only one table has all of its columns."""
        columns = [self._named(column) for column in _columns(node) if column not in (FILE, ROW)]
        fitting = {_scan_title(scan) for scan in self._scans if all(map(scan.schema.find, columns))}
        if len(fitting) != 1:
            return "SCAN"
        self._matched |= fitting
        return fitting.pop()

    def _details(self, node: Plan) -> Iterator[str]:
        info = node["extra_info"]
        if "timing" in node:
            info = {**info, "Estimated Cardinality": None}
        for key, form in _DETAILS.items():
            values = [self._cleaned(value) for value in _texts(info.get(key))]
            if any(values):
                yield form.format(", ".join(values)) if key != "Projections" else f"[{', '.join(values)}]"
        if "timing" in node:
            yield f"{node['intermediate_rows']:,} rows in {node['timing'] * 1000:,.2f} ms"

    def _named(self, text: str) -> str:
        """The text with the names of columns that it has by field id, unless tables differ in them."""
        return _INLINE.sub(lambda found: self._name_of(int(found[1])) or found[0], text)

    def _name_of(self, field_id: int) -> str:
        names = {field.name for scan in self._scans if (field := scan.schema.by_id(field_id))}
        return names.pop() if len(names) == 1 else ""

    def _cleaned(self, text: str) -> str:
        before = ""
        while text != before:
            before, text = text, _COMPRESSED.sub(r"\1", text)
        text = self._named(text)
        text = scrubbed(_OWN_ALIAS.sub("", _DYNAMIC.sub("", text)), self._names)
        return "…" if "__internal" in text or "st_" in text else text


def _columns(node: Plan) -> list[str]:
    return [column for column in _texts(node["extra_info"].get("Projections")) if column]


def _scan_title(scan: Scan) -> str:
    return f"SCAN {scan.table} version {scan.version}: {scan.file_count:,} of {scan.files_total:,} files"


def _without_chain(node: Plan) -> Plan:
    """The plan without the operators that apply deletion vectors, which belong to the scan below them."""
    node["children"] = [_without_chain(child) for child in node.get("children", ())]
    info = node["extra_info"]
    if node["name"] == "FILTER":
        kept = [text for text in _texts(info.get("Expression")) if not _BITS.match(text)]
        info["Expression"] = kept
        return node if kept else node["children"][0]
    if "st_file" in "".join(_texts(info.get("Conditions"))):
        return next(filter(_reads_files, node["children"]), node["children"][0])
    return node


def _reads_files(node: Plan) -> bool:
    return node["name"] == _SCAN or any(map(_reads_files, node["children"]))


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
