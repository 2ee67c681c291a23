"""The journal of one run, as the run sees it: Steps go in, in order.

A Step whose commands are about to leave is on the disk before `append` returns; any
other is there a quarter of a second later at most. It reads nothing back.
"""

import asyncio
from typing import Any

import msgspec

from polyrules import clock
from polyrules.domain.steps import Step
from polyrules.errors import InvariantError, JournalError
from polyrules.journal.chain import SEED, encode, link
from polyrules.journal.database import Database
from polyrules.journal.records import RunSpec, TapeSource
from polyrules.journal.writer import End, Writer


class Recorder:
    """Implements `domain.ports.Journal` for one run.

    Attributes:
        steps: How many were appended.
        value: The chain value of the last one.
    """

    def __init__(self, database: Database, spec: RunSpec) -> None:
        self.steps = 0
        self.value = SEED
        self._spec = spec
        self._run = spec.id
        self._writer = Writer(database, spec.id)
        self._writer.start()

    async def append(self, step: Step) -> None:
        """Record a Step; return once it would survive a crash, if it has commands.

        Raises:
            JournalError: The journal cannot be written any more. No command of this
                Step may leave.
            InvariantError: The Step is not the next one of this run.
        """
        if step.sequence != self.steps + 1 or step.run != self._run:
            raise InvariantError(
                f"step {step.sequence} of run {step.run} cannot follow step "
                f"{self.steps} of run {self._run}"
            )
        body = encode(step)
        value = link(self.value, body)
        ack = self._writer.add(step, body, value, durable=bool(step.commands))
        self.steps, self.value = step.sequence, value
        if ack is not None:
            await asyncio.wrap_future(ack)

    def close(
        self,
        ended_at: int,
        reason: str,
        summary: dict[str, Any] | None = None,
        *,
        tape: TapeSource | None = None,
    ) -> None:
        """Save what is left, and how the run ended.

        Args:
            ended_at: Wall time [microseconds UTC].
            reason: Why it ended, e.g. "finished" or "interrupted".
            summary: What the application wants to show of it later, as plain JSON
                values.
            tape: The tape the run wrote, now that it is closed and has a hash.

        Raises:
            JournalError: It could not be saved. What was saved before stays readable.
        """
        told = None if summary is None else msgspec.json.encode(summary)
        self._writer.stop(End(ended_at, reason, told, self._spec_with(tape)))

    def abandon(self, reason: str, *, tape: TapeSource | None = None) -> bool:
        """End a run that failed, saving what can be saved; raise nothing.

        Args:
            reason: What happened.
            tape: As of `close`, if the tape could be closed.

        Returns:
            Whether everything was saved.
        """
        try:
            self._writer.stop(End(clock.now(), reason, None, self._spec_with(tape)))
        except JournalError:
            return False
        return True

    def _spec_with(self, tape: TapeSource | None) -> bytes | None:
        """Return what the run was begun with and the tape it wrote since."""
        if tape is None:
            return None
        return msgspec.json.encode(msgspec.structs.replace(self._spec, tape=tape))
