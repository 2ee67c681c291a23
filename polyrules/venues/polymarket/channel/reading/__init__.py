"""Frames of the market channel as typed messages and exact numbers."""
