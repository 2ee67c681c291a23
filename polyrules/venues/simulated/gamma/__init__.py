"""The simulated Gamma: what the venue tells of its markets, a little late."""
