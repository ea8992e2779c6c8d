"""ClickBench over generated hits."""
