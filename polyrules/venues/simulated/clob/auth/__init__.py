"""Who asks: keys of wallets, what they sign, and who signed it."""
