"""Batches as `multipart/mixed`: each part is an HTTP request as text."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from secrets import token_hex

from litestar.exceptions import HTTPException

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.answers.answer import Document, Rows
from supertable.entrypoints.odata.batches.parts import Part, require_few
from supertable.entrypoints.odata.batches.running import Answering, BatchBody
from supertable.entrypoints.odata.requests.incoming import Incoming

_CHANGES = "A change set has requests that write, and this service only reads. Nothing was changed."


def multipart_batch(batch: Incoming, answering: Answering) -> Rows:
    """Raises `InvalidInput` for a body that is no batch, and 405 for one with a change set."""
    head = f"Content-Type: {batch.headers.get('content-type', '')}\r\n\r\n".encode("latin-1")
    message = BytesParser().parsebytes(head + batch.body)
    if not message.is_multipart():
        raise InvalidInput("The body is no batch: it has no parts between the boundaries that `Content-Type` names.")
    parts = list(_parts(message))
    boundary = f"batch_{token_hex(16)}"

    def written(part: Part, answer: Document) -> bytes:
        return _response(boundary, part, answer)

    body = BatchBody(batch, parts, answering, written, end=f"--{boundary}--\r\n".encode())
    return Rows(body, f"multipart/mixed;boundary={boundary}")


def _parts(message: Message) -> Iterator[Part]:
    found = message.get_payload()
    assert isinstance(found, list)
    require_few(len(found))
    for number, each in enumerate(found):
        assert isinstance(each, Message)
        if each.get_content_maintype() == "multipart":
            raise HTTPException(_CHANGES, status_code=405)
        yield _part(each, str(each.get("Content-ID") or number))


def _part(message: Message, id_: str) -> Part:
    payload = message.get_payload(decode=True)
    if not isinstance(payload, bytes) or message.get_content_type() != "application/http":
        raise InvalidInput("Each part of a batch must be of the type `application/http`.")
    head, _, body = payload.lstrip().replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").strip().split("\n")
    words = first.split()
    if len(words) not in (2, 3):
        raise InvalidInput(f"A part of the batch does not begin with a method and an address: {first[:80]!r}.")
    headers = dict(_header(line) for line in lines if line.strip())
    return Part(id_, words[0].upper(), words[1], headers, body)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise InvalidInput(f"A part of the batch has a header without a colon: {line[:80]!r}.")
    return name.strip().lower(), value.strip()


def _response(boundary: str, part: Part, answer: Document) -> bytes:
    content_id = "" if part.id.isdigit() else f"Content-ID: {part.id}\r\n"
    headers = dict(answer.headers)
    if answer.body:
        headers |= {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    phrase = HTTPStatus(answer.status).phrase
    head = (
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{content_id}\r\n"
        f"HTTP/1.1 {answer.status} {phrase}\r\n{lines}\r\n"
    )
    return head.encode("latin-1") + answer.body + b"\r\n"
