"""What an import kept out, and why: every one counted, the first ones with a place."""

from collections import Counter
from collections.abc import Iterable

from polyrules.errors import InputError
from polyrules.venues.tape.manifest import PROBLEMS_LISTED

PLACES_A_REASON = 20  # so that one common fault does not hide the rare ones


class LeftOut:
    """A tally of what could not be used, for the manifest."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []

    def add(self, place: str, reason: str) -> None:
        """Note that what stands at `place` (file:line) was kept out for `reason`."""
        self.counts[reason] += 1
        room = len(self.problems) < PROBLEMS_LISTED
        if room and self.counts[reason] <= PLACES_A_REASON:
            self.problems.append(f"{place}: {reason}")

    def add_lines(self, name: str, lines: Iterable[int], reason: str) -> None:
        """Note several lines of the file `name`, all for one reason."""
        for line in lines:
            self.add(f"{name}:{line}", reason)

    def take(self, other: "LeftOut") -> None:
        """Add what `other` tallied."""
        self.counts.update(other.counts)
        room = PROBLEMS_LISTED - len(self.problems)
        self.problems += other.problems[:room]

    def everything(self) -> InputError:
        """Return the error for an import of which nothing was left."""
        told = "; ".join(f"{why} ({n})" for why, n in self.counts.most_common(5))
        return InputError(
            f"nothing that can stand on a tape: {told or 'the sources are empty'}",
            hint="\n".join(self.problems[:5]),
        )

    def as_counts(self) -> dict[str, int]:
        """Return the number kept out by reason, the most frequent first."""
        return dict(self.counts.most_common())
