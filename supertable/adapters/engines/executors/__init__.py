"""Executors: child processes that run callers' SQL, so that none of it can harm the process of a service."""

from supertable.adapters.engines.executors.engine import ExecutorEngine
from supertable.adapters.engines.executors.files_of_service import ReadInExecutor
from supertable.adapters.engines.executors.messages.requests import ExecutorLimits, InstanceOptions
from supertable.adapters.engines.executors.pool import ExecutorPool
from supertable.adapters.engines.executors.pro_engine import ExecutorProEngine
from supertable.adapters.engines.executors.row_finder import ExecutorRowFinder
from supertable.adapters.engines.executors.turns import Turns

__all__ = [
    "ExecutorEngine",
    "ExecutorLimits",
    "ExecutorPool",
    "ExecutorProEngine",
    "ExecutorRowFinder",
    "InstanceOptions",
    "ReadInExecutor",
    "Turns",
]
