"""Values of rows in commit records: the rows of small commits, and the column ranges of all files.

A vacuum takes out those of files that no kept version needs. All else of a record stays, and so does the file in it,
since later records remove it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from supertable.domain.table.commits import Commit
from supertable.domain.table.data_files import DataFile

SETTLING_SECONDS = 3600
"""A vacuum that runs at the same time may still put values back into a record that was replaced within this time. No
vacuum takes that long between reading a record and replacing it."""


@dataclass(frozen=True, slots=True)
class ValueIndex:
    """What is known of the records up to version `through`, whose commit has the id `commit_id`.

    `held`: the sizes of `sizes_of`, by version, of the records that may hold values; the others hold none.
    """

    through: int = 0
    commit_id: str = ""
    held: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


def sizes_of(commit: Commit) -> dict[str, int]:
    """The paths of the files whose values the record holds, each with the bytes of its rows in the record."""
    return {file.path: 0 if file.stored else file.bytes for file in commit.change.added if file.content or file.ranges}


def values_missing(commit: Commit) -> set[str]:
    """The paths of the files whose values the record does not hold: a vacuum took them out, or there were none."""
    return {file.path for file in commit.change.added if not (file.content or file.ranges)}


def sizes_without(sizes: Mapping[str, int], paths: Collection[str]) -> dict[str, int]:
    """`sizes_of` without those of some files."""
    return {path: size for path, size in sizes.items() if path not in paths}


def without_values(commit: Commit, paths: Collection[str]) -> Commit:
    """The record without the values of these files."""
    added = tuple(_emptied(file) if file.path in paths else file for file in commit.change.added)
    return replace(commit, change=replace(commit.change, added=added))


def _emptied(file: DataFile) -> DataFile:
    """Reading rows that were taken out is an error: no stream is empty. Nor does their digest help to guess them."""
    return replace(file, ranges={}) if file.stored else replace(file, ranges={}, content=b"", digest="")
