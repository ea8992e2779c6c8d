"""Checks the catalog against storage, which is the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from supertable.application.integrity.rebuild_catalog import RebuildCatalog
from supertable.application.ports.catalogs import Catalog, Head
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.namespace import Namespace
from supertable.application.transaction_log.heads import Heads
from supertable.domain.errors import CatalogDamaged
from supertable.domain.findings import Finding, Severity
from supertable.domain.storage_layout import record_key, supertable_folder

_CATALOG = "catalog"


@dataclass(frozen=True, slots=True)
class Copies:
    """The content of the catalog, read before storage.

    `heads`: by log. `unknown`: logs in the catalog that are not in storage. `damaged`: why the catalog could not be
    read; empty if it could.
    """

    heads: Mapping[str, Head]
    unknown: tuple[str, ...]
    damaged: str = ""

    def records(self, log: str) -> dict[int, bytes]:
        """The catalog's records of one log, by version."""
        head = self.heads.get(log)
        if head is None:
            return {}
        return {head.version - len(head.records) + 1 + i: data for i, data in enumerate(head.records)}


class CatalogChecker:
    """Compares heads and records of the catalog with storage, and corrects the catalog on request."""

    def __init__(self, catalog: Catalog, store: ObjectStore, heads: Heads, rebuild: RebuildCatalog) -> None:
        self._catalog = catalog
        self._store = store
        self._heads = heads
        self._rebuild = rebuild

    def copies(self, namespace: Namespace, logs: Iterable[str]) -> Copies:
        """Read the catalog. `logs`: those in storage. Raises `CatalogUnavailable`."""
        known = dict.fromkeys(logs, 0)
        prefix = f"{supertable_folder(namespace.organization, namespace.supertable)}/"
        try:
            others = [log for log in self._catalog.logs(prefix) if log not in known]
            return Copies(self._catalog.cut({**known, **dict.fromkeys(others, 0)}).heads, tuple(others))
        except CatalogDamaged as error:
            return Copies({}, (), str(error))

    def check(self, copies: Copies, newest: Mapping[str, int], repair: bool) -> list[Finding]:
        """`newest`: the last version of each log in storage, 0 if the log does not exist there."""
        if copies.damaged:
            finding = Finding(_CATALOG, copies.damaged, Severity.DAMAGE, "rebuilt from storage")
            if repair:
                self._rebuild.rebuild()
                finding = finding.done()
            return [finding]
        found = [self._check_log(copies, log, version, repair) for log, version in newest.items()]
        found += [self._remove_unknown(log, repair) for log in copies.unknown if log not in newest]
        return [finding for finding in found if finding is not None]

    def _check_log(self, copies: Copies, log: str, newest: int, repair: bool) -> Finding | None:
        finding = self._difference(copies, log, newest)
        if finding is None or not repair:
            return finding
        self._catalog.clear(log)
        self._heads.catch_up(log)
        return finding.done()

    def _remove_unknown(self, log: str, repair: bool) -> Finding:
        what = "the catalog has a log of no table, which is not in storage"
        finding = Finding(log, what, Severity.WARNING, "removed from the catalog")
        if repair:
            self._catalog.clear(log)
            finding = finding.done()
        return finding

    def _difference(self, copies: Copies, log: str, newest: int) -> Finding | None:
        head = copies.heads.get(log)
        if head is not None and head.version > newest:
            what = f"the catalog is at version {head.version}, but storage has none after {newest}: commits were lost"
            return Finding(log, what, Severity.DAMAGE, "removed from the catalog")
        if newest and (head is None or head.version < newest) and self._still_behind(log, newest):
            present = head.version if head else 0
            what = f"the catalog is at version {present}, storage at {newest}; the next read corrects the catalog"
            return Finding(log, what, Severity.WARNING, "updated from storage")
        wrong = [version for version, data in copies.records(log).items() if self._differs(log, version, data)]
        if wrong and self._still_has(copies, log, wrong[0]):
            what = f"the catalog's copy of version {wrong[0]} differs from storage"
            return Finding(log, what, Severity.WARNING, "copied from storage")
        return None

    def _still_behind(self, log: str, newest: int) -> bool:
        """Reads the catalog again: a commit may have happened after it was read first."""
        head = self._catalog.cut({log: newest}).heads.get(log)
        return head is None or head.version < newest

    def _still_has(self, copies: Copies, log: str, version: int) -> bool:
        """Reads the catalog again: a vacuum may have replaced the record, and removed the copy, since it was read."""
        again = Copies(self._catalog.cut({log: version - 1}).heads, ())
        return again.records(log).get(version) == copies.records(log)[version]

    def _differs(self, log: str, version: int, data: bytes) -> bool:
        stored = self._store.read(record_key(log, version))
        return stored is not None and stored != data
