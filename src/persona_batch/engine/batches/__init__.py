"""The engine of batch files: cells go up in files of requests, and their results come back hours later."""
