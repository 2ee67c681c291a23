"""Small strategies as files, for tests that need one."""

from polyrules.language.load import load
from polyrules.language.strategy import Strategy

BUY_TIGHT = """\
polyrules: 1
strategy: {id: buy_tight, version: 1.0.0, title: Buys a tight spread}
params:
  widest: {type: prob, default: 0.02, min: 0.001, max: 0.10, step: 0.001}
universe: {each: market, where: accepting_orders and hours_to_close > 0}
rules:
  - id: enter
    when: spread <= widest and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask, urgency: normal,
           reason: "spread {spread:.3f}"}
sizing: {method: fixed, amount: 10 USD}
exits:
  - {id: stop, stop_loss: 0.10}
schedule: {every: 1s}
"""

SELL_HIGH = """\
polyrules: 1
strategy: {id: sell_high, version: 1.0.0, title: Buys low and sells high}
universe: {each: market, where: accepting_orders}
rules:
  - id: leave
    when: best_bid >= 0.60 and position_yes_shares > 0
    then: {action: sell, token: yes_token, price: best_bid, urgency: high}
  - id: enter
    when: best_ask <= 0.50 and position_shares == 0
    then: {action: buy, token: yes_token, price: best_ask, urgency: high, ttl: 30s,
           cooldown: 1m}
sizing: {method: fixed, amount: 20 shares}
exits:
  - {id: aged, max_hold: 1h}
schedule: {every: 1s}
"""


def strategy(text: str = BUY_TIGHT, **settings: str) -> Strategy:
    """Return a checked strategy with parameters set."""
    return load(text, path="test.yaml", settings=settings)
