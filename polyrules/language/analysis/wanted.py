"""The orders a strategy wants, whatever action they stand in, and where in the file."""

from collections.abc import Iterator
from typing import NamedTuple

from polyrules.documents.document import Path
from polyrules.domain.money import Side
from polyrules.language.actions import Basket, Quote, Token, Trade, Urgency
from polyrules.language.analysis.meaning import Facts
from polyrules.language.analysis.subject import Place, Subject
from polyrules.language.expression import Expression
from polyrules.language.strategy import Rule


class Wanted(NamedTuple):
    """One order that a rule wants.

    Attributes:
        rule: The rule.
        at: Where the order stands.
        market: Alias of its market, "" of the only one.
        side: Buy or sell.
        token: Of its market, or of the row.
        place: Its price.
        rests: Whether it may only rest, and never takes.
        or_buy: The token a sell buys instead where there is none to sell.
    """

    rule: Rule
    at: Path
    market: str
    side: Side
    token: Token
    place: Place
    rests: bool = False
    or_buy: Token | None = None

    @property
    def price(self) -> Expression:
        """The limit."""
        return self.place.expression

    @property
    def facts(self) -> Facts:
        """What is known where the order is wanted."""
        return self.place.facts

    def name(self, feature: str) -> str:
        """Return how an expression calls a feature of the order's market."""
        return f"{self.market}.{feature}" if self.market else feature


def orders(subject: Subject) -> Iterator[Wanted]:
    """Yield every order whose price the file states."""
    for rule in subject.strategy.rules:
        yield from orders_of(subject, rule)


def orders_of(subject: Subject, rule: Rule) -> Iterator[Wanted]:
    """Yield the orders of one rule whose prices the file states."""
    at, facts = (*subject.rule_path(rule), "then"), subject.firing[rule.id]

    def place(path: Path, price: Expression) -> Place:
        return Place((*path, "price"), f'rule "{rule.id}"', price, facts)

    match rule.then:
        case Trade(market=market, side=side, token=token, price=price) as then:
            rests = then.urgency is Urgency.LOW
            yield Wanted(rule, at, market, side, token, place(at, price), rests)
        case Quote(market=market, sides=sides, post_only=rests):
            for index, one in enumerate(sides):
                path = (*at, "sides", index)
                priced = place(path, one.price)
                yield Wanted(
                    *(rule, path, market, one.side, one.token, priced),
                    rests=rests,
                    or_buy=one.or_buy,
                )
        case Basket(legs=tuple(legs)):
            for index, leg in enumerate(legs):
                path = (*at, "legs", index)
                priced = place(path, leg.price)
                yield Wanted(rule, path, leg.market, leg.side, leg.token, priced)
        case _:
            pass  # a basket of all legs states no price, the others want no order
