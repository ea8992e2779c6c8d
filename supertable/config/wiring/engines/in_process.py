"""DuckDB, and the files that it reads and writes."""

from __future__ import annotations

from supertable.adapters.engines.duckdb import (
    DuckDBEngine,
    DuckDBInstance,
    DuckDBRowFilterParser,
    DuckDBRowFinder,
    DuckDBRowHolder,
)
from supertable.adapters.engines.pro import ProEngine
from supertable.adapters.readers.files import FileReaderAdapter
from supertable.adapters.readers.values.exact_values import exact_values
from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.engines.engine import Engine
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.ports.engines.updates import UpdatingEngine
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.ports.readers import TextValues
from supertable.application.storage.data_file_writer import DataFileWriter
from supertable.application.storage.files.cached_files import CachedFiles
from supertable.application.storage.files.local_files import LocalFiles
from supertable.config.backends import data_file_access
from supertable.config.backends.pro_cache import pro_options
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.foundation.storage import identifiers, settings, store, vectors


def _data_file_writer(
    *, store: ObjectStore, stored_files: LocalFiles | CachedFiles, identifiers: Identifiers
) -> DataFileWriter:
    return DataFileWriter(store=store, open_writer=stored_files.open_writer, identifiers=identifiers)


def _file_reader(*, settings: Settings) -> FileReaderAdapter:
    return FileReaderAdapter(temporary_folder=settings.folder("temporary"))


def _text_values() -> TextValues:
    return exact_values


def _engine(*, in_process: UpdatingEngine) -> UpdatingEngine:
    """Services override it: see `executors`."""
    return in_process


def _pro_engine(
    *, settings: Settings, lite: DuckDBEngine, source: DuckDBInstance, stored: LocalFiles | CachedFiles
) -> Engine:
    """Services override it: see `executors`."""
    return ProEngine(lite, source, stored, pro_options(settings))


def _finder(*, in_process: RowFinder) -> RowFinder:
    """Services override it: see `executors`."""
    return in_process


duckdb = singleton(data_file_access.duckdb_instance, settings=provided(settings), store=provided(store))
sandbox = singleton(data_file_access.sandbox_instance, settings=provided(settings))
stored_files = singleton(
    data_file_access.data_files,
    settings=provided(settings),
    store=provided(store),
    vectors=provided(vectors),
    duckdb=provided(duckdb),
)
data_files = singleton(
    _data_file_writer,
    store=provided(store),
    stored_files=provided(stored_files),
    identifiers=provided(identifiers),
)
duckdb_engine = singleton(
    DuckDBEngine, instance=provided(duckdb), sandbox=provided(sandbox), stored=provided(stored_files)
)
duckdb_finder = singleton(
    DuckDBRowFinder, instance=provided(duckdb), sandbox=provided(sandbox), stored=provided(stored_files)
)
row_holder = singleton(DuckDBRowHolder, instance=provided(duckdb), stored=provided(stored_files))
pro_engine = singleton(
    _pro_engine,
    settings=provided(settings),
    lite=provided(duckdb_engine),
    source=provided(duckdb),
    stored=provided(stored_files),
)
engine = singleton(_engine, in_process=provided(duckdb_engine))
finder = singleton(_finder, in_process=provided(duckdb_finder))
row_filter_parser = singleton(DuckDBRowFilterParser, instance=provided(duckdb))
text_values = singleton(_text_values)
file_reader = singleton(_file_reader, settings=provided(settings))
