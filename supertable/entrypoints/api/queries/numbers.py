"""How numbers that JavaScript would round are written in JSON: 64-bit integers and decimals."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from litestar.params import QueryParameter


class Numbers(StrEnum):
    """`text`: 64-bit integers and decimals are JSON strings, so that no client rounds them."""

    NATIVE = "native"
    TEXT = "text"


NumbersAs = Annotated[
    Numbers,
    QueryParameter(
        description="`text`: in JSON and NDJSON, 64-bit integers and decimals are strings, which no client rounds."
    ),
]
