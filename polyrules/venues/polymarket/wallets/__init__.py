"""Wallets: which address is right, what it trades, how well it did, who is a whale."""

from polyrules.venues.polymarket.wallets.feed import Wallets, WalletSettings

__all__ = ["WalletSettings", "Wallets"]
