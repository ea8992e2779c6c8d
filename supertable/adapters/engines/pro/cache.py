"""All that the Pro engine keeps, within its budget."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.adapters.engines.pro.background import Background
from supertable.adapters.engines.pro.folder import ProcessFolder
from supertable.adapters.engines.pro.generations.generation_maker import GenerationMaker
from supertable.adapters.engines.pro.generations.islands import SETTINGS, Island, PublishingIsland
from supertable.adapters.engines.pro.options import ProOptions
from supertable.adapters.engines.pro.relations import Relation
from supertable.application.ports.engines.file_sources import FileSource

_MOST_ISLANDS = 16
_Key = tuple[Hashable, Hashable]


class Cache:
    """Relations by their island and key, the least recently used first."""

    def __init__(self, source: DuckDBInstance, stored: FileSource, options: ProOptions) -> None:
        self.background = Background()
        self._options = options
        self._folder = ProcessFolder(options.folder) if options.folder else None
        self._writer = self._made_writer()
        self._maker = GenerationMaker(source, stored, self._writer)
        self._islands: OrderedDict[Hashable, Island] = OrderedDict()
        self._relations: OrderedDict[_Key, Relation] = OrderedDict()
        self._lock = threading.RLock()

    def island(self, key: Hashable) -> Island:
        with self._lock:
            island = self._islands.get(key)
            if island is None or not island.alive:
                self._forget(key)
                island = self._islands[key] = self._made_island(key)
            self._islands.move_to_end(key)
            while len(self._islands) > _MOST_ISLANDS:
                self._forget(next(iter(self._islands)))
            return island

    def relation(self, island: Island, key: Hashable) -> Relation:
        with self._lock:
            whole = (island.key, key)
            found = self._relations.get(whole)
            if found is None or found.island is not island:
                at_once = self._options.at_once_rows
                found = Relation(island, self._maker, self.background, at_once, self._shrink)
                self._relations[whole] = found
            self._relations.move_to_end(whole)
            return found

    def known(self, island: Hashable, key: Hashable) -> Relation | None:
        """The relation if there is one; this is no use of it."""
        return self._relations.get((island, key))

    def settled(self) -> bool:
        """See `Keeper.settled`."""
        return self.background.idle and all(relation.is_merged for relation in list(self._relations.values()))

    def size(self) -> int:
        """The bytes of all that is kept."""
        return sum(island.size() for island in list(self._islands.values()) if island.alive)

    def close(self) -> None:
        self.background.close()
        with self._lock:
            for key in list(self._islands):
                self._forget(key)
        if self._writer is not None:
            self._writer.close()
        if self._folder is not None:
            self._folder.close()

    def _shrink(self, newest: Relation) -> None:
        """Drops the least recently used relations until the rest fits; `newest` last."""
        going = 0
        with self._lock:
            for relation in list(self._relations.values()):
                if self.size() - going <= self._options.cache_bytes:
                    return
                if relation is not newest:
                    going += relation.drop()
        if self.size() - going > self._options.cache_bytes:
            newest.drop_what_is_too_large()

    def _forget(self, key: Hashable) -> None:
        """Drops an island and all its relations. Queries under way keep its database."""
        island = self._islands.pop(key, None)
        if island is None:
            return
        for whole in [whole for whole in self._relations if whole[0] == key]:
            del self._relations[whole]
        island.close()

    def _made_island(self, key: Hashable) -> Island:
        folder = self._folder.new() if self._folder else None
        if self._options.publishes:
            assert folder is not None
            assert self._writer is not None
            return PublishingIsland(key, self._options, folder, self._writer)
        return Island(key, self._options, folder)

    def _made_writer(self) -> DuckDBInstance | None:
        """The instance that writes databases, with one thread, so that queries have the others."""
        if self._folder is None:
            return None
        options = self._options
        return DuckDBInstance(
            root=str(self._folder.path),
            memory_limit=options.memory_limit,
            threads=1,
            temp_directory=options.temp_directory,
            more_settings=SETTINGS,
        )
