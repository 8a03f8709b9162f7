"""Agents, masks, and prompts that are files of their own."""
