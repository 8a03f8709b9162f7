"""One request to a stream of events: the only part that talks to endpoints."""
