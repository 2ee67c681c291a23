"""How much a socket usually says, and whether it says too little now. Pure counting.

What is normal is learned: a mean that forgets over ten minutes. A norm that is stated
for the socket's markets counts beside it, whichever is more.
"""

from collections import deque

from polyrules.domain.moments import MINUTE, SECOND

SLOT = 10 * SECOND
SLOTS = MINUTE // SLOT
WEIGHT = 1 / 60  # of one slot: ten minutes of memory


class Meter:
    """Messages of one kind on one socket.

    Attributes:
        total: All that were heard.
        heard_at: When the last one was [microseconds UTC], None: never.
    """

    __slots__ = ("_before", "_begun", "_learned", "_slots", "heard_at", "total")

    def __init__(self) -> None:
        self.total = 0
        self.heard_at: int | None = None
        self._slots: deque[int] = deque(maxlen=SLOTS)
        self._begun: int | None = None
        self._before = 0
        self._learned: float | None = None

    def hear(self, at: int) -> None:
        """Count one message."""
        self.total += 1
        self.heard_at = at

    def restart(self, at: int) -> None:
        """Begin a new connection: what is normal is kept, the last minute is not."""
        self._slots.clear()
        self._begun = at
        self._before = self.total

    def advance(self, now: int) -> None:
        """Close the slots that have passed."""
        if self._begun is None:
            self.restart(now)
            return
        while now - self._begun >= SLOT:
            said, self._before = self.total - self._before, self.total
            self._begun += SLOT
            self._slots.append(said)
            self._learn(said * SLOTS)

    def lately(self) -> float | None:
        """Return the messages of the last minute, None before it was a whole one."""
        return float(sum(self._slots)) if len(self._slots) == SLOTS else None

    def normal(self, norm: float = 0.0) -> float:
        """Return the messages expected in a minute, never below a stated `norm`."""
        return max(norm, self._learned or 0.0)

    def degraded(self, share: float, least: float, norm: float = 0.0) -> bool:
        """Tell whether the last minute said less than `share` of what is normal.

        Args:
            share: Below this part of the normal rate it is too little, 0 to 1.
            least: Messages expected in a minute before this means anything.
            norm: Messages a minute that are expected in any case.
        """
        lately, normal = self.lately(), self.normal(norm)
        return lately is not None and normal >= least and lately < share * normal

    def _learn(self, rate: float) -> None:
        if self._learned is None:
            if len(self._slots) == SLOTS:
                self._learned = float(sum(self._slots))
        else:
            self._learned += WEIGHT * (rate - self._learned)
