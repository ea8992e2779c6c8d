"""The Pro engine: DuckDB over copies of tables' live rows, which it keeps between queries. See docs/adr/0029."""

from supertable.adapters.engines.pro.engine import ProEngine
from supertable.adapters.engines.pro.options import ProOptions

__all__ = ["ProEngine", "ProOptions"]
