"""Names of what tapes know and a trader does not: no rule may read them.

Whoever looks at how a market ended, while it trades, tests how well he can look ahead.
"""

from collections.abc import Mapping

LOOKS_AHEAD = "PL012"
KNOWN_EARLY = "accepting_orders, price and hours_to_close are known while it trades"

_SETTLED = "it is what the market asks"
_LATE = "it is written when the market is settled"
_REVISED = "it is revised later, and a tape may have the last revision"
KNOWN_LATE: Mapping[str, str] = {
    **dict.fromkeys(("outcome", "outcomes", "outcome_prices", "result"), _SETTLED),
    **dict.fromkeys(("resolution", "winner", "winning_outcome", "won"), _SETTLED),
    **dict.fromkeys(("resolved", "resolved_at", "resolved_price"), _LATE),
    "resolution_price": _LATE,
    **dict.fromkeys(("closed", "closed_at", "closed_time", "payout"), _LATE),
    **dict.fromkeys(("settled", "settled_at", "settlement_price"), _LATE),
    **dict.fromkeys(("final_price", "final_volume", "final_score"), _LATE),
    **dict.fromkeys(("end_date", "end_date_iso", "end_time"), _REVISED),
}
"""Why each is not to be read, by the name without an alias."""
