"""Health check of the catalog and the object store."""

from __future__ import annotations

from supertable.application.transaction_log.heads import Heads
from supertable.domain.errors import Unavailable
from supertable.domain.storage_layout import access_log


class CheckHealth:
    """Reads one head from the catalog, or from storage if the catalog does not answer."""

    def __init__(self, heads: Heads) -> None:
        self._heads = heads

    def __call__(self, organization: str) -> str:
        """What does not answer: `object store` or `catalog`; empty when both answer. Reveals nothing confidential."""
        try:
            self._heads.cut({access_log(organization): 0})
        except Unavailable:
            return "object store"
        return "catalog" if self._heads.outage else ""
