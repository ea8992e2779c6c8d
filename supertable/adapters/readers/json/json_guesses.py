"""The type of a JSON column, guessed from its values at every depth.

A place with values of several kinds, such as numbers and strings, holds text: of a string its characters, of other
values their JSON as it is written. So does one whose numbers no type holds exactly.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from supertable.adapters.readers.json.json_texts import unquoted
from supertable.adapters.readers.values.exact_values import TextForm
from supertable.adapters.readers.values.guesses import ColumnGuess
from supertable.application.storage.arrow.arrow_schemas import data_type
from supertable.domain.schema.new_fields import MAX_DEPTH
from supertable.domain.schema.schemas import UNASSIGNED
from supertable.domain.schema.types import MAX_DECIMAL_PRECISION, DataType, Field

ANY_JSON = DataType("string", unit="json")
"""Text of any JSON value. It is stored as a string."""
_MOST_MEMBERS = 200
_EXACT_IN_FLOATS = 2**53
Kinds: TypeAlias = "set[str]"
_KINDS = {'"': "string", "{": "nested", "[": "nested", "t": "bool", "f": "bool"}
_decode = msgspec.json.Decoder().decode


class JsonGuess:
    """Narrows down the type of one column while its JSON texts are added."""

    def __init__(self, form: TextForm) -> None:
        self._form = form
        self._kinds: Kinds = set()
        self._numbers = ColumnGuess(TextForm())
        self._strings = ColumnGuess(form, is_json=True)
        self._nested: _Shape | None = _Shape(form)

    def add(self, texts: pa.Array) -> None:
        texts = texts.drop_null()
        starts = pc.utf8_slice_codeunits(texts, 0, 1)
        for start in starts.unique().to_pylist():
            kind = _KINDS.get(start, "number")
            self._kinds.add(kind)
            self._add(kind, texts.filter(pc.equal(starts, start)))

    def _add(self, kind: str, texts: pa.Array) -> None:
        if kind == "number":
            self._numbers.add(texts)
        elif kind == "string":
            self._strings.add(unquoted(texts))
        elif kind == "nested" and self._nested is not None:
            try:
                self._nested.add(_decode(f"[{','.join(texts.to_pylist())}]"))
            except (msgspec.DecodeError, RecursionError):  # a number that no float holds, for example
                self._nested = None

    @property
    def type(self) -> DataType:
        if not self._kinds:
            return DataType("string")
        if len(self._kinds) > 1:
            return ANY_JSON
        (kind,) = self._kinds
        if kind == "nested":
            return self._nested.type(0) if self._nested is not None else ANY_JSON
        if kind == "bool":
            return DataType("bool")
        found = data_type((self._strings if kind == "string" else self._numbers).guess.kind, "")
        return ANY_JSON if kind == "number" and found.name == "string" else found

    @property
    def note(self) -> str:
        return self._strings.guess.note if self._kinds == {"string"} else ""

    @property
    def form(self) -> TextForm:
        return self._strings.guess.form if self._kinds == {"string"} else TextForm()


class _Shape:
    """What the values at one place inside a column are."""

    def __init__(self, form: TextForm) -> None:
        self._form = form
        self._kinds: Kinds = set()
        self._strings = ColumnGuess(TextForm(), is_json=True)
        self._most = 0
        self._members: dict[str, _Shape] = {}
        self._element: _Shape | None = None

    def add(self, values: list[Any]) -> None:
        by_kind: dict[type, list[Any]] = {}
        for value in values:
            by_kind.setdefault(type(value), []).append(value)
        by_kind.pop(type(None), None)
        self._kinds |= {kind.__name__ for kind in by_kind}
        self._most = max([self._most, *map(abs, by_kind.get(int, ()))])
        if strings := by_kind.get(str):
            self._strings.add(pa.array(strings, pa.string()))
        if lists := by_kind.get(list):
            self._element = self._element or _Shape(self._form)
            self._element.add([value for each in lists for value in each])
        members: dict[str, list[Any]] = {}
        for each in by_kind.get(dict, ()):
            for name, value in each.items():
                members.setdefault(name, []).append(value)
        for name, found in members.items():
            self._members.setdefault(name, _Shape(self._form)).add(found)

    def merge(self, other: _Shape) -> None:
        """Add all that the other one has seen."""
        self._kinds |= other._kinds
        self._most = max(self._most, other._most)
        self._strings.merge(other._strings)
        for name, member in other._members.items():
            self._members.setdefault(name, _Shape(self._form)).merge(member)
        if other._element is not None:
            self._element = self._element or _Shape(self._form)
            self._element.merge(other._element)

    def type(self, depth: int) -> DataType:
        if not self._kinds:
            return DataType("string")
        if self._kinds == {"int", "float"} and self._most <= _EXACT_IN_FLOATS:
            return DataType("float64")
        if len(self._kinds) > 1 or depth > MAX_DEPTH:
            return ANY_JSON
        (kind,) = self._kinds
        return _TYPES[kind](self, depth)

    def _integer(self, _depth: int) -> DataType:
        if self._most < 2**63:
            return DataType("int64")
        is_decimal = self._most < 10**MAX_DECIMAL_PRECISION
        return DataType("decimal", precision=MAX_DECIMAL_PRECISION) if is_decimal else ANY_JSON

    def _string(self, _depth: int) -> DataType:
        guess = self._strings.guess
        return DataType("string") if guess.form.dates else data_type(guess.kind, "")

    def _list(self, depth: int) -> DataType:
        element = (self._element or _Shape(self._form)).type(depth + 1)
        return DataType("list", fields=(Field(UNASSIGNED, "element", element),))

    def _object(self, depth: int) -> DataType:
        if not self._members:
            return ANY_JSON
        if len(self._members) > _MOST_MEMBERS:
            value = _Shape(self._form)
            for member in self._members.values():
                value.merge(member)
            key = Field(UNASSIGNED, "key", DataType("string"), nullable=False)
            return DataType("map", fields=(key, Field(UNASSIGNED, "value", value.type(depth + 1))))
        names = [name.lower() for name in self._members]
        if "" in names or len(set(names)) < len(names):
            return ANY_JSON
        fields = (Field(UNASSIGNED, name, member.type(depth + 1)) for name, member in self._members.items())
        return DataType("struct", fields=tuple(fields))


_TYPES = {
    "int": _Shape._integer,
    "float": lambda *_: DataType("float64"),
    "bool": lambda *_: DataType("bool"),
    "str": _Shape._string,
    "list": _Shape._list,
    "dict": _Shape._object,
}
