"""File pruning: which files may hold rows that match a predicate, decided by the ranges of their columns.

The result is conservative: a file is left out only when none of its rows can match. Ranges are in the units of the
type that the file was written with. Predicates use the table's current type, which may be wider. This is the rule for
single files; `application.storage.snapshot_files.column_pruning` decides the same for many at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter, ge, gt, le, lt
from typing import Any

from supertable.domain.layout.layouts import PartitionField
from supertable.domain.scan.bucket_pruning import named_buckets
from supertable.domain.scan.predicates import ALWAYS, All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import UNITS, DataType, Field, Scalar
from supertable.domain.table.data_files import ColumnRange, DataFile

Test = Callable[[DataFile], bool]
_SECONDS_PER_DAY = 86_400


def pruned(
    files: Iterable[DataFile],
    predicate: Predicate,
    schemas: Mapping[int, Schema],
    current: Schema,
    partitions: Sequence[PartitionField] = (),
) -> list[DataFile]:
    """The files that may hold matching rows, in their order. `schemas`: those the files were written under, by id.

    `partitions`: those by which files may know the buckets of their rows.
    """
    if predicate == ALWAYS:
        return list(files)
    tests: dict[int, Test] = {}
    kept = []
    for file in files:
        test = tests.get(file.schema_id)
        if test is None:
            test = tests[file.schema_id] = _compiled(predicate, schemas[file.schema_id], current, partitions)
        if test(file):
            kept.append(file)
    return kept


def may_match(
    predicate: Predicate,
    file: DataFile,
    written: Schema,
    current: Schema,
    partitions: Sequence[PartitionField] = (),
) -> bool:
    """Whether `file`, written under `written`, may hold a row that matches under the table's schema `current`."""
    return _compiled(predicate, written, current, partitions)(file)


def _compiled(predicate: Predicate, written: Schema, current: Schema, partitions: Sequence[PartitionField]) -> Test:
    match predicate:
        case All(parts):
            return _all([_compiled(part, written, current, partitions) for part in parts])
        case AnyOf(parts):
            return _any([_compiled(part, written, current, partitions) for part in parts])
    found = conversion(predicate, written, current)
    if isinstance(found, bool):
        return _always if found else _never
    column, factor = found
    buckets = named_buckets(predicate, factor, written, current, partitions) if partitions else ()
    return _all([_single(predicate, column, factor), *(_is_in(number, numbers, 1) for number, numbers in buckets)])


def _single(predicate: Compare | IsIn | NullTest, column: int, factor: int) -> Test:
    if isinstance(predicate, NullTest):
        return _null_test(column, predicate.negated)
    if isinstance(predicate, IsIn):
        return _is_in(column, predicate.values, factor)
    return _COMPARISONS[predicate.operator](column, predicate.value, factor)


def conversion(predicate: Compare | IsIn | NullTest, written: Schema, current: Schema) -> bool | tuple[int, int]:
    """The field id whose ranges, times the factor, decide for files of the schema `written`; or the decision itself."""
    field = current.find(predicate.column)
    if field is None:
        return True
    before = written.by_id(field.id)
    if before is None:
        return isinstance(predicate, NullTest) and not predicate.negated
    if isinstance(predicate, NullTest):
        return before.id, 1
    factor = unit_factor(before.type, field.type)
    if factor is None or not _comparable(_values(predicate), field):
        return True
    return before.id, factor


def _values(predicate: Compare | IsIn) -> tuple[Scalar, ...]:
    return predicate.values if isinstance(predicate, IsIn) else (predicate.value,)


def _always(_file: DataFile) -> bool:
    return True


def _never(_file: DataFile) -> bool:
    return False


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(file: DataFile) -> bool:
        for part in tests:  # noqa: SIM110 - all() with a generator takes twice the time
            if not part(file):
                return False
        return True

    return test


def _any(tests: list[Test]) -> Test:
    def test(file: DataFile) -> bool:
        for part in tests:  # noqa: SIM110 - as above
            if part(file):
                return True
        return False

    return test


def _null_test(column: int, negated: bool) -> Test:
    def test(file: DataFile) -> bool:
        found = file.ranges.get(column)
        if found is None:
            return True
        return found.nulls < file.rows if negated else found.nulls > 0

    return test


def unit_factor(written: DataType, current: DataType) -> int | None:
    """The factor that converts a value from the units of `written` to those of `current`; None: not comparable."""
    if written.name == current.name == "decimal":
        return _power(current.scale - written.scale)
    if written.name == "date" and current.name == "timestamp":
        return _SECONDS_PER_DAY * int(10 ** UNITS[current.unit])
    if written.name == current.name and written.name in ("time", "timestamp"):
        return _power(UNITS[current.unit] - UNITS[written.unit])
    same = written.name == current.name or {_family(written), _family(current)} in ({"int"}, {"float"})
    return 1 if same else None


def _power(digits: int) -> int | None:
    factor: int = 10 ** max(digits, 0)
    return factor if digits >= 0 else None


def _family(kind: DataType) -> str:
    return kind.name.removeprefix("u").rstrip("0123456789")


def _comparable(values: Sequence[Scalar], field: Field) -> bool:
    """Whether the values can be compared with ranges of this column. NaN cannot: in Python it compares with nothing."""
    kinds = set(map(type, values))
    if any((kind is str) != (field.type.name == "string") for kind in kinds):
        return False
    return float not in kinds or all(value == value for value in values)


def _is_in(column: int, values: Sequence[Any], factor: int) -> Test:
    ordered = sorted(set(values))

    def test(file: DataFile) -> bool:
        found = file.ranges.get(column)
        if found is None:
            return True
        low: Any = found.low
        high: Any = found.high
        if low is None and high is None:
            return found.nulls < file.rows
        place = 0 if low is None else bisect_left(ordered, low * factor)
        return place < len(ordered) and (high is None or ordered[place] <= high * factor)

    return test


def _equal(column: int, value: Any, factor: int) -> Test:
    def test(file: DataFile) -> bool:
        found = file.ranges.get(column)
        if found is None:
            return True
        low: Any = found.low
        high: Any = found.high
        if low is None and high is None:
            return found.nulls < file.rows
        return (low is None or low * factor <= value) and (high is None or high * factor >= value)

    return test


def _bound(pick: Callable[[ColumnRange], Any], holds: Callable[[Any, Any], bool]) -> Callable[[int, Any, int], Test]:
    """A comparison that is decided by one end of the range. `pick` gets that end, `holds` compares it."""

    def build(column: int, value: Any, factor: int) -> Test:
        def test(file: DataFile) -> bool:
            found = file.ranges.get(column)
            if found is None:
                return True
            end = pick(found)
            return found.nulls < file.rows if end is None else holds(end * factor, value)

        return test

    return build


_LOW, _HIGH = attrgetter("low"), attrgetter("high")
_COMPARISONS: Mapping[str, Callable[[int, Any, int], Test]] = {
    "=": _equal,
    "<": _bound(_LOW, lt),
    "<=": _bound(_LOW, le),
    ">": _bound(_HIGH, gt),
    ">=": _bound(_HIGH, ge),
}
