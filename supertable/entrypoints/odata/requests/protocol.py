"""Versions and formats: what a request's headers and `$format` ask for.

Source: OData Protocol 4.01, 8.1.5, 8.2.6, 8.2.7; OData JSON Format 4.01, 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from litestar.exceptions import HTTPException

from supertable.domain.errors import InvalidInput

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)
_JSON = "application/json"
_XML = "application/xml"
_WILDCARDS = frozenset({"*/*", "application/*"})
_FORMATS = {"json": _JSON, "xml": _XML, "atom": "application/atom+xml"}
_ONLY_JSON = (
    "Rows are answered as JSON: ask for `application/json` in `Accept` or `$format`. Atom and XML are formats of older "
    "versions of OData, which this service does not have."
)
_ONLY_METADATA = "$metadata is answered as `application/xml` or `application/json`."


class Metadata(StrEnum):
    """How much a JSON answer tells of its own types and addresses."""

    NONE = "none"
    MINIMAL = "minimal"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Protocol:
    """The version and the form of an answer. `exact_numbers`: 64-bit integers and decimals are strings."""

    version: str = "4.0"
    metadata: Metadata = Metadata.MINIMAL
    exact_numbers: bool = False

    def control(self, name: str) -> str:
        """The name of a control information: `@odata.context`, since 4.01 `@context`."""
        return f"@odata.{name}" if self.version == "4.0" else f"@{name}"

    @property
    def headers(self) -> dict[str, str]:
        return {"OData-Version": self.version}

    @property
    def content_type(self) -> str:
        """That of JSON answers."""
        prefix = "odata." if self.version == "4.0" else ""
        numbers = ";IEEE754Compatible=true" if self.exact_numbers else ""
        return f"{_JSON};{prefix}metadata={self.metadata}{numbers};charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Range:
    """One range of `Accept`."""

    media_type: str
    parameters: Mapping[str, str]
    quality: float


def version_of(headers: Mapping[str, str]) -> str:
    """The version of the answer: 4.01 for clients that ask for it, else 4.0. Raises `InvalidInput` for older ones."""
    given = _version(headers, "odata-version")
    most = _version(headers, "odata-maxversion")
    if most is not None and most < (4, 0):
        raise InvalidInput("`OData-MaxVersion` is less than 4.0, the oldest version that this service answers in.")
    if given is not None and not (4, 0) <= given <= (4, 1):
        raise InvalidInput("`OData-Version` must be 4.0 or 4.01, the versions that this service understands.")
    return "4.01" if (most or given or (4, 0)) >= (4, 1) else "4.0"


def json_protocol(headers: Mapping[str, str], format_option: str | None) -> Protocol:
    """The form of a JSON answer. Raises 406 where the request allows none."""
    version = version_of(headers)
    for each in _ranges(headers, format_option):
        if each.media_type in (_JSON, *_WILDCARDS) and (found := _accepted(version, each.parameters)):
            return found
    raise HTTPException(_ONLY_JSON, status_code=406)


def wants_json_metadata(headers: Mapping[str, str], format_option: str | None) -> bool:
    """Whether `$metadata` is to be JSON; XML if any will do. Raises 406."""
    for each in _ranges(headers, format_option):
        if each.media_type in (_XML, *_WILDCARDS):
            return False
        if each.media_type == _JSON:
            return True
    raise HTTPException(_ONLY_METADATA, status_code=406)


def _accepted(version: str, parameters: Mapping[str, str]) -> Protocol | None:
    """None for parameters that no answer has."""
    known = {name.removeprefix("odata."): value for name, value in parameters.items()}
    metadata, exact = known.pop("metadata", "minimal"), known.pop("ieee754compatible", "false")
    known.pop("streaming", None)
    if known.pop("charset", "utf-8") not in ("utf-8", "utf8") or known.keys() - {"odata"} or exact not in _FLAGS:
        return None
    if metadata not in list(Metadata) or known.get("odata", "minimalmetadata") not in _OLD_NAMES:
        return None
    metadata = _OLD_NAMES[known["odata"]] if "odata" in known else metadata
    return Protocol(version, Metadata(metadata), _FLAGS[exact])


_FLAGS = {"true": True, "false": False}
_OLD_NAMES = {"minimalmetadata": "minimal", "fullmetadata": "full", "nometadata": "none"}


def _ranges(headers: Mapping[str, str], format_option: str | None) -> list[_Range]:
    """What the client accepts, the best first. `$format` wins over `Accept`; without both, anything will do."""
    if format_option is not None:
        name, *parameters = format_option.split(";")
        name = name.strip().lower()
        return [_range(";".join([_FORMATS.get(name, name), *parameters]))]
    found = [_range(text) for text in headers.get("accept", "*/*").split(",") if text.strip()]
    return sorted((each for each in found if each.quality > 0), key=lambda each: -each.quality)


def _range(text: str) -> _Range:
    media_type, *rest = text.split(";")
    parameters = dict(_parameters(rest))
    try:
        quality = float(parameters.pop("q", "1"))
    except ValueError:
        quality = 0.0
    return _Range(media_type.strip().lower(), parameters, quality)


def _parameters(texts: list[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, _, value = text.partition("=")
        if name.strip():
            yield name.strip().lower(), value.strip().strip('"').lower()


def _version(headers: Mapping[str, str], name: str) -> tuple[int, int] | None:
    text = headers.get(name)
    if text is None:
        return None
    found = _VERSION.match(text.strip())
    if found is None:
        raise InvalidInput(f"`{name}` is no version of OData, such as 4.0.")
    return int(found[1]), int(found[2])
