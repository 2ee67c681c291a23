"""The one thread that writes: it takes Steps as rows and commits them.

It decides nothing and reads nothing. Its first failure is its last act: the failure is
kept, and whoever waits or asks later is told. What was committed before stays.
"""

import threading
from concurrent.futures import Future

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from polyrules.domain.ids import RunId
from polyrules.domain.steps import Step
from polyrules.errors import InvariantError, JournalError
from polyrules.journal.database import Database, Inserts
from polyrules.journal.failures import explain
from polyrules.journal.rows import Batch
from polyrules.journal.tables import RUNS

UNSAVED_SECONDS_MAX = 0.25
BATCH_STEPS = 1_000
UNSAVED_STEPS_MAX = 20_000  # above it, the run waits for the disk

Ack = Future[None]


class End:
    """How a run ended, for the table `runs`.

    `spec` takes the place of what the run was begun with; None: that stays.
    """

    def __init__(
        self,
        ended_at: int,
        reason: str,
        summary: bytes | None,
        spec: bytes | None = None,
    ) -> None:
        self.ended_at = ended_at
        self.reason = reason
        self.summary = summary
        self.spec = spec


class Writer(threading.Thread):
    """Commits what is added: at once if someone waits, else in batches.

    Batches hold about `BATCH_STEPS` Steps or `UNSAVED_SECONDS_MAX` of time.
    """

    def __init__(self, database: Database, run: RunId) -> None:
        super().__init__(name=f"journal-{run}", daemon=True)
        self._database = database
        self._run = run
        self._inserts = Inserts(database.engine)
        self._wake = threading.Condition()
        self._batch = Batch(run, 1)
        self._acks: list[Ack] = []
        self._waited_for: list[Ack] = []  # those of the batch at hand
        self._end: End | None = None
        self._stopping = self._finished = False
        self._failure: JournalError | None = None
        self._steps = 0
        self._synchronous = ""

    def add(
        self, step: Step, body: bytes, value: bytes, *, durable: bool
    ) -> Ack | None:
        """Take the next Step.

        Returns:
            With `durable`, or if the disk is too far behind, what is done when the Step
            is on the disk; else None.

        Raises:
            JournalError: The thread failed; nothing after its last commit is saved.
            InvariantError: The run has ended.
        """
        with self._wake:
            self._raise_failure()
            if self._stopping:
                raise InvariantError("a step was appended to a journal that is closed")
            self._batch.add(step, body, value)
            unsaved = len(self._batch)
            if durable or unsaved >= UNSAVED_STEPS_MAX:
                ack = Ack()
                self._acks.append(ack)
                self._wake.notify()
                return ack
            if unsaved == BATCH_STEPS:
                self._wake.notify()
        return None

    def stop(self, end: End) -> None:
        """Save everything, note the end of the run, and end the thread.

        Raises:
            JournalError: As of `add`.
        """
        with self._wake:
            self._end = self._end or end
            self._stopping = True
            self._wake.notify()
        self.join()
        self._raise_failure()

    def run(self) -> None:
        """Commit until stopped or failed."""
        failure = JournalError(f"journal {self._database.name}: its writer broke down")
        try:
            with self._database.engine.connect() as connection:
                self._work(connection)
            return
        except (SQLAlchemyError, OSError) as error:
            failure = explain(error, self._database.name)
        except JournalError as error:
            failure = error
        finally:  # also on a bug of ours: nobody may wait for ever
            if not self._finished:
                self._fail(failure)

    def _work(self, connection: Connection) -> None:
        while not self._finished:
            batch, stopping = self._next()
            self._save(connection, batch, durable=bool(self._waited_for))
            if stopping:
                self._finish(connection)
                self._finished = True
            for ack in self._waited_for:
                ack.set_result(None)
            self._waited_for = []

    def _next(self) -> tuple[Batch, bool]:
        with self._wake:
            self._wake.wait_for(self._is_due, UNSAVED_SECONDS_MAX)
            batch = self._batch
            self._batch = Batch(self._run, batch.first_sequence + len(batch))
            self._take_acks()
            return batch, self._stopping

    def _take_acks(self) -> None:
        """Leave out who was cancelled; who waits now waits until answered."""
        self._waited_for += [
            ack for ack in self._acks if ack.set_running_or_notify_cancel()
        ]
        self._acks = []

    def _is_due(self) -> bool:
        return bool(self._acks) or self._stopping or len(self._batch) >= BATCH_STEPS

    def _save(self, connection: Connection, batch: Batch, *, durable: bool) -> None:
        if not len(batch):
            return
        self._database.check_present()
        self._sync(connection, "FULL" if durable else "NORMAL")
        self._inserts.write(connection, batch.rows())
        connection.commit()
        self._steps += len(batch)

    def _finish(self, connection: Connection) -> None:
        assert self._end is not None, "whoever stops the thread says how it ended"
        self._database.check_present()
        self._sync(connection, "FULL")
        ended = RUNS.update().where(RUNS.c.id == self._run)
        told: dict[str, object] = {
            "ended_at": self._end.ended_at,
            "end_reason": self._end.reason,
            "summary": self._end.summary,
            "steps": self._steps,
        }
        if self._end.spec is not None:
            told["spec"] = self._end.spec
        connection.execute(ended.values(**told))
        connection.commit()

    def _sync(self, connection: Connection, mode: str) -> None:
        """Choose whether a commit waits for the disk: FULL does, NORMAL need not."""
        if self._database.is_sqlite and mode != self._synchronous:
            connection.exec_driver_sql(f"PRAGMA synchronous={mode}")
            self._synchronous = mode

    def _fail(self, failure: JournalError) -> None:
        with self._wake:
            self._failure = failure
            self._take_acks()
            for ack in self._waited_for:
                ack.set_exception(failure)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            found = self._failure
            raise JournalError(found.message, hint=found.hint) from found
