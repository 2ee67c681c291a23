"""What the operator allows. The engine enforces it; the desk file states it."""

from decimal import Decimal

import msgspec

from polyrules.domain.money import Usd


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's limits. A strategy can only tighten them.

    Dollars are exact; `drawdown_max` and `kelly_fraction_max` are shares of 1;
    `hard_stop` is a fall of the price below average cost [usd/share]; 1 means never.
    The last five are asked for by strategies only; None asks for nothing. `losses_rest`
    is in microseconds, `leg_shares_max` how many shares the legs of a basket may differ
    by.
    """

    market_usd_max: Usd = Usd(Decimal(50))
    total_usd_max: Usd = Usd(Decimal(500))
    positions_max: int = 10
    day_loss_usd_max: Usd = Usd(Decimal(25))
    week_loss_usd_max: Usd = Usd(Decimal(60))
    drawdown_max: Decimal = Decimal("0.15")
    day_volume_usd_max: Usd = Usd(Decimal(10_000))
    order_usd_min: Usd = Usd(Decimal(1))
    kelly_fraction_max: Decimal = Decimal("0.25")
    hard_stop: Decimal = Decimal("0.25")
    group_usd_max: Usd | None = None
    orders_hour_max: int | None = None
    losses_row_max: int | None = None
    losses_rest: int | None = None
    leg_shares_max: Decimal | None = None
