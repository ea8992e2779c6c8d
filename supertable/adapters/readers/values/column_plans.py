"""Plans of the columns of a load: types that are given, or guessed."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from supertable.adapters.readers.values.converted_rows import ColumnPlan
from supertable.adapters.readers.values.date_formats import checked_date_format, has_clock
from supertable.adapters.readers.values.exact_values import TextForm
from supertable.adapters.readers.values.guesses import Guess
from supertable.application.ports.readers import ReadOptions


def form_of(name: str, options: ReadOptions) -> TextForm:
    """How a column of unknown type writes its values. Raises `InvalidInput` for a date format that cannot be used."""
    formats = {column.lower(): dates for column, dates in options.date_formats.items()}
    dates = formats.get(name.lower(), formats.get("", ""))
    return TextForm(checked_date_format(dates) if dates else "", options.decimal_mark, options.timezone)


def given_kind(name: str, options: ReadOptions) -> pa.DataType | None:
    """The type that the options give a column, matched without case; None: it must be guessed."""
    by_name = {known.lower(): kind for known, kind in options.types.items()}
    kind = by_name.get(name.lower())
    if kind is None:
        return pa.string() if options.all_text else None
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def given_plan(name: str, options: ReadOptions) -> ColumnPlan | None:
    """The plan of a column of text whose type the options give."""
    kind = given_kind(name, options)
    if kind is None:
        return None
    if pa.types.is_nested(kind):  # the write refuses the text
        return ColumnPlan(name, pa.string())
    form = form_of(name, options)
    return ColumnPlan(name, kind, TextForm("", form.decimal_mark) if _is_other_format(kind, form) else form)


def is_format_open(kind: pa.DataType, form: TextForm) -> bool:
    """Whether a column of this type may turn out to have dates in another format than ISO 8601."""
    return not form.dates and (pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None))


def with_format(plan: ColumnPlan, guess: Guess) -> ColumnPlan:
    """The plan of a column of dates with the format of its values, if one alone fits them."""
    return replace(plan, form=guess.form, is_guess=True) if guess.form.dates else plan


def _is_other_format(kind: pa.DataType, form: TextForm) -> bool:
    """Whether the format is that of timestamps, and the column has dates."""
    return pa.types.is_date(kind) and has_clock(form.dates)


def guessed_plan(name: str, guess: Guess) -> ColumnPlan:
    return ColumnPlan(name, guess.kind, guess.form, is_guess=True, note=guess.note)
