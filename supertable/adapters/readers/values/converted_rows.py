"""Batches of text columns, converted to the columns of a load. Rows that do not fit are refused, or set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from supertable.adapters.readers import command_line_hints as hints
from supertable.adapters.readers.values.exact_values import ISO, TextForm, exact_values, misfits
from supertable.application.ports.readers import ReadColumn, ReadOptions, RejectedRow
from supertable.application.storage.arrow.arrow_schemas import type_name
from supertable.domain.errors import InferredTypeMisfit, UnreadableInput

Convert = Callable[[pa.Array, "ColumnPlan"], pa.Array]
Locate = Callable[[int], str]
"""The place of a row of a source, counted from 0, in words such as `line 7`."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column of a load. `is_guess`: nobody gave its type. `note`: what a person should know of the guess."""

    name: str
    kind: pa.DataType
    form: TextForm = ISO
    is_guess: bool = False
    note: str = ""

    def described(self) -> ReadColumn:
        return ReadColumn(self.name, self.kind, self.is_guess, self.form.dates, self.note)


def from_text(texts: pa.Array, plan: ColumnPlan) -> pa.Array:
    return exact_values(texts, plan.kind, plan.form)


class RowConverter:
    """Converts the batches of one source in order."""

    def __init__(
        self,
        source: str,
        plans: Sequence[ColumnPlan],
        options: ReadOptions,
        locate: Locate,
        convert: Convert = from_text,
    ) -> None:
        self._source = source
        self._plans = plans
        self._options = options
        self._locate = locate
        self._convert = convert
        self._schema = pa.schema([(plan.name, plan.kind) for plan in plans])
        self._rows = 0

    def batch(self, texts: Sequence[pa.Array | None], rows: int) -> pa.RecordBatch:
        """The columns in the order of the plans, None: the source lacks it. `rows`: how many the batch has.

        Raises `InferredTypeMisfit` for a value that its guessed type cannot hold, `UnreadableInput` for others.
        """
        try:
            arrays = self._arrays(texts, rows)
        except pa.ArrowInvalid:
            kept = self._kept(texts, rows)
            arrays = self._arrays([column and column.filter(kept) for column in texts], pc.sum(kept).as_py() or 0)
        self._rows += rows
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _arrays(self, texts: Sequence[pa.Array | None], rows: int) -> list[pa.Array]:
        return [
            pa.nulls(rows, plan.kind) if column is None else self._convert(column, plan)
            for column, plan in zip(texts, self._plans, strict=True)
        ]

    def _kept(self, texts: Sequence[pa.Array | None], rows: int) -> pa.Array:
        """Which rows fit. The others are set aside, if the options say so."""
        stops = self._options.rejects is None
        refused: dict[int, tuple[ColumnPlan, str]] = {}
        for column, plan in zip(texts, self._plans, strict=True):
            if column is not None:
                for row in misfits(partial(_converted, self._convert, plan), column, 1 if stops else rows):
                    refused.setdefault(row, (plan, column[row].as_py()))
        if stops or (self._options.sample_rows >= 0 and any(plan.is_guess for plan, _ in refused.values())):
            row = min(refused, key=lambda number: (not refused[number][0].is_guess, number))
            raise self._misfit(self._rows + row, *refused[row])
        for row, (plan, value) in sorted(refused.items()):
            self._set_aside(self._rows + row, plan, value)
        return pa.array([row not in refused for row in range(rows)])

    def _set_aside(self, row: int, plan: ColumnPlan, value: str) -> None:
        assert self._options.rejects is not None
        reason = f"it does not fit {type_name(plan.kind)} exactly"
        self._options.rejects.add(RejectedRow(self._source, self._locate(row), plan.name, value, reason))

    def _misfit(self, row: int, plan: ColumnPlan, value: str) -> UnreadableInput:
        place = f"{self._locate(row)}: column {plan.name!r}: {_short(value)!r} does not fit the column's type"
        if plan.is_guess and self._options.sample_rows >= 0:
            reason = f"{place} {type_name(plan.kind)}, inferred from the rows before it. {hints.INFER_TYPES}"
            return InferredTypeMisfit(self._source, reason)
        reason = f"{place} {type_name(plan.kind)} exactly. Correct the value."
        return UnreadableInput(self._source, f"{reason} {hints.of_misfit(value, plan.kind)}")


def _converted(convert: Convert, plan: ColumnPlan, texts: pa.Array) -> pa.Array:
    return convert(texts, plan)


def _short(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
