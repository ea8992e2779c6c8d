"""Benchmarks: `python -m benchmarks` lists them. Results are ratios of medians, which depend little on the machine."""
