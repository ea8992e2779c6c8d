"""Databases that hold generations, and run the statements over them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.duckdb.types import literal
from supertable.adapters.engines.pro.generations.generation import Generation
from supertable.adapters.engines.pro.options import ProOptions

SETTINGS = (
    "SET disabled_compression_methods = 'alp,alprd,fsst'",  # they slow sums and groups down, and bitpacking does not
    "SET checkpoint_threshold = '1TB'",  # a checkpoint moves rows while queries read them
    "SET checkpoint_on_detach = 'DISABLED'",
)


class Island:
    """A locked-down instance whose only data are the generations that one kind of reader may see.

    It can open no file but those in its own `folder`. None: generations are in memory. `lock` protects versions,
    holders, and the moment at which a query or a refresh takes effect: it is held briefly.
    """

    def __init__(self, key: Hashable, options: ProOptions, folder: Path | None) -> None:
        self.key = key
        self.folder = folder
        self.lock = threading.Lock()
        self.alive = True
        self.instance = DuckDBInstance(
            root=str(folder) if folder else None,
            memory_limit=options.memory_limit,
            threads=options.threads,
            temp_directory=options.temp_directory,
            more_settings=SETTINGS,
        )

    def attach(self, generation: Generation) -> None:
        """Makes the generation's database readable; in memory, makes an empty one."""
        cursor = self.instance.cursor()
        try:
            cursor.execute(f"ATTACH {self.location(generation)}")
        finally:
            cursor.close()

    @contextmanager
    def opened(self, generation: Generation) -> Iterator[None]:  # noqa: ARG002
        """Within the block, the generation's database can be read in the instance."""
        yield

    def location(self, generation: Generation) -> str:
        """The database's location and name, as ATTACH takes them.

        Newer storage versions compress texts so that one look-up decodes all texts of 122,880 rows.
        """
        if self.folder is None:
            return f"':memory:' AS {generation.name} (COMPRESS, STORAGE_VERSION 'v1.0.0')"
        return f"{literal(str(self.file(generation)))} AS {generation.name} (STORAGE_VERSION 'v1.0.0')"

    def hold(self, generation: Generation) -> bool:
        """Protects the generation until `release`; False: it is gone."""
        with self.lock:
            generation.holders += not generation.retired
            return not generation.retired

    def release(self, generation: Generation) -> None:
        with self.lock:
            generation.holders -= 1
            gone = generation.retired and not generation.holders
        if gone:
            self._remove(generation)

    def retire(self, generation: Generation) -> None:
        """Removes the generation as soon as no query holds it."""
        with self.lock:
            gone = not generation.retired and not generation.holders
            generation.retired = True
        if gone:
            self._remove(generation)

    def size(self) -> int:
        """The bytes of all generations, with what a refresh added and what is being made."""
        if self.folder is not None:
            return sum(_size(file) for file in self.folder.iterdir())
        cursor = self.instance.cursor()
        try:
            found = cursor.execute("SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'")
            return sum(size for (size,) in found.fetchall())
        finally:
            cursor.close()

    def size_of(self, generation: Generation, before: int) -> int:
        """The bytes of a new generation; `before`: what all others took before it was made."""
        return max(self.size() - before, 0) if self.folder is None else _size(self.file(generation))

    def abandon(self) -> None:
        """Gives the island up after a fatal error; queries under way keep its database."""
        self.alive = False
        self.instance.abandon()

    def close(self) -> None:
        self.alive = False
        self.instance.close()

    def discard_file(self, generation: Generation) -> None:
        if self.folder is not None:
            file = self.file(generation)
            for part in (file, file.with_name(f"{file.name}.wal")):
                part.unlink(missing_ok=True)

    def _remove(self, generation: Generation) -> None:
        if self.alive:
            cursor = self.instance.cursor()
            try:
                with suppress(duckdb.Error):
                    cursor.execute(f"DETACH {generation.name}")
            finally:
                cursor.close()
        self.discard_file(generation)

    def file(self, generation: Generation) -> Path:
        assert self.folder is not None
        return self.folder / f"{generation.name}.duckdb"


class PublishingIsland(Island):
    """Its generations are files that never change, which other processes read. No statement runs here."""

    def __init__(self, key: Hashable, options: ProOptions, folder: Path, writer: DuckDBInstance) -> None:
        super().__init__(key, options, folder)
        self.instance = writer

    def attach(self, generation: Generation) -> None: ...

    @contextmanager
    def opened(self, generation: Generation) -> Iterator[None]:
        cursor = self.instance.cursor()
        try:
            cursor.execute(f"ATTACH {literal(str(self.file(generation)))} AS {generation.name} (READ_ONLY)")
            yield
        finally:
            cursor.execute(f"DETACH DATABASE IF EXISTS {generation.name}")
            cursor.close()

    def copy(self, old: Generation, new: Generation) -> None:
        """Makes the database of `new` a copy of that of `old`, which its caller holds."""
        shutil.copyfile(self.file(old), self.file(new))

    def close(self) -> None:
        self.alive = False
        assert self.folder is not None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove(self, generation: Generation) -> None:
        self.discard_file(generation)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
