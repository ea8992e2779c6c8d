"""All of them, SuperTable first. Their packages are in requirements-bench.lock."""

from __future__ import annotations

from benchmarks.systems import System
from benchmarks.systems.delta import DeltaRs
from benchmarks.systems.ducklake import DuckLake
from benchmarks.systems.iceberg import PyIceberg
from benchmarks.systems.parquet_files import ParquetFiles
from benchmarks.systems.supertable_lake import SuperTable

EVERYONE: tuple[type[System], ...] = (SuperTable, ParquetFiles, DuckLake, DeltaRs, PyIceberg)
