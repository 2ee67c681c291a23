"""A desk that fits a simulated venue: where it is, whose time holds, whom to follow.

Strategies whose windows are hours long would see nothing in a run of an hour; they get
shorter ones here. Plain text, so that nothing of the program's settings is needed.
"""

from collections.abc import Mapping, Sequence

# Shipped strategies with the parameters that suit a world of an hour.
STRATEGIES: Mapping[str, Mapping[str, str]] = {
    "longshot_yes": {},
    "longshot_no": {"look": "2m"},
    "mean_reversion": {"look": "20m", "jump_look": "2m", "z_in": "2"},
    "grid": {"look": "10m"},
    "market_maker": {"look": "10m"},
    "spread_capture": {"calm": "5m"},
    "dca": {},
    "term_structure": {},
    "arbitrage": {},
    "mirror_whale": {},
    "btc_15m_momentum": {},
}


# Room enough that no strategy has to wait for another to sell.
LIMITS: Mapping[str, int] = {
    "total_usd_max": 10_000,
    "positions_max": 500,
    "day_loss_usd_max": 1_000,
    "week_loss_usd_max": 2_000,
    "day_volume_usd_max": 100_000,
}


def clock_words(sources: Mapping[str, str], speed: float) -> str:
    """Return the keys of a desk that lead to a venue, as YAML."""
    lines = ["sources:", *(f"  {name}: {url}" for name, url in sources.items())]
    return "\n".join([*lines, f"clock: {{from: venue, speed: {speed:g}}}"])


def desk_words(
    sources: Mapping[str, str], speed: float, watchlist: Sequence[str]
) -> str:
    """Return a whole desk, as YAML, with all strategies that a world feeds."""
    lines = [
        "# A desk for the simulated venue; `polyrules sim` wrote it.",
        "bankroll_usd: 10000",
        "limits:",
        *(f"  {name}: {limit}" for name, limit in LIMITS.items()),
        clock_words(sources, speed),
        "inputs:",
        f"  watchlist: [{', '.join(f'{each!r}' for each in watchlist)}]",
        "strategies:",
    ]
    for name, params in STRATEGIES.items():
        given = ", ".join(f"{key}: {value}" for key, value in params.items())
        lines.append(f"- {{file: {name}, params: {{{given}}}}}")
    return "\n".join(lines) + "\n"
