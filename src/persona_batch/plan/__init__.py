"""Models to cells; pure: no files, no network, no clock."""
