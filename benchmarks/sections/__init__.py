"""One module per thing measured; `measure(bench)` returns a `Section`."""
