"""Personas and questions of other tools: `source` reads bounded, a format recognises and reads, `writing` writes."""
