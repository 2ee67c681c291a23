"""How much a decision asks for. Sizing proposes; risk disposes."""

from decimal import Decimal

from polyrules.domain.limits import Limits
from polyrules.domain.market import Market
from polyrules.domain.money import SHARE_STEP, ZERO, Shares, shares_for
from polyrules.domain.steps import Decision
from polyrules.language.strategy import Kelly, Sizing, Stated


def propose(
    decision: Decision,
    sizing: Sizing,
    *,
    market: Market,
    limits: Limits,
    capital: Decimal,
) -> Shares:
    """Return the shares a buy asks for, before any limit.

    Args:
        decision: The wish; its size is not read.
        sizing: The strategy's method.
        market: For the fee.
        limits: For the largest Kelly fraction.
        capital: min(bankroll, equity) [usd].

    Returns:
        Shares in steps of 0.01, 0 where the method sees nothing to gain.
    """
    if isinstance(sizing, Kelly):
        return shares_for(
            kelly_stake(decision, sizing, market, limits, capital), decision.price
        )
    if isinstance(sizing, Stated):
        return Shares(ZERO)  # what states no size of its own wants none
    if sizing.usd is not None:
        return shares_for(Decimal(str(sizing.usd)), decision.price)
    assert sizing.shares is not None, "the schema asks for usd or shares"
    return Shares(Decimal(str(sizing.shares)).quantize(SHARE_STEP))


def kelly_stake(
    decision: Decision,
    sizing: Kelly,
    market: Market,
    limits: Limits,
    capital: Decimal,
) -> Decimal:
    """Return the stake of a Kelly buy [usd].

    With c = price + fee per share and fair probability q: f = (q - c) / (1 - c), and
    the stake is fraction * f * capital, at most `cap`. An unknown fee or fair, or no
    edge after the fee, stakes nothing.

    Source:
        J. L. Kelly, A New Interpretation of Information Rate, 1956, for a bet that
        pays 1 and costs c.
    """
    if decision.fair is None or market.fee_rate is None or capital <= 0:
        return ZERO
    price = decision.price
    share_cost = price + market.fee_rate * price * (1 - price)
    advantage = Decimal(str(decision.fair)) - share_cost
    if advantage <= 0 or share_cost >= 1:
        return ZERO
    fraction = min(Decimal(str(sizing.fraction)), limits.kelly_fraction_max)
    stake = fraction * advantage / (1 - share_cost) * capital
    return stake if sizing.cap is None else min(stake, Decimal(str(sizing.cap)))
