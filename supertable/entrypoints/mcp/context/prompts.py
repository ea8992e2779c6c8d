"""Prompts for common analyses: they name tools and steps, and hold no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supertable.domain.errors import InvalidInput
from supertable.domain.names import DEFAULT_SUPERTABLE, checked_name, did_you_mean


@dataclass(frozen=True, slots=True)
class Prompt:
    """`text`: with places for `{table}` and `{super_name}`."""

    name: str
    about: str
    text: str


_BEGIN = "Use super_name {super_name!r} and table {table!r}. Call describe_table first. "
_PROMPTS = (
    Prompt(
        "explore_table",
        "What a table holds, and what one could ask of it.",
        _BEGIN + "Then call sample_data and get_table_stats. Say what one row stands for, which columns are keys, "
        "measures and categories, how far back the data reach, and what looks odd. End with five questions that the "
        "table answers, each with its SQL.",
    ),
    Prompt(
        "summarize_changes",
        "What changed in a table lately.",
        _BEGIN + "Then call list_versions, and diff_versions between the newest version and the last one of the day "
        "before. Say how many rows were added, changed and deleted, which columns changed, and show typical examples.",
    ),
    Prompt(
        "find_anomalies",
        "Rows and days that do not fit the others.",
        _BEGIN + "Then call get_table_stats. With query_sql, aggregate by day and by category, and look for gaps, "
        "jumps, duplicates of what should be unique, and values beyond four standard deviations. Show the SQL of each "
        "finding.",
    ),
    Prompt(
        "check_quality",
        "Nulls, duplicates and values out of range.",
        _BEGIN + "Then call get_quality_report and get_table_stats. With query_sql, count nulls in columns that should "
        "have none, duplicates of the keys, dates in the future, and negative amounts. Rate each finding by how many "
        "rows it touches.",
    ),
)
PROMPTS: Mapping[str, Prompt] = {prompt.name: prompt for prompt in _PROMPTS}


def filled(name: str, given: Mapping[str, str]) -> str:
    """The text of a prompt. Raises `InvalidInput` and `InvalidName`."""
    prompt = PROMPTS.get(name)
    if prompt is None:
        raise InvalidInput(f"There is no prompt {name!r:.80}.{did_you_mean(name, PROMPTS)}")
    unknown = next((each for each in given if each not in {"table", "super_name"}), None)
    if unknown is not None or "table" not in given:
        raise InvalidInput(f"The prompt {name} takes `table`, which it needs, and `super_name`.")
    table = checked_name("table", given["table"])
    super_name = checked_name("supertable", given.get("super_name", DEFAULT_SUPERTABLE))
    return prompt.text.format(table=table, super_name=super_name)
