"""What markets and tokens are called on a terminal: words, where the venue gave any."""

from polyrules.cli.problems import harmless
from polyrules.domain.ids import TokenId
from polyrules.domain.market import Market, is_yes

TITLE_MAX = 60  # characters of a question
ID_MAX = 14  # characters of an id; a token of the venue has 78


def outcome_of(market: Market | None, token: TokenId) -> str | None:
    """Return YES or NO; None where the market is not known."""
    of_yes = None if market is None else is_yes(market, token)
    return None if of_yes is None else "YES" if of_yes else "NO"


def outcome_text(market: Market | None, token: TokenId) -> str:
    """Return YES or NO, else the start of the token's id."""
    return outcome_of(market, token) or f"token {_cut(harmless(token), ID_MAX)}"


def market_text(market: Market | None, market_id: str) -> str:
    """Return the market's slug, else its question, else the start of its id."""
    named = "" if market is None else market.slug or market.question
    return titled(named, market_id)


def titled(title: str, market_id: str) -> str:
    """Return a market's title, cut to length, or the start of its id if it has none."""
    if title:
        return _cut(harmless(title), TITLE_MAX)
    return _cut(harmless(market_id), ID_MAX)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
