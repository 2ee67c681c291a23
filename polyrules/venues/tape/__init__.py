"""Tapes: recorded Events on disk, readable without polyrules."""
