"""What Python programs and notebooks call; the names stand at the top, `from persona_batch import run`."""
