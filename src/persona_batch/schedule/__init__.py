"""Runs from cron: the crontab and the state of its jobs."""
