"""The addresses of entities: `Orders(1)`, `Orders(a=1,b='x')` (OData URL Conventions 4.01, 4.3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
import pyarrow as pa

from supertable.entrypoints.odata.answers.json_texts import property_texts
from supertable.entrypoints.odata.model.entity_types import EntityType, Primitive, Property

_PLAIN = "'!*()-._~:"


def entity_ids(entity: EntityType, key: Sequence[Property], arrays: Sequence[pa.Array]) -> list[str]:
    """The address of each entity, relative to that of its service. `arrays`: the values of the key."""
    columns = [_literals(array, each) for array, each in zip(arrays, key, strict=True)]
    if len(key) == 1:
        return [f"{entity.name}({value})" for value in columns[0]]
    return [
        f"{entity.name}({','.join(f'{each.name}={value}' for each, value in zip(key, values, strict=True))})"
        for values in zip(*columns, strict=True)
    ]


def _literals(array: pa.Array, each: Property) -> list[str]:
    texts = [
        msgspec.json.decode(text) if text.startswith('"') else text
        for text in property_texts(array, each, False).to_pylist()
    ]
    if isinstance(each.type, Primitive) and each.type.name == "Edm.String":
        texts = ["'" + text.replace("'", "''") + "'" for text in texts]
    return [quote(text, safe=_PLAIN) for text in texts]
