"""What tells the rows of a table without keys apart: a digest of the values that the caller sees, and a count.

The digest is two hashes of 64 bits. Equal rows have equal digests, and the count says which of them is meant; nothing
of it depends on rows, columns or files that the caller does not see.
"""

from __future__ import annotations

import re

from supertable.domain.errors import InvalidInput
from supertable.domain.names import quoted
from supertable.domain.schema.types import FLOATS
from supertable.entrypoints.odata.model.entity_types import Property
from supertable.entrypoints.odata.sql.relations.relation import ALIAS, Relation

_SALT = 7_046_029_254_386_353_131
_IDENTITY = re.compile(r"(\d{1,20})-(\d{1,20})-([1-9]\d{0,17})", re.ASCII)


def digests(relation: Relation) -> tuple[str, str]:
    """The SQL of the two hashes of a row."""
    values = ", ".join(_hashed(each) for each in relation.identity) or "0"
    return f"hash({values})", f"hash({_SALT}, {values})"


def parse_identity(text: str) -> tuple[int, int, int]:
    """The hashes, and which of the equal rows it is, from 1. Raises `InvalidInput`."""
    found = _IDENTITY.fullmatch(text)
    if found is None or max(int(found[1]), int(found[2])) >= 2**64:
        raise InvalidInput(f"{text[:80]!r} identifies no row. Take the identity from an answer.")
    return int(found[1]), int(found[2]), int(found[3])


def identity_sql(first: str, second: str, number: str) -> str:
    return f"(CAST({first} AS VARCHAR) || '-' || CAST({second} AS VARCHAR) || '-' || CAST({number} AS VARCHAR))"


def _hashed(found: Property) -> str:
    """Zero and minus zero have one hash, but are told apart in answers."""
    sql = f"{ALIAS}.{quoted(found.column)}"
    return f"{sql}, signbit({sql})" if found.stored.name in FLOATS else sql
