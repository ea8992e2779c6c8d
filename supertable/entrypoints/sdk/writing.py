"""Writing whatever has rows to a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from supertable.application.commits.write_result import WriteResult
from supertable.application.ddl.load_files import LoadRequest
from supertable.application.ddl.write_or_create import WriteTarget
from supertable.application.ports.readers import ReadOptions
from supertable.application.tables.namespace import Namespace
from supertable.application.writes.write_modes import WriteMode
from supertable.config.container import Container
from supertable.entrypoints.sdk.inputs.sources import listed_paths, paths_of, rows_of

Names: TypeAlias = str | Sequence[str]


def names_of(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def write_to(container: Container, namespace: Namespace, target: WriteTarget, data: Any) -> WriteResult:
    """Write the rows of the data, or of the files that it names. Raises what `Lake.write` raises."""
    data = listed_paths(data)
    paths = paths_of(data)
    if paths is not None:
        request = LoadRequest([str(path) for path in paths], target)
        return container.load_files()(namespace, request, ReadOptions()).write
    use_case = container.write_or_create()
    existing = use_case.existing(namespace, target)
    rows = rows_of(data, existing.unmasked if existing else None, same_columns=target.mode is WriteMode.UPSERT)
    return use_case(namespace, target, existing, rows)
