"""What a desk says of live data: where it is, whose time holds, how much is read."""

import pytest

from polyrules.config import (
    Collection,
    Desk,
    DeskClock,
    collection_values,
    desk_yaml,
    parse_desk,
)
from polyrules.errors import ConfigError

LOOPBACK = """sources:
  gamma: http://127.0.0.1:8780/gamma
  clob: http://127.0.0.1:8780/clob
  market_channel: ws://127.0.0.1:8780/ws/market
  data_api: http://localhost:8780/data
  rtds: ws://[::1]:8780/rtds
  geoblock: http://127.0.0.1:8780
"""


def desk(text: str) -> Desk:
    return parse_desk(text, path="desk.yaml", environment={})


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        desk(text)
    return caught.value.message.splitlines()


def test_without_a_word_the_wall_s_clock_and_the_venue_itself_hold() -> None:
    found = desk("bankroll_usd: 100\n")

    assert found.clock == DeskClock(source="wall", speed=1.0)
    assert found.sources["data_api"] == "https://data-api.polymarket.com"
    assert found.sources["rtds"] == "wss://ws-live-data.polymarket.com"
    assert found.collection.subscriptions_max == 400
    assert found.collection.tier_every == (
        3_600_000_000,
        300_000_000,
        60_000_000,
        30_000_000,
        15_000_000,
    )


def test_a_simulated_venue_on_this_machine_may_have_its_own_time() -> None:
    found = desk(LOOPBACK + "clock: {from: venue, speed: 20}\n")

    assert found.clock == DeskClock(source="venue", speed=20.0)


def test_a_venue_elsewhere_may_not() -> None:
    text = LOOPBACK.replace("http://127.0.0.1:8780/clob", "https://clob.example.com")

    (told,) = problems(text + "clock: {from: venue, speed: 20}\n")
    assert told == (
        "desk.yaml:8:15: error[PD007]: a venue's clock is for sources on this "
        "machine, not for clob; polyrules sim --write-desk PATH writes a desk that fits"
    )


def test_sources_that_are_not_said_are_the_venue_s_own_and_count_too() -> None:
    (told,) = problems("clock: {from: venue, speed: 2}\n")

    assert "not for gamma, clob, market_channel, data_api, rtds, geoblock" in told


def test_the_wall_s_clock_cannot_run_faster() -> None:
    (told,) = problems("clock: {speed: 5}\n")

    assert "the wall's clock has speed 1; write from: venue" in told


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("tier_hours: [48, 12, 12, 1]", "hours must fall from tier to tier"),
        ("tier_every: [1h, 5m, 1m, 30s, 15ms]", "15ms is outside [1s, 366d]"),
        ("refresh: 100ms", "100ms is outside [1s, 366d]"),
        ("sockets: 0", "sockets"),
        ("tokens_per_socket: 501", "tokens_per_socket"),
        (
            "subscriptions_max: 1000",
            "[PD009]: 4 sockets of 200 tokens carry 400 markets; write sockets: 10",
        ),
        (
            "{subscriptions_max: 99999, sockets: 64}",
            "64 sockets of 200 tokens carry 6400 markets; follow fewer",
        ),
        ("rounds: [btc-updown-15m]", "a series such as btc_updown_15m"),
        ("tier: 3", "tier"),
    ],
)
def test_a_mistake_in_what_is_collected_is_told(said: str, expected: str) -> None:
    (told,) = problems(f"collection:\n  {said}\n")

    assert told.startswith("desk.yaml:2:")
    assert expected in told


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://venue:99999", "http://venue:99999: Port out of range 0-65535"),
        ("http://venue:0/gamma", "http://venue:0/gamma has port 0"),
        ("http://venue:port", "not a URL: http://venue:port: Port could not be cast"),
        ("https:///markets", "not a URL: https:///markets has no host"),
        ("http://[::1/markets", "not a URL: http://[::1/markets: Invalid IPv6 URL"),
    ],
)
def test_a_source_that_leads_nowhere_is_told(url: str, expected: str) -> None:
    (told,) = problems(f"sources:\n  gamma: {url}\n")

    assert told.startswith("desk.yaml:2:10: error[PD005]: ")
    assert expected in told


def test_fewer_sockets_alone_are_no_contradiction() -> None:
    assert desk("collection: {sockets: 1}\n").collection.sockets == 1


def test_what_is_collected_reads_back_as_it_was_written() -> None:
    written = Desk(
        collection=Collection(
            subscriptions_max=7,
            sockets=1,
            tokens_per_socket=14,
            tier_hours=(100.0, 10.5, 2.0, 0.5),
            tier_every=(7_200_000_000, 60_000_000, 5_000_000, 2_000_000, 1_500_000),
            volume_24h_usd_min=250.5,
            lookahead=86_400_000_000,
            refresh=30_000_000,
            wallets_every=5_000_000,
            rounds=("btc_updown_5m", "eth_updown_15m"),
        )
    )

    assert desk(desk_yaml(written)).collection == written.collection
    assert collection_values(written.collection)["tier_every"][4] == "1500ms"
