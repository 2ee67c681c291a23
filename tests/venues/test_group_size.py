"""How many markets an event lists, told by the payload of the event alone."""

import json
from pathlib import Path
from typing import Any

from polyrules.domain.events import MarketListed
from polyrules.domain.market import Market
from polyrules.venues.polymarket import gamma
from polyrules.venues.tape.payloads import import_payloads
from polyrules.venues.tape.reader import Tape
from polyrules.venues.tape.writer import TapeWriter


def market(name: str, **more: object) -> dict[str, Any]:
    return {
        "conditionId": f"0x{name}",
        "question": f"Will {name} win?",
        "outcomes": '["Yes", "No"]',
        "clobTokenIds": f'["1{name}", "2{name}"]',
        "acceptingOrders": True,
        "negRisk": True,
        "createdAt": "2026-03-01T00:00:00Z",
        "updatedAt": "2026-03-02T00:00:00Z",
        **more,
    }


def imported(tmp_path: Path, payload: object) -> list[Market]:
    source = tmp_path / "gamma.json"
    source.write_text(json.dumps(payload))
    with TapeWriter(tmp_path / "tape", ranked=True) as writer:
        import_payloads([source], writer, lambda *_: None)
    events = Tape.open(tmp_path / "tape").events()
    return [event.market for event in events if isinstance(event, MarketListed)]


def test_an_event_tells_how_many_markets_it_has_open_or_not(tmp_path: Path) -> None:
    markets = [market("5"), market("6"), market("7", closed=True)]

    found = imported(tmp_path, {"slug": "three", "markets": markets})

    assert {each.group for each in found} == {"three"}
    assert {each.group_size for each in found} == {3}


def test_a_market_by_itself_does_not_tell_how_many_there_are(tmp_path: Path) -> None:
    alone = market("5", events=[{"slug": "three"}])

    (found,) = imported(tmp_path, [alone])

    assert (found.group, found.group_size) == ("three", None)


def test_what_the_event_says_counts_wherever_else_the_market_stands(
    tmp_path: Path,
) -> None:
    event = {"slug": "two", "markets": [market("5"), market("6")]}

    found = imported(tmp_path, [market("5", events=[{"slug": "two"}]), event])

    assert {each.group_size for each in found} == {2}


def test_the_size_is_handed_over_as_it_is() -> None:
    assert gamma.from_gamma(market("5")).group_size is None
    assert gamma.from_gamma(market("5"), group_size=4).group_size == 4
