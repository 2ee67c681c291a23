"""What the journal costs: plain Steps, order intents, and the decision log.

Run it: `python tests/bench/bench_journal.py [DIRECTORY]`. It writes into a temporary
directory inside DIRECTORY (the current one if none is given), so that the disk measured
is the one that matters. Row 8 of the goals: intents at least half as fast as bare
fdatasync, their p99 under 5 ms, the decision log at least 50 times an ORM row by row.
Baselines and ours take turns; medians of the rounds are printed.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from sqlalchemy import BigInteger, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from polyrules.domain.events import BookChanged, ClockTicked
from polyrules.domain.ids import (
    MarketId,
    RunId,
    StrategyId,
    TokenId,
    client_order_id,
)
from polyrules.domain.limits import Limits
from polyrules.domain.money import Price, Shares, Side, Usd
from polyrules.domain.orders import Order, PlaceOrder
from polyrules.domain.steps import Approved, Decision, Refused, Step
from polyrules.journal.chain import SEED, encode, link
from polyrules.journal.records import RunSpec
from polyrules.journal.store import Store

ROUNDS = 5
PLAIN, INTENTS, DECISIONS, ORM_ROWS = 100_000, 1_000, 50_000, 1_000
PER_STEP = 10  # decisions taken in one Step
RUN = RunId("bench")
LEVELS = tuple((500_000 - 1_000 * i, 10_000_000 + i) for i in range(10))
ASKS = tuple((501_000 + 1_000 * i, 10_000_000 + i) for i in range(10))


class Base(DeclarativeBase):
    """Tables of the baseline."""


class LoggedDecision(Base):
    """A decision as an ORM application would log it: one object, one row."""

    __tablename__ = "logged"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger)
    strategy: Mapped[str] = mapped_column(String)
    rule: Mapped[str] = mapped_column(String)
    market: Mapped[str] = mapped_column(String)
    token: Mapped[str] = mapped_column(String)
    side: Mapped[str] = mapped_column(String)
    price: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    verdict: Mapped[str] = mapped_column(String)
    body: Mapped[bytes]


def spec() -> RunSpec:
    """Return how the run began."""
    return RunSpec(
        id=RUN,
        started_at=0,
        mode="bench",
        strategies=(),
        limits=Limits(),
        bankroll=Usd(Decimal(1_000)),
        tick=1_000_000,
        version="bench",
    )


def decision() -> Decision:
    """Return a decision with the values a rule typically reads."""
    return Decision(
        strategy=StrategyId("longshot"),
        rule="cheap",
        market=MarketId("0x" + "a" * 64),
        token=TokenId("7" * 77),
        side=Side.BUY,
        price=Price(Decimal("0.07")),
        size=Shares(Decimal("71.42")),
        values={"mid": 0.0685, "spread": 0.003, "hours_to_close": 31.2, "edge": 0.012},
        fair=0.0805,
        reason="fair 0.081 against 0.069",
    )


def plain_steps() -> list[Step]:
    """Return books of ten levels a side with a tick after every ninth."""
    market, token = MarketId("0x" + "a" * 64), TokenId("7" * 77)
    return [
        Step(
            run=RUN,
            sequence=n,
            event=ClockTicked(at=n)
            if n % 10 == 0
            else BookChanged(at=n, market=market, token=token, bids=LEVELS, asks=ASKS),
        )
        for n in range(1, PLAIN + 1)
    ]


def decision_steps() -> list[Step]:
    """Return ticks at which ten decisions were taken, all refused."""
    verdict = Refused(check="market_usd", reason="52.10 usd in m exceed 50 usd")
    wishes = tuple(decision() for _ in range(PER_STEP))
    return [
        Step(
            run=RUN,
            sequence=n,
            event=ClockTicked(at=n),
            decisions=wishes,
            verdicts=(verdict,) * PER_STEP,
        )
        for n in range(1, DECISIONS // PER_STEP + 1)
    ]


def intent_steps() -> list[Step]:
    """Return ticks at which one order was decided and placed."""
    wish = decision()
    return [
        Step(
            run=RUN,
            sequence=n,
            event=ClockTicked(at=n),
            decisions=(wish,),
            verdicts=(Approved(size=wish.size),),
            commands=(
                PlaceOrder(
                    Order(
                        client_order_id=client_order_id(RUN, n, 0),
                        strategy=wish.strategy,
                        rule=wish.rule,
                        market=wish.market,
                        token=wish.token,
                        side=wish.side,
                        price=wish.price,
                        size=wish.size,
                    )
                ),
            ),
        )
        for n in range(1, INTENTS + 1)
    ]


def append_all(place: Path, steps: list[Step]) -> tuple[float, list[float]]:
    """Append Steps; return the seconds it took with closing, and of each append."""
    place.unlink(missing_ok=True)
    taken: list[float] = []

    async def go() -> None:
        for step in steps:
            before = time.perf_counter()
            await recorder.append(step)
            taken.append(time.perf_counter() - before)

    with Store.open(f"sqlite:///{place}") as store:
        recorder = store.begin(spec())
        start = time.perf_counter()
        asyncio.run(go())
        recorder.close(0, "finished")
        return time.perf_counter() - start, taken


def encode_only(steps: list[Step]) -> float:
    """Return the seconds that encoding and chaining alone take."""
    value = SEED
    start = time.perf_counter()
    for step in steps:
        value = link(value, encode(step))
    return time.perf_counter() - start


def fdatasync(place: Path, bodies: list[bytes]) -> float:
    """Return the seconds to write bodies to a bare file, each made durable."""
    start = time.perf_counter()
    with place.open("wb", buffering=0) as file:
        for body in bodies:
            file.write(body)
            os.fdatasync(file.fileno())
    return time.perf_counter() - start


def orm_rows(place: Path, count: int, synchronous: str) -> float:
    """Return the seconds to log decisions as ORM objects, each committed (WAL)."""
    place.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{place}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    Base.metadata.create_all(engine)
    wish, body = decision(), encode(decision_steps()[0])[: 2_000 // PER_STEP]
    start = time.perf_counter()
    with Session(engine) as session:
        session.connection().exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        for n in range(count):
            session.add(
                LoggedDecision(
                    at=n,
                    strategy=wish.strategy,
                    rule=wish.rule,
                    market=wish.market,
                    token=wish.token,
                    side=wish.side.value,
                    price=70_000,
                    size=71_420_000,
                    verdict="refused",
                    body=body,
                )
            )
            session.commit()
    seconds = time.perf_counter() - start
    engine.dispose()
    return seconds


def measure(directory: Path) -> dict[str, list[float]]:
    """Return the figures of each round, by name."""
    plain, intents, decided = plain_steps(), intent_steps(), decision_steps()
    bodies = [encode(step) for step in intents]
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        durable, each = append_all(directory / "intents.db", intents)
        row = {
            "encode": PLAIN / encode_only(plain),
            "plain": PLAIN / append_all(directory / "plain.db", plain)[0],
            "fdatasync": INTENTS / fdatasync(directory / "bare", bodies),
            "intents": INTENTS / durable,
            "p50": statistics.median(each) * 1e3,
            "p99": statistics.quantiles(each, n=100)[98] * 1e3,
            "orm": ORM_ROWS / orm_rows(directory / "orm.db", ORM_ROWS, "FULL"),
            "orm_normal": ORM_ROWS / orm_rows(directory / "orm.db", ORM_ROWS, "NORMAL"),
            "log": DECISIONS / append_all(directory / "log.db", decided)[0],
        }
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


def main() -> None:
    """Measure and print."""
    where = sys.argv[1] if len(sys.argv) > 1 else "."
    with tempfile.TemporaryDirectory(dir=where) as name:
        found = measure(Path(name))
    mid = {key: statistics.median(values) for key, values in found.items()}
    against = statistics.median(
        ours / bare
        for ours, bare in zip(found["intents"], found["fdatasync"], strict=True)
    )
    orm = statistics.median(
        ours / row for ours, row in zip(found["log"], found["orm"], strict=True)
    )
    print(f"medians of {ROUNDS} rounds, wall time")
    print(f"plain steps, encode and chain only  {mid['encode']:>12,.0f} /s")
    print(f"plain steps appended                {mid['plain']:>12,.0f} /s")
    print(f"bare fdatasync                      {mid['fdatasync']:>12,.0f} /s")
    print(f"intents durable                     {mid['intents']:>12,.0f} /s", end="")
    print(f"   {against:.2f} x fdatasync (goal 0.5)")
    print(f"  acknowledged, p50                 {mid['p50']:>12.2f} ms")
    print(f"  acknowledged, p99                 {mid['p99']:>12.2f} ms  (goal < 5)")
    print(f"decisions, ORM row by row, FULL     {mid['orm']:>12,.0f} /s")
    print(f"decisions, ORM row by row, NORMAL   {mid['orm_normal']:>12,.0f} /s")
    print(f"decisions logged                    {mid['log']:>12,.0f} /s", end="")
    print(f"   {orm:.1f} x ORM FULL (goal 50)")


if __name__ == "__main__":
    main()
