"""The whole run, from paths to a sealed run folder: `run.run_batch` reads as the list of its steps."""
