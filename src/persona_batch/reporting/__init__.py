"""A run as one HTML file: read records and a comparison, write a page that needs no server."""
