"""Exchange with other tools, one module per foreign format: their inputs and results in, ours out."""
