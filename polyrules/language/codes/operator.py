"""Codes of the desk: what the operator states. Examples are parts of a desk file."""

from polyrules.language.codes.page import page

PAGES = (
    page(
        "PD001",
        "a clock too fast or too slow",
        """
The tick of a desk is how often its strategies can be asked at most: from 100 ms to a
day.
""",
        "tick: 50ms",
        "tick: 1s",
    ),
    page(
        "PD002",
        "finer than money is",
        """
Dollars have six decimals on the chain; a limit finer than that cannot be held.
""",
        "bankroll_usd: 1000.1234567",
        "bankroll_usd: 1000.12",
    ),
    page(
        "PD003",
        "a variable where none may stand",
        """
Only the password of the journal is taken from the environment: ${NAME} in its place.
Anything else could put a secret where it is printed.
""",
        "journal: postgresql://${USER}@localhost/polyrules",
        "journal: postgresql://me@localhost/polyrules",
    ),
    page(
        "PD004",
        "no order is possible",
        """
The least an order may cost is more than the most a market may hold: everything would be
refused.
""",
        "limits: {order_usd_min: 60}",
        "limits: {order_usd_min: 5}",
    ),
    page(
        "PD005",
        "not a URL",
        """
The journal is named by a URL, such as sqlite:///polyrules.db, and so is every source of
market data: a scheme, a host, and a port from 1 to 65535 where it is not the usual one.
""",
        "journal: postgresql://[localhost/polyrules",
        "journal: sqlite:///polyrules.db",
    ),
    page(
        "PD006",
        "a password in the desk",
        """
A desk is a file that is copied and shown. Write ${NAME} in the place of the password
and set NAME in the environment.
""",
        "journal: postgresql://me:secret@localhost/polyrules",
        "journal: sqlite:///polyrules.db",
    ),
    page(
        "PD007",
        "a clock that cannot be",
        """
Time runs faster than life at a simulated venue only, and only where all sources are on
this machine. `polyrules sim --write-desk PATH` writes a desk that fits.
""",
        "clock: {from: wall, speed: 20}",
        "clock: {from: wall, speed: 1}",
    ),
    page(
        "PD008",
        "tiers out of order",
        """
A market goes from T0 to T4 as its end comes nearer, so the hours at which the next tier
begins fall from one to the next.
""",
        "collection: {tier_hours: [1, 4, 12, 48]}",
        "collection: {tier_hours: [48, 12, 4, 1]}",
    ),
    page(
        "PD009",
        "more markets than the connections carry",
        """
A market has two tokens, and a connection to the market channel carries so many of them:
`sockets` times `tokens_per_socket`, halved, is how many markets can be followed.
""",
        "collection: {subscriptions_max: 1000}",
        "collection: {subscriptions_max: 1000, sockets: 10}",
    ),
)
