"""Asking a strategy: its exits and rules, and the wishes that come of them."""
