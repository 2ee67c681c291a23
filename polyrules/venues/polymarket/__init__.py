"""Polymarket: its wire shapes, turned into our words."""
