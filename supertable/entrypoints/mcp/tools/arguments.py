"""The arguments of tools: their JSON schemas, and the check of what a call brings.

The schema and the check come from one declaration. Unknown arguments are refused, with the nearest name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.domain.errors import InvalidInput
from supertable.domain.names import did_you_mean

MOST_TEXT = 1_000_000
"""Characters of one argument."""
_PYTHON = {"string": (str,), "integer": (int,), "number": (int, float)}


@dataclass(frozen=True, slots=True)
class Argument:
    """`kind`: string, integer or number. `least`, `most`: of a number. `default`: for the schema's reader alone."""

    name: str
    kind: str = "string"
    about: str = ""
    required: bool = False
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        bounds = {"description": self.about or None, "minimum": self.least, "maximum": self.most}
        choices = {"enum": list(self.choices)} if self.choices else {}
        return {"type": self.kind, **{name: value for name, value in bounds.items() if value is not None}, **choices}

    def checked(self, value: Any) -> Any:
        """The value unchanged. Raises `InvalidInput`."""
        if isinstance(value, bool) or not isinstance(value, _PYTHON[self.kind]):
            raise InvalidInput(f"`{self.name}` must be {_a(self.kind)}, not {value!r:.80}. Nothing was run.")
        if isinstance(value, str):
            self._check_text(value)
        elif not self._is_within(value):
            raise InvalidInput(f"`{self.name}` must be {self._bounds()}, not {value!r:.80}. Nothing was run.")
        return value

    def _check_text(self, text: str) -> None:
        if len(text) > MOST_TEXT:
            raise InvalidInput(f"`{self.name}` has more than {MOST_TEXT:,} characters. Nothing was run.")
        if any("\ud800" <= letter <= "\udfff" for letter in text) or "\0" in text:
            raise InvalidInput(f"`{self.name}` is not valid text. Nothing was run.")
        if self.choices and text not in self.choices:
            raise InvalidInput(f"`{self.name}` must be one of {', '.join(self.choices)}. Nothing was run.")

    def _is_within(self, value: Any) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def _bounds(self) -> str:
        if self.least is None or self.most is None:
            return f"at least {self.least}" if self.most is None else f"at most {self.most:,}"
        return f"from {self.least} to {self.most:,}"


def input_schema(arguments: Sequence[Argument]) -> dict[str, Any]:
    """The JSON schema of the arguments of a tool."""
    required = [argument.name for argument in arguments if argument.required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {argument.name: argument.schema() for argument in arguments},
        "additionalProperties": False,
    }
    return {**schema, "required": required} if required else schema


def checked_arguments(tool: str, arguments: Sequence[Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are not null. Raises `InvalidInput`, with an example of a call."""
    known = {argument.name: argument for argument in arguments}
    for name in given:
        if name not in known:
            near = did_you_mean(str(name), known) or f" It takes {', '.join(known) or 'no arguments'}."
            raise InvalidInput(f"`{tool}` has no argument {str(name)!r:.80}.{near} Nothing was run.")
    present = {name: known[name].checked(value) for name, value in given.items() if value is not None}
    for argument in arguments:
        if argument.required and argument.name not in present:
            raise InvalidInput(f"`{tool}` needs the argument `{argument.name}`. {_example(tool, arguments)}")
    return present


def _example(tool: str, arguments: Sequence[Argument]) -> str:
    values = ", ".join(f'"{each.name}": {_EXAMPLES.get(each.name, "1")}' for each in arguments if each.required)
    return f"Example: {tool}({{{values}}})"


_EXAMPLES = {"sql": '"SELECT count(*) FROM flights"', "table": '"flights"'}


def _a(kind: str) -> str:
    return {"string": "text", "integer": "a whole number", "number": "a number"}[kind]
