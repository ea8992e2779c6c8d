"""DuckDB's messages about text files, said in the user's terms: which file, line and column, and what
helps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from supertable.adapters.readers.prepared_files import StagedFile
from supertable.domain.errors import UnreadableInput

_TYPES = {
    "DOUBLE": "a number",
    "FLOAT": "a number",
    "BOOLEAN": "true or false",
    "TIMESTAMP WITH TIME ZONE": "a timestamp with a zone",
}
_MORE_SAMPLES = "--sample-size -1 looks at every row to infer types"


def unreadable(message: str, files: Sequence[StagedFile]) -> UnreadableInput:
    name = next((file.name for file in files if str(file.path) in message), _all(files))
    line = re.search(r"CSV Error on Line: (\d+)|in (?:line|record/value) (\d+)", message)
    where = f"line {next(filter(None, line.groups()))}: " if line else ""
    return UnreadableInput(name, where + _reason(message, files))


def without_options(reason: str) -> str:
    """The reason without the parts that name options of the command line."""
    parts = re.split(r"(?<=[.;]) ", reason)
    kept = [part for part in parts if "--" not in part] or [reason.partition(" --")[0]]
    return " ".join(kept).rstrip(";.") + "."


def _all(files: Sequence[StagedFile]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"


def _reason(message: str, files: Sequence[StagedFile]) -> str:
    for pattern, say in _KNOWN:
        if found := re.search(pattern, message, re.DOTALL):
            return say(found)
    return _first_sentence(message, files)


def _unconvertible(found: re.Match[str]) -> str:
    column, value, type_ = found.groups()
    return (
        f"column {column!r}: {_short(value)!r} is not {_type(type_)}, the type of the column. "
        f"{_MORE_SAMPLES}; --all-text reads every column as text; --null names a text that means null."
    )


def _ragged(found: re.Match[str]) -> str:
    expected, given = found.groups()
    return (
        f"it has {given} columns, {expected} were expected. Check the quotes and the delimiter; "
        "--lenient fills short rows with nulls."
    )


_KNOWN: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r'Error when converting column "(.*?)"\. Could not convert string "(.*?)" to \'(.*?)\'', _unconvertible),
    (r"Expected Number of Columns: (\d+) Found: (\d+)", _ragged),
    (
        r"Invalid unicode|invalid UTF-8",
        lambda _: "it is not UTF-8. --encoding names another, for example latin-1, cp1252 or utf-16.",
    ),
    (r"unterminated quote", lambda _: "a quote is opened and never closed. --quote '' takes quotes as text."),
    (
        r"Maximum line size of (\d+) bytes exceeded",
        lambda found: f"it is longer than {int(found[1]):,} bytes. Check the quotes, or raise --max-line-size.",
    ),
    (
        r"maximum_object_size",
        lambda _: "an object is longer than the limit. Raise --max-line-size.",
    ),
    (
        r"not possible to automatically detect the CSV",
        lambda _: "it does not look like CSV. Check the format and --delimiter; --lenient takes mixed line ends.",
    ),
    (
        r"parser state machine|CSV Parser state",
        lambda _: "its quotes or line ends break the rules of CSV; --lenient takes them as they are.",
    ),
    (r"Malformed JSON.*?: ([^:]*?)\. *$", lambda found: f"it is not valid JSON: {found[1]}."),
    (r"Malformed JSON.*?: (\S[^\n]*?)\.", lambda found: f"it is not valid JSON: {found[1]}."),
    (
        r'has unknown key "(.*?)"\n',
        lambda found: f"the key {_short(found[1])!r} is not in the rows before it. {_MORE_SAMPLES}.",
    ),
    (r'has duplicate key "(.*?)"\n', lambda found: f"the key {_short(found[1])!r} is there twice."),
    (
        r"JSON transform error.*?: (Failed to cast value.*?)\n",
        lambda found: f"{_short(found[1])}, but the rows before it had another type. {_MORE_SAMPLES}.",
    ),
    (
        r"Conversion Error: (.*?)(?:\n|$)",
        lambda found: f"{_short(found[1])}. The table's type does not hold it.",
    ),
    (r"Out of Memory Error", lambda _: "a row needs more memory than loading may use."),
)


def _first_sentence(message: str, files: Sequence[StagedFile]) -> str:
    text = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", message.strip()).partition("\n")[0]
    for file in files:
        text = text.replace(str(file.path), file.name)
    return f"{text.rstrip('.')}."


def _type(name: str) -> str:
    if name.endswith(("INT", "INTEGER")):
        return f"a whole number ({name})"
    return _TYPES.get(name, f"a {name.lower()}")


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
