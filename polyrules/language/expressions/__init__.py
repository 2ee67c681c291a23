"""Expressions: from their text to a typed tree, with everything wrong found at once."""
