"""A strategy in plain English: what it does, reads, risks and tests."""
