"""The compared systems, SuperTable first. Their packages are in requirements-bench.lock."""

from __future__ import annotations

from benchmarks.peers.systems import System
from benchmarks.peers.systems.delta import DeltaRs
from benchmarks.peers.systems.ducklake import DuckLake
from benchmarks.peers.systems.iceberg import PyIceberg
from benchmarks.peers.systems.parquet_files import ParquetFiles
from benchmarks.peers.systems.supertable_lake import SuperTable

ALL_SYSTEMS: tuple[type[System], ...] = (SuperTable, ParquetFiles, DuckLake, DeltaRs, PyIceberg)
