"""Many small texts of rows, decoded each for itself, whose values are converted together: a column of all at a time."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from supertable.adapters.readers.json.row_decoder import RowDecoder, Rows
from supertable.application.ports.readers import ReadOptions, RowsOfTexts
from supertable.domain.errors import InvalidInput


def rows_of_texts(texts: Sequence[bytes], format_: str, options: ReadOptions) -> RowsOfTexts | None:
    """See `FileReader.rows_of_texts`."""
    decoder = RowDecoder(options)
    counts: list[int | InvalidInput | None] = []
    read: list[tuple[bytes, Rows]] = []
    for text in texts:
        try:
            rows = decoder.lines(text) if format_ == "ndjson" else decoder.document(text)
        except InvalidInput as error:
            counts.append(error)
        else:
            fits = decoder.have_same_columns(rows)
            counts.append(len(rows) if fits else None)
            read += [(text, rows)] if fits else []
    batch = decoder.batch_of(read)
    return None if batch is None else RowsOfTexts(pa.Table.from_batches([batch]), counts)
