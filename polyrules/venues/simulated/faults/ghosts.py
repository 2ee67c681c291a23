"""Trades that a fault keeps from the chain, and who is not to hear of them."""

import random

from polyrules.venues.simulated.exchange.trades import confirmed, drawn
from polyrules.venues.simulated.exchange.words import (
    Fate,
    Message,
    Traded,
    TradeMoved,
    TradeStatus,
)
from polyrules.venues.simulated.faults.kinds import name_of
from polyrules.venues.simulated.faults.standing import Faults


class Ghosts:
    """Decides the fate of each trade by the faults at its moment.

    Args:
        faults: What goes wrong; every trade that is struck is counted there.
        rng: Where chance comes from; not asked while nothing is wrong.
    """

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self._faults = faults
        self._rng = rng
        self._failing: set[str] = set()

    def fate(self, trade: Traded) -> Fate:
        """Return what becomes of a trade."""
        ghost = self._faults.ghost(trade.at)
        if ghost is None:
            return confirmed(trade)
        lot = drawn(self._rng, failed=ghost.failed, retried=ghost.retried)(trade)
        if lot is not Fate.CONFIRMED:
            self._faults.counts[name_of(ghost), "clob"] += 1
        if lot is Fate.FAILED:
            self._failing.add(trade.id)
        return lot

    def on_chain(self, message: Message) -> bool:
        """Tell whether the chain knows of a message: of no trade that fails.

        To be asked of all messages in order.
        """
        if isinstance(message, Traded):
            return message.id not in self._failing
        if isinstance(message, TradeMoved) and message.status is TradeStatus.FAILED:
            self._failing.discard(message.trade.id)
        return True
