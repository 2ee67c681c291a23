"""The sockets of the market channel, and what is normal of them."""
