"""Tables of personas and questions: rows of CSV, TSV, JSON, JSONL and Parquet, each with its place in the file."""
