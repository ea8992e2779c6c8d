"""The key index."""

from __future__ import annotations

from supertable.application.key_index.duplicate_rows import DuplicateRows
from supertable.application.key_index.key_indexes import KeyIndexes
from supertable.application.key_index.key_lookups import KeyLookups
from supertable.application.key_index.key_matching import KeyMatcher
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.engines.in_process import finder
from supertable.config.wiring.foundation.storage import settings, vectors


def _key_indexes(*, settings: Settings) -> KeyIndexes:
    return KeyIndexes(settings.key_index_bytes)


key_indexes = singleton(_key_indexes, settings=provided(settings))
duplicate_rows = singleton(DuplicateRows, finder=provided(finder), indexes=provided(key_indexes))
matcher = singleton(KeyMatcher, finder=provided(finder), indexes=provided(key_indexes), vectors=provided(vectors))
key_lookups = singleton(KeyLookups, matcher=provided(matcher))
