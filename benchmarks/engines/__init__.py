"""What the engines cost, beside DuckDB over clean Parquet and beside other systems."""
