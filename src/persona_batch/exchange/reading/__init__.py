"""Foreign files, read bounded: documents, YAML, rows of tables; personas, questions and results come this way."""
