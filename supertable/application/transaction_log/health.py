"""Whether reads and writes would find what they need."""

from __future__ import annotations

from supertable.application.transaction_log.heads import Heads
from supertable.domain.errors import Unavailable
from supertable.domain.storage_layout import access_log


class CheckHealth:
    """Asks the catalog, and storage where the catalog is silent, for one head."""

    def __init__(self, heads: Heads) -> None:
        self._heads = heads

    def __call__(self, organization: str) -> str:
        """What does not answer, fit to be shown to anyone: the catalog, the object store; empty when all is well."""
        try:
            self._heads.cut({access_log(organization): 0})
        except Unavailable:
            return "object store"
        return "catalog" if self._heads.outage else ""
