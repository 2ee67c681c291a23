"""The loop of every mode: events in, Steps out, each written down before it acts."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol

from polyrules.domain.events import (
    Event,
    Filled,
    Halted,
    OrderReported,
    Settled,
)
from polyrules.domain.ports import Exchange, Journal
from polyrules.domain.steps import Step
from polyrules.engine.engine import Engine

ANSWERS = (OrderReported, Filled, Settled)
INTERRUPTED = "interrupted"
TWICE = "interrupted twice, nothing was cancelled"


class Watch(Protocol):
    """Who looks on while a run goes, and may ask it to end."""

    def see(self, step: Step, engine: Engine) -> None:
        """Look at a Step that is recorded and whose commands have left."""
        ...

    def ending(self, engine: Engine) -> str:
        """Return why the run is to end now, or "" to go on."""
        ...


See = Callable[[Step, Engine], None]


class Together:
    """Some who look on, and one who also may end the run; that one looks last."""

    def __init__(self, watch: Watch, *others: See) -> None:
        self._watch = watch
        self._others = others

    def see(self, step: Step, engine: Engine) -> None:
        """Let all look at the Step."""
        for see in self._others:
            see(step, engine)
        self._watch.see(step, engine)

    def ending(self, engine: Engine) -> str:
        """Ask the one."""
        return self._watch.ending(engine)


async def drive(
    engine: Engine, exchange: Exchange, journal: Journal, watch: Watch
) -> str:
    """Trade until the events end or the watch asks to stop.

    Returns:
        "finished", or what the watch gave as the reason. The answers to the last
        commands are still taken in; after an interrupt those are cancels of all that
        is open.
    """
    ending = ""
    async with aclosing(_stream(exchange)) as events:
        async for event in events:
            if ending and not isinstance(event, ANSWERS):
                break
            await _take(event, engine, exchange, journal, watch)
            if ending:
                continue
            ending = watch.ending(engine)
            if ending == INTERRUPTED:
                halted = Halted(at=event.at, by="the operator interrupted the run")
                await _take(halted, engine, exchange, journal, watch)
    return ending or "finished"


async def _take(
    event: Event, engine: Engine, exchange: Exchange, journal: Journal, watch: Watch
) -> None:
    step = engine.process(event)
    await journal.append(step)  # first the record, then the act
    for command in step.commands:
        await exchange.submit(command)
    watch.see(step, engine)


async def _stream(exchange: Exchange) -> AsyncGenerator[Event, None]:
    async for event in exchange.events():
        yield event
