"""Remedies in words of SQL, in place of the parameters of writes, which a statement does not have."""

from __future__ import annotations

from supertable.domain.errors import InvalidInput

_WORDS = (
    ("write with evolve to", "use ALTER TABLE to"),
    ("Write with evolve to", "Use ALTER TABLE to"),
    (
        "Say which zone its times are in: timezone='Europe/Berlin'.",
        "Say in the query which zone its times are in: at_time AT TIME ZONE 'Europe/Berlin'.",
    ),
)


def in_words_of_sql(error: InvalidInput) -> InvalidInput:
    """The same error, which it changes."""
    text = str(error)
    for ours, theirs in _WORDS:
        text = text.replace(ours, theirs)
    error.args = (text,)
    return error
