"""Results to eyes: terminal, tables, transcripts."""
