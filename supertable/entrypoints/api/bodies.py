"""What all bodies of requests have in common: fields that nobody knows are refused, values are of the types said."""

from __future__ import annotations

import msgspec


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object that a client sends."""
