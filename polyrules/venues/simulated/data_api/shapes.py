"""Rows of the Data API, version 1, as the venue spells them: camelCase, seconds."""

from typing import Any

from polyrules.clock import to_datetime
from polyrules.domain.money import ONE
from polyrules.venues.simulated.data_api.accounts import (
    Account,
    Fill,
    Position,
    Profile,
)
from polyrules.venues.simulated.data_api.ledger import Ledger
from polyrules.venues.simulated.exchange.words import Listed

SECOND = 1_000_000
Row = dict[str, Any]


def _number(micros: int) -> float:
    return round(micros / ONE, 6)


def _facts(listed: Listed | None, token: str) -> Row:
    """Return what every row says of its market."""
    if listed is None:
        return {"title": "", "slug": "", "icon": "", "eventSlug": ""}
    index = 0 if token == listed.yes else 1
    return {
        "title": listed.question,
        "slug": listed.slug,
        "icon": "",
        "eventSlug": listed.group_slug or listed.slug,
        "outcome": listed.outcomes[index],
        "outcomeIndex": index,
    }


def _who(profile: Profile | None) -> Row:
    name, pseudonym = (profile.name, profile.pseudonym) if profile else ("", "")
    return {
        "name": name,
        "pseudonym": pseudonym,
        "bio": "",
        "profileImage": "",
        "profileImageOptimized": "",
    }


def trade(ledger: Ledger, fill: Fill) -> Row:
    """Return a row of `/trades`."""
    assert fill.side is not None, "only trades are told as trades"
    return {
        "proxyWallet": fill.wallet,
        "side": fill.side.value,
        "asset": fill.token,
        "conditionId": fill.market,
        "size": _number(fill.size),
        "price": _number(fill.price),
        "timestamp": fill.at // SECOND,
        **_facts(ledger.listed.get(fill.market), fill.token),
        **_who(ledger.profiles.get(fill.wallet)),
        "transactionHash": fill.transaction,
    }


def activity(ledger: Ledger, fill: Fill) -> Row:
    """Return a row of `/activity`: a redemption has no side and a price of 0."""
    facts = _facts(ledger.listed.get(fill.market), fill.token)
    row = {
        "proxyWallet": fill.wallet,
        "timestamp": fill.at // SECOND,
        "conditionId": fill.market,
        "type": fill.kind,
        "size": _number(fill.size),
        "usdcSize": _number(fill.usd),
        "transactionHash": fill.transaction,
        "price": _number(fill.price),
        "asset": fill.token if fill.side else "",
        "side": fill.side.value if fill.side else "",
        **facts,
        **_who(ledger.profiles.get(fill.wallet)),
    }
    return row if fill.side else {**row, "outcomeIndex": 999, "outcome": ""}


def position(ledger: Ledger, account: Account, held: Position) -> Row:
    """Return a row of `/positions`."""
    listed = ledger.listed.get(held.market)
    worth = ledger.worth(held.token)
    value = held.size * worth // ONE
    change = value - held.cost
    answered = ledger.is_answered(held.token)
    other = _other(listed, held.token)
    opposite = account.positions.get(other[1])
    return {
        "proxyWallet": account.wallet,
        "asset": held.token,
        "conditionId": held.market,
        "size": _number(held.size),
        "avgPrice": round(held.average, 6),
        "initialValue": _number(held.cost),
        "currentValue": _number(value),
        "cashPnl": _number(change),
        "percentPnl": _percent(change, held.cost),
        "totalBought": _number(held.bought),
        "realizedPnl": _number(held.realized),
        "percentRealizedPnl": _percent(held.realized, held.paid),
        "curPrice": _number(worth),
        "redeemable": answered,
        "mergeable": opposite is not None and opposite.size > 0,
        **_facts(listed, held.token),
        "oppositeOutcome": other[0],
        "oppositeAsset": other[1],
        "endDate": _day(listed),
        "negativeRisk": listed is not None and listed.neg_risk,
    }


def closed(ledger: Ledger, account: Account, held: Position) -> Row:
    """Return a row of `/closed-positions`."""
    listed = ledger.listed.get(held.market)
    other = _other(listed, held.token)
    return {
        "proxyWallet": account.wallet,
        "asset": held.token,
        "conditionId": held.market,
        "avgPrice": round(held.average, 6),
        "totalBought": _number(held.bought),
        "realizedPnl": _number(held.realized),
        "curPrice": _number(ledger.worth(held.token)),
        "timestamp": held.touched // SECOND,
        **_facts(listed, held.token),
        "oppositeOutcome": other[0],
        "oppositeAsset": other[1],
        "endDate": _day(listed),
    }


def past(profile: Profile, number: int, begin: int) -> Row:
    """Return the `number`th closed position of a wallet's past, won or lost.

    The shares of the wins and losses are spread evenly, at 0.50 and 100 shares each.
    """
    won = int((number + 1) * profile.win_rate) > int(number * profile.win_rate)
    return {
        "proxyWallet": profile.wallet.lower(),
        "asset": str(10**70 + number),
        "conditionId": f"0x{number:064x}",
        "avgPrice": 0.5,
        "totalBought": 100.0,
        "realizedPnl": 50.0 if won else -50.0,
        "curPrice": 1.0 if won else 0.0,
        "timestamp": begin // SECOND - (number + 1) * 6 * 3600,
        "title": f"A question of the past, number {number}",
        "slug": f"past-{number}",
        "icon": "",
        "eventSlug": f"past-{number}",
        "outcome": "Yes",
        "outcomeIndex": 0,
        "oppositeOutcome": "No",
        "oppositeAsset": str(10**71 + number),
        "endDate": "2026-01-01T00:00:00Z",
    }


def bought(profile: Profile, number: int, begin: int) -> Row:
    """Return the trade, an hour before, that opened what `past` returns."""
    closed = past(profile, number, begin)
    same = ("proxyWallet", "asset", "conditionId", "title", "slug", "icon", "eventSlug")
    return {
        **{key: closed[key] for key in (*same, "outcome", "outcomeIndex")},
        "timestamp": closed["timestamp"] - 3600,
        "type": "TRADE",
        "side": "BUY",
        "size": 100.0,
        "usdcSize": 50.0,
        "price": 0.5,
        "transactionHash": f"0x{number:064x}",
    }


def holder(ledger: Ledger, account: Account, held: Position) -> Row:
    """Return one holder of `/holders`."""
    facts = _facts(ledger.listed.get(held.market), held.token)
    who = _who(ledger.profiles.get(account.wallet))
    return {
        "proxyWallet": account.wallet,
        "bio": "",
        "asset": held.token,
        "pseudonym": who["pseudonym"],
        "amount": _number(held.size),
        "displayUsernamePublic": True,
        "outcomeIndex": facts.get("outcomeIndex", 0),
        "name": who["name"],
        "profileImage": "",
        "profileImageOptimized": "",
    }


def leader(ledger: Ledger, account: Account, rank: int) -> Row:
    """Return a row of `/v1/leaderboard`; its rank is text, as at the venue."""
    profile = ledger.profiles.get(account.wallet)
    volume, profit = standing(ledger, account)
    return {
        "rank": str(rank),
        "proxyWallet": account.wallet,
        "userName": profile.name if profile else "",
        "xUsername": "",
        "verifiedBadge": False,
        "vol": volume,
        "pnl": profit,
        "profileImage": "",
    }


def standing(ledger: Ledger, account: Account) -> tuple[float, float]:
    """Return a wallet's volume and profit [usd], its past included."""
    profile = ledger.profiles.get(account.wallet)
    before = (profile.volume, profile.pnl) if profile else (0.0, 0.0)
    profit = account.realized + ledger.open_change(account)
    return (
        round(before[0] + account.volume / ONE, 6),
        round(before[1] + profit / ONE, 6),
    )


def _percent(change: int, base: int) -> float:
    return round(100 * change / base, 6) if base else 0.0


def _other(listed: Listed | None, token: str) -> tuple[str, str]:
    if listed is None:
        return "", ""
    is_yes = token == listed.yes
    return listed.outcomes[is_yes], listed.no if is_yes else listed.yes


def _day(listed: Listed | None) -> str:
    """Return the day a market ends, as text without a time."""
    if listed is None or listed.end is None:
        return ""
    return to_datetime(listed.end).date().isoformat()
