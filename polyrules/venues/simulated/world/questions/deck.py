"""How many there are of each kind of market, when they end, and how they are quoted."""

from polyrules.venues.simulated.world.story import Kind, Manner

HEADLINES = 4
GROUP_MAX = 5  # markets that belong together
COINS = {"BTC": "Bitcoin", "ETH": "Ethereum", "SOL": "Solana", "XRP": "XRP"}
ROUND_DELAY = 150_000  # taker delay of rounds [microseconds]
# The order in which kinds come: any stretch of some twenty markets has all of them.
DECK = (
    *(Kind.PLAIN, Kind.FAVOURITE, Kind.SWING, Kind.RACE, Kind.TAIL, Kind.PLAIN),
    *(Kind.WIDE, Kind.DEADLINE, Kind.FAVOURITE, Kind.PLAIN, Kind.SWING, Kind.TAIL),
    *(Kind.PLAIN, Kind.RACE, Kind.PLAIN, Kind.FAVOURITE, Kind.SWING, Kind.PLAIN),
)
# Hours to the end of a plain question: from, to, and how many of a hundred.
ENDS = (
    *((0.2, 1, 12), (1, 4, 12), (4, 12, 14), (12, 48, 16), (48, 320, 36)),
    (320, 3000, 10),
)
MANNERS = {
    Kind.PLAIN: Manner(),
    Kind.FAVOURITE: Manner(half=0.004, lot=800, taken=0.1),
    Kind.TAIL: Manner(half=0.002, lot=900, levels=5, taken=0.08),
    Kind.SWING: Manner(half=0.005, learning=0.9, taken=0.08),
    Kind.WIDE: Manner(half=0.03, levels=2, lot=150, learning=0.1, taken=0.04),
    Kind.DEADLINE: Manner(half=0.005, levels=3, lot=250, learning=0.8, taken=0.1),
    Kind.RACE: Manner(half=0.005, levels=3, lot=250, learning=0.8, taken=0.12),
    Kind.ROUND: Manner(half=0.01, levels=4, lot=300, learning=0.35, taken=0.3),
}
DEEP = Manner(half=0.005, levels=5, lot=6_000, taken=0.3)
