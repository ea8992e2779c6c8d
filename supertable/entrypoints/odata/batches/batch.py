"""The format of a batch, by its `Content-Type`."""

from __future__ import annotations

from litestar.exceptions import HTTPException

from supertable.entrypoints.odata.answers.answer import Rows
from supertable.entrypoints.odata.batches.json_batch import json_batch
from supertable.entrypoints.odata.batches.multipart_batch import multipart_batch
from supertable.entrypoints.odata.batches.running import Answering
from supertable.entrypoints.odata.requests.incoming import Incoming


def is_batch(request: Incoming) -> bool:
    return request.path.rstrip("/").endswith("/$batch")


def batch_answer(request: Incoming, answering: Answering) -> Rows:
    """The answers of all requests of a batch. `answering`: answers one of them.

    Raises 405 for methods other than POST, 415 for a body of another type, and `InvalidInput`.
    """
    if request.method != "POST":
        raise HTTPException("`$batch` takes POST.", status_code=405, headers={"Allow": "POST"})
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/mixed":
        return multipart_batch(request, answering)
    if kind == "application/json":
        return json_batch(request, answering)
    raise HTTPException("A batch is `multipart/mixed` or `application/json`.", status_code=415)
