"""Asking: a request becomes a reply or a failure; retries, pace, budgets and the breaker are inside."""
