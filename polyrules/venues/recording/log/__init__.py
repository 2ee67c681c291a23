"""The log under a tape that is being recorded."""
