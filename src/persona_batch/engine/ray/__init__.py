"""The engine of clusters that run Ray: actors ask, each with a journal of its own; the run's process keeps the rest."""
