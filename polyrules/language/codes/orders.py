"""Codes of orders, exits and windows that come to nothing, or are hardly meant."""

from polyrules.language.codes.page import RULE, page

_ENTER = RULE.format(when="spread <= 0.02")
_SELL = _ENTER.replace("buy", "sell").replace("best_ask", "best_bid")
_PAIR = """\
universe: {each: pair, family: deadline}
rules:
  - id: both
    when: near.best_ask < 0.9 and far.best_ask < 0.9
    then:
      action: basket
      legs:
        - {market: far, action: buy, token: yes_token, price: far.best_ask}
        - {market: FIRST, action: buy, token: no_token, price: FIRST.no_best_ask}
      shares: 10
      edge: 1 - far.best_ask - FIRST.no_best_ask
"""
_QUOTE = """\
universe: {each: market, where: "spread >= 0.04"}
rules:
  - id: both_sides
    when: hours_to_close > 12
    then:
      action: quote
      sides:
        - {action: buy, token: yes_token, price: BID, shares: 20}
        - {action: sell, token: yes_token, price: OFFER, shares: 20}
"""
_ROUND = """\
universe: {{each: round, series: btc_updown_15m}}
schedule: {{every: 1s, window: {{before_end: [{first}, {last}]}}}}
"""


def _stop(when: str, stop: str) -> str:
    exits = f"exits:\n  - {{id: stop, stop_loss: {stop}}}\n"
    return RULE.format(when=when) + exits


def _in_order(*names: str) -> str:
    rules = {
        "wild": "  - {id: wild, when: volume_1h > 5000, then: {action: none}}\n",
        "enter": _ENTER.removeprefix("rules:\n"),
    }
    return "rules:\n" + "".join(rules[name] for name in names)


def _quote(bid: str, offer: str) -> str:
    return _QUOTE.replace("BID", bid).replace("OFFER", offer)


def _held(how: str) -> str:
    return _SELL.replace("spread <= 0.02", f"spread <= 0.02 and {how}")


PAGES = (
    page(
        "PL026",
        "an exit that is never reached",
        """
stop_loss and take_profit are distances from what was paid, in dollars a share. From the
conditions of the rules follows what that may be: what costs 8 cents at most never falls
by 10, and what costs 96 cents or more never gains 5, since no bid is above 0.9999. A
stop of half a dollar or more that leaves next to nothing was meant as a price.
""",
        _stop("best_ask < 0.08", "0.10"),
        _stop("best_ask < 0.08", "0.04"),
    ),
    page(
        "PL027",
        "a sell of what is not held",
        """
sell sells what the strategy holds; nothing can be sold short. Where the rule itself, or
the universe, says that nothing is held, it never does anything. To bet against YES, buy
NO: a share of NO pays 1 where YES pays nothing.
""",
        _held("position_shares == 0"),
        _held("position_shares > 0"),
    ),
    page(
        "PL028",
        "an order that is always refused",
        """
An order that may only rest is refused where it would take: quotes are post-only unless
they say post_only: false, and so is urgency: low. Such a buy must stay below the best
ask. And the sides of one quote must not meet each other: the buy stands below the sell.
It is proven for ticks of a cent at most.
""",
        _quote("best_ask - tick_size", "best_bid + tick_size"),
        _quote("best_bid + tick_size", "best_ask - tick_size"),
    ),
    page(
        "PL029",
        "two markets or two tokens mixed up",
        """
The price of an order is that of the other token, or of the other market: best_ask is
what YES costs, no_best_ask what NO does. On rows of trades t.price is the price of
t.token, whichever that is. Or a fee is taken at the rate of the other market, or near,
which has the earlier deadline, is asked to end after far.
""",
        _ENTER.replace("yes_token", "no_token"),
        _ENTER.replace("yes_token", "no_token").replace("best_ask", "no_best_ask"),
    ),
    page(
        "PL030",
        "legs of one market in a pair",
        """
A row has two markets, and two legs of the basket trade the same one: either the same
token twice, or both tokens, which pay 1 together whatever happens and have nothing to
do with the other market. A copied line mostly.
""",
        _PAIR.replace("FIRST", "far"),
        _PAIR.replace("FIRST", "near"),
    ),
    page(
        "PL031",
        "protection that comes too late",
        """
Under hit_policy: first the first rule that is TRUE decides, and what is behind it is
not asked. What protects (none, cancel, a quote without sides) keeps from nothing there.
Put it before the rules that act, or give it the higher priority: the highest number is
asked first. Under the other policies what protects is always asked first.
""",
        _in_order("enter", "wild"),
        _in_order("wild", "enter"),
    ),
    page(
        "PL032",
        "a window that is never open",
        """
before_end counts from the end of the round, and the name of the series says how long a
round is. A window that closes 16 minutes before the end of a round of 15 minutes is
over before the round has begun.
""",
        _ROUND.format(first="30m", last="16m"),
        _ROUND.format(first="10m", last="1m"),
    ),
)
