import math
from decimal import Decimal

import msgspec
import numpy as np

from polyrules.domain.events import Event, GameChanged, OddsChanged, SpotTicked
from polyrules.domain.ids import MarketId, StrategyId
from polyrules.domain.money import Usd
from polyrules.engine.state import State
from polyrules.features.table import Feeds
from tests.builders import NOON, SECOND, at, listed, market, tick

ROUND = msgspec.structs.replace(market(), slug=f"btc-updown-15m-{NOON // SECOND}")


def state_of(*events: Event) -> State:
    state = State(Usd(Decimal(1000)), (StrategyId("one"),), Feeds())
    for event in events:
        state.apply(event)
    return state


def read(state: State, name: str) -> float:
    return float(state.table.read(name, np.array([0]), state.now)[0])


def odds(seconds: float, name: str = "m") -> OddsChanged:
    return OddsChanged(
        at=at(seconds), market=MarketId(name), fair=0.6, books=4, dispersion=0.01
    )


def game(seconds: float, name: str = "m") -> GameChanged:
    return GameChanged(
        at=at(seconds),
        market=MarketId(name),
        status="live",
        seconds_left=900.0,
        win_prob=0.7,
    )


def test_a_price_of_a_coin_reaches_the_market_of_its_round() -> None:
    price = SpotTicked(at=at(2), symbol="BTC", source="price", price=100_000.0)

    state = state_of(listed(facts=ROUND), price, tick(5))

    assert read(state, "spot.price") == 100_000.0
    assert read(state, "spot.age") == 3.0


def test_odds_and_games_reach_their_market() -> None:
    state = state_of(listed(), odds(1), game(2), tick(5))

    assert read(state, "odds.fair") == 0.6
    assert read(state, "odds.age") == 4.0
    assert read(state, "game.win_prob") == 0.7


def test_odds_and_games_of_a_market_nobody_described_are_ignored() -> None:
    state = state_of(listed(), odds(1, "unheard"), game(2, "unheard"), tick(3))

    assert math.isnan(read(state, "odds.fair"))
    assert math.isnan(read(state, "game.win_prob"))
