"""What the endpoint refuses in the words of OData."""

from __future__ import annotations

from supertable.domain.errors import SupertableError


class NotSupported(SupertableError):
    """Valid OData that this service does not answer. Nothing was read."""
