"""The heart of the simulated exchange: matching, accounts, settlement.

Pure: no sockets, no clock, no randomness. Time comes in as `now` with every call
[microseconds UTC], and what happened goes out as messages (`Exchange.drain`).
"""
