"""The programs that are measured: each is run by itself, and prints one JSON object."""
