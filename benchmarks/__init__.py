"""Benchmarks: `python -m benchmarks` lists them. Results are ratios of medians, which depend little on the machine."""

import os

os.environ.setdefault("SUPERTABLE_RESULT_CACHE_BYTES", "0")
"""Runs are measured, which kept results would hide."""
