"""Completion in bash, zsh and fish: scripts that ask `batch __complete`, which answers without loading typer."""
