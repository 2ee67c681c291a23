"""A short run with one of everything, and how tests hand it to a journal."""

import asyncio
from decimal import Decimal

import msgspec

from polyrules.domain.events import (
    Event,
    Filled,
    OrderReported,
    Settled,
)
from polyrules.domain.ids import ClientOrderId, MarketId, RunId, StrategyId, TokenId
from polyrules.domain.limits import Limits
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import Command, Order, PlaceOrder, Report
from polyrules.domain.steps import Approved, Decision, Refused, Step, Verdict
from polyrules.journal.records import RunSpec, StrategySource, TapeSource
from polyrules.journal.store import Store
from tests.builders import at, book, listed, resolved, tick

RUN = RunId("run-1")
YES, M = TokenId("m:yes"), MarketId("m")


def spec(run: str = "run-1", started: int = 1) -> RunSpec:
    return RunSpec(
        id=RunId(run),
        started_at=started,
        mode="paper",
        strategies=(
            StrategySource(
                id=StrategyId("s"),
                path="s.yaml",
                text="polyrules: 1\n",
                digest="d" * 32,
                params={"edge_min": 0.02},
            ),
        ),
        limits=Limits(),
        bankroll=Usd(Decimal(1000)),
        tape=TapeSource(path="tape", content_hash="h" * 32),
        tick=1_000_000,
        max_age={"book": 300_000_000, "gamma": None},
        version="0.0",
        inputs={"assumptions": ["none"]},
    )


def decision(rule: str = "r", market: str = "m", size: str = "10") -> Decision:
    return Decision(
        strategy=StrategyId("s"),
        rule=rule,
        market=MarketId(market),
        token=TokenId(f"{market}:yes"),
        side=Side.BUY,
        price=Price(Decimal("0.50")),
        size=Shares(Decimal(size)),
        values={"mid": 0.49, "spread": None, "category": "crypto"},
    )


def place(name: str = "a") -> PlaceOrder:
    return PlaceOrder(
        Order(
            client_order_id=ClientOrderId(name),
            strategy=StrategyId("s"),
            rule="r",
            market=M,
            token=YES,
            side=Side.BUY,
            price=Price(Decimal("0.50")),
            size=Shares(Decimal(10)),
        )
    )


def fill(
    seconds: float, size: str = "10", side: Side = Side.BUY, price: str = "0.50"
) -> Filled:
    return Filled(
        at=at(seconds),
        client_order_id=ClientOrderId("a"),
        market=M,
        token=YES,
        side=side,
        price=Price(Decimal(price)),
        size=Shares(Decimal(size)),
        fee=Usd(Decimal("0.02")),
        maker=False,
    )


def reported(seconds: float, report: Report, reason: str = "") -> OrderReported:
    return OrderReported(
        at=at(seconds),
        client_order_id=ClientOrderId("a"),
        report=report,
        reason=reason,
    )


def numbered(*drafts: Step, run: RunId = RUN) -> list[Step]:
    """Number Steps from 1 and hand them to `run`."""
    return [
        msgspec.structs.replace(draft, run=run, sequence=n)
        for n, draft in enumerate(drafts, start=1)
    ]


def step(
    event: Event,
    *,
    decided: tuple[tuple[Decision, Verdict], ...] = (),
    commands: tuple[Command, ...] = (),
    alarms: tuple[str, ...] = (),
) -> Step:
    return Step(
        run=RUN,
        sequence=0,
        event=event,
        decisions=tuple(wish for wish, _ in decided),
        verdicts=tuple(verdict for _, verdict in decided),
        commands=commands,
        alarms=alarms,
    )


REFUSED = Refused(check="market_usd", reason="60 usd in m exceed 50 usd")
APPROVED = Approved(size=Shares(Decimal(10)))

STORY = numbered(
    step(listed()),
    step(book(1)),
    step(tick(1)),
    step(
        tick(2),
        decided=((decision(), APPROVED), (decision("q", "n", "99"), REFUSED)),
        commands=(place(),),
    ),
    step(reported(2, Report.ACCEPTED)),
    step(fill(2, "4")),
    step(book(3)),
    step(tick(3), alarms=("s/r: UNKNOWN",)),
    step(tick(4)),
    step(reported(4, Report.CANCELLED, "ttl")),
    step(resolved(5)),
    step(
        Settled(
            at=at(5), market=M, token=YES, size=Shares(Decimal(4)), payout=Decimal(1)
        )
    ),
    step(tick(6)),
)


def keep(
    store: Store, steps: list[Step], *, run: str = "run-1", end: bool = True
) -> None:
    """Append Steps to a new run of the store."""
    recorder = store.begin(spec(run))

    async def go() -> None:
        for taken in steps:
            await recorder.append(taken)

    asyncio.run(go())
    if end:
        recorder.close(at(99), "finished", {"decisions": 2})
