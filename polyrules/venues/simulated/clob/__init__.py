"""The simulated CLOB: REST with the venue's two levels of auth, and the user channel.

Serves the exchange core as Polymarket does, error texts included. Orders carry real
EIP-712 signatures, which are verified; so this needs the extra `live` (eth_account),
imported when the first signature arrives.
"""
