"""Orders that come to nothing: sold without being held, or refused whenever sent.

All of it is proven from what is known where the rule is TRUE. Ticks are taken to be a
cent at most, as they are in trade.
"""

from collections.abc import Iterator
from itertools import product

from polyrules.domain.money import Side
from polyrules.language.actions import Quote
from polyrules.language.analysis.intervals import Range
from polyrules.language.analysis.linear import BOOK, ONE, Part, Sum, Sums, less
from polyrules.language.analysis.subject import Find, Subject
from polyrules.language.analysis.wanted import Wanted, orders, orders_of

HELD = {
    "yes": ("position_shares", "position_yes_shares", "position_cost"),
    "no": ("position_shares", "position_no_shares", "position_cost"),
    "row": ("position_shares", "position_cost"),
}
WORDS = {"yes": "yes_token", "no": "no_token", "row": "t.token"}
TAKES = {
    (Side.BUY, "yes"): "best_ask",
    (Side.SELL, "yes"): "best_bid",
    (Side.BUY, "no"): "no_best_ask",
    (Side.SELL, "no"): "no_best_bid",
}
"""The price at which an order meets another that rests."""
ROOM = 1e-9  # the grid of prices


def sold_unheld(subject: Subject) -> Iterator[Find]:
    """Yield sells where the rule itself says that nothing is held."""
    for wanted in orders(subject):
        if wanted.side is Side.BUY or wanted.or_buy is not None:
            continue
        for name in map(wanted.name, HELD[wanted.token]):
            held = wanted.facts.known.get(name)
            if isinstance(held, Range) and held.possible and held.high <= 0.0:
                yield _unheld(wanted, name)
                break


def _unheld(wanted: Wanted, name: str) -> Find:
    other = {"yes": "no_token", "no": "yes_token"}.get(wanted.token, "the other token")
    message = (
        f'rule "{wanted.rule.id}" sells {WORDS[wanted.token]} where {name} is 0: there'
        " is nothing to sell, and it never does anything"
    )
    hint = f"to bet against {WORDS[wanted.token]}, buy {other}"
    return Find((*wanted.at, "action"), message, hint)


def refused(subject: Subject) -> Iterator[Find]:
    """Yield orders that are refused whenever they are sent."""
    for rule in subject.strategy.rules:
        found = list(orders_of(subject, rule))
        yield from (find for each in found for find in _taking(each))
        if isinstance(rule.then, Quote):
            yield from _crossed(found)


def _taking(wanted: Wanted) -> Iterator[Find]:
    """Yield an order that may only rest, and never can."""
    name = TAKES.get((wanted.side, wanted.token))
    if not wanted.rests or name is None:
        return
    span = wanted.facts.of(wanted.price, wanted.price.tree)
    if isinstance(span, Range) and (span.low >= 1.0 or span.high <= 0.0):
        return  # no order has such a price: PL008
    price = Sums(wanted.facts).of(wanted.price, wanted.price.tree)
    market = f"{wanted.market}." if wanted.market else ""
    met: Sum = {
        market + part if part else ONE: Part(count)
        for part, count in BOOK[name].items()
    }
    if not _reaches(wanted, price, met):
        return
    is_quote = isinstance(wanted.rule.then, Quote)
    why = "post_only" if is_quote else "urgency: low"
    beyond = "below" if wanted.side is Side.BUY else "above"
    word = wanted.side.value.lower()
    message = (
        f"a {word} that is never {beyond} {wanted.name(name)} takes"
        f" what is there, and {why} forbids it: it is refused whenever it is sent"
    )
    rest = "best_bid" if wanted.side is Side.BUY else "best_ask"
    rest = wanted.name(rest if wanted.token == "yes" else f"no_{rest}")
    take = "post_only: false" if is_quote else "urgency: high"
    hint = f"to rest, price it from {rest}; to take, write {take}"
    yield wanted.place.find(wanted.price.tree, message, hint)


def _reaches(wanted: Wanted, price: Sum, met: Sum) -> bool:
    """Tell whether a price is always at least as good as the one it meets."""
    pair = (price, met) if wanted.side is Side.BUY else (met, price)
    return Sums(wanted.facts).lowest(less(*pair)) >= -ROOM


def _crossed(sides: list[Wanted]) -> Iterator[Find]:
    """Yield the buys of a quote that its own sells would meet."""
    buys = [each for each in sides if each.side is Side.BUY]
    sells = [each for each in sides if each.side is Side.SELL]
    for buy, sell in product(buys, sells):
        sums = Sums(buy.facts)
        bid = sums.of(buy.price, buy.price.tree)
        offer = sums.of(sell.price, sell.price.tree)
        if buy.token == sell.token and sums.lowest(less(bid, offer)) >= -ROOM:
            message = (
                f"this quote buys at {buy.price.source} and sells at"
                f" {sell.price.source}, which is never higher: its own orders cross,"
                " and are refused"
            )
            hint = "buy from the bid and sell from the ask: are the two swapped?"
            yield buy.place.find(buy.price.tree, message, hint)
