"""A journal: where runs are begun, found again and read.

What it returns are values; rows and connections stay inside. A run that is still going,
or that was killed, reads fine up to its last durable Step.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec
from sqlalchemy import Row, Select, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from polyrules.domain.events import Event
from polyrules.domain.ids import MarketId, RunId, StrategyId
from polyrules.domain.market import Market
from polyrules.domain.steps import Step
from polyrules.errors import JournalError
from polyrules.journal import reading
from polyrules.journal.database import BUSY_SECONDS, Database
from polyrules.journal.failures import explain
from polyrules.journal.reading import Value
from polyrules.journal.recorder import Recorder
from polyrules.journal.records import (
    DecisionRow,
    Fault,
    FillRow,
    Holding,
    OrderRow,
    Run,
    RunSpec,
)
from polyrules.journal.tables import RUNS
from polyrules.journal.verify import first_fault

LAST = "last"


class Store:
    """An open journal. Use it in a `with`, or close it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recorders: list[Recorder] = []

    @classmethod
    def open(
        cls, url: str, *, create: bool = True, busy_seconds: float = BUSY_SECONDS
    ) -> Self:
        """Open the journal at `url`, e.g. sqlite:///polyrules.db.

        Args:
            url: A database URL of SQLAlchemy.
            create: Make the database if there is none.
            busy_seconds: How long to wait for another writer.

        Raises:
            JournalError: It cannot be used; says why, and what to do.
        """
        return cls(Database(url, create=create, busy_seconds=busy_seconds))

    def close(self) -> None:
        """Save what runs still had to save, and let go of the database."""
        for recorder in self._recorders:
            recorder.abandon("the journal was closed before the run ended")
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin(self, spec: RunSpec) -> Recorder:
        """Record that a run begins, and return what takes its Steps.

        Raises:
            JournalError: It cannot be written, or knows a run of that id.
        """
        row = {
            "id": spec.id,
            "started_at": spec.started_at,
            "mode": spec.mode,
            "spec": msgspec.json.encode(spec),
        }
        try:
            with self._database.engine.begin() as connection:
                connection.execute(RUNS.insert(), row)
        except IntegrityError as error:
            raise JournalError(
                f"journal {self._database.name}: it has a run {spec.id} already",
                hint="a run is begun once; start a new one",
            ) from error
        except SQLAlchemyError as error:
            raise explain(error, self._database.name) from error
        recorder = Recorder(self._database, spec)
        self._recorders.append(recorder)
        return recorder

    def runs(self) -> list[Run]:
        """Return all runs, in the order they were begun."""
        return self._select_runs(select(RUNS).order_by(RUNS.c.number))

    def run(self, name: str) -> Run:
        """Return the run called `name`: its id, the start of it, or "last".

        Raises:
            JournalError: No run is called that, or several are.
        """
        ordered = select(RUNS).order_by(RUNS.c.number.desc())
        if name == LAST:
            found = self._select_runs(ordered.limit(1))
        else:
            found = self._select_runs(ordered.where(RUNS.c.id == name))
            if not found:
                starts = RUNS.c.id.startswith(name, autoescape=True)
                found = self._select_runs(ordered.where(starts).limit(6))
        if len(found) == 1:
            return found[0]
        if found:
            raise JournalError(
                f"several runs begin with {name}: {', '.join(r.id for r in found[:5])}",
                hint="type more of the id",
            )
        latest = [run.id for run in self._select_runs(ordered.limit(5))]
        raise JournalError(
            f"journal {self._database.name}: there is no run {name}",
            hint=f"the latest: {', '.join(latest)}" if latest else "it holds no runs",
        )

    def steps(self, run: RunId, kinds: tuple[str, ...] = ()) -> Iterator[Step]:
        """Yield the Steps kept in full, in order; only of some event kinds if given.

        Raises:
            JournalError: A Step is not what the chain says it was; names it.
        """
        return reading.steps(self._database, run, reading.of_kind(*kinds))

    def inputs(self, run: RunId) -> Iterator[tuple[int, Event]]:
        """Yield (sequence, event) of every event that came from no tape, in order.

        Raises:
            JournalError: As of `steps`.
        """
        return reading.inputs(self._database, run)

    def chain(self, run: RunId) -> Iterator[Value]:
        """Yield (sequence, chain value) from 1 on, as far as the run is durable."""
        return reading.chain(self._database, run)

    def decisions(
        self,
        run: RunId,
        *,
        strategy: StrategyId | None = None,
        rule: str | None = None,
        markets: tuple[MarketId, ...] | None = None,
        approved: bool | None = None,
        limit: int | None = None,
    ) -> list[DecisionRow]:
        """Return the decisions of a run, in order; those that fit what is given.

        Args:
            run: Its id.
            strategy: Only those of this strategy.
            rule: Only those of this rule.
            markets: Only those about one of these markets.
            approved: Only those that risk let pass, or that it refused.
            limit: At most so many, the latest.

        Raises:
            JournalError: As of `steps`.
        """
        wanted = {
            "strategy": strategy,
            "rule": rule,
            "market": markets,
            "approved": approved,
        }
        return reading.decisions(self._database, run, wanted, limit)

    def markets(self, run: RunId) -> dict[MarketId, Market]:
        """Return the markets of a run as they were listed, by id.

        Empty for a run of a polyrules that did not keep listings yet.

        Raises:
            JournalError: As of `steps`.
        """
        return reading.markets(self._database, run)

    def orders(self, run: RunId) -> list[OrderRow]:
        """Return the orders of a run and what became of each, in order."""
        return reading.orders(self._database, run)

    def fills(self, run: RunId) -> list[FillRow]:
        """Return the fills of a run, in order."""
        return reading.fills(self._database, run)

    def positions(self, run: RunId) -> list[Holding]:
        """Return what each strategy did in each token it held, in order of opening."""
        return reading.positions(self._database, run)

    def verify(self, run: RunId) -> Fault | None:
        """Return the first thing wrong with what is stored of a run; None if all fits.

        Every body is held against the chain, every tick, every block of values, and
        every queryable row against the body it was made from.
        """
        return first_fault(self._database, self.run(run))

    def _select_runs(self, query: Select[tuple[object, ...]]) -> list[Run]:
        try:
            with self._database.engine.connect() as connection:
                return [_run(row) for row in connection.execute(query)]
        except SQLAlchemyError as error:
            raise explain(error, self._database.name) from error
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"journal {self._database.name}: a run's description is damaged: "
                f"{error}"
            ) from error


def _run(row: Row[tuple[object, ...]]) -> Run:
    return Run(
        spec=msgspec.json.decode(row.spec, type=RunSpec),
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        summary=None if row.summary is None else msgspec.json.decode(row.summary),
        steps=row.steps,
    )
