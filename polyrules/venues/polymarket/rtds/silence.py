"""Which prices have gone silent. Pure: times are handed in.

What was never heard is not missed by name; a socket on which nothing at all is heard is
silent all the same.
"""

EVERYTHING = "everything"


class Silence:
    """When what was last heard, over several sockets.

    Args:
        after: How long something may not be heard [microseconds].
        sockets_most: New sockets in a row on which something may stay silent while
            others are heard, until it is given up.

    Attributes:
        expected: What must be heard on every socket.
        given_up: What no longer must, as it stayed silent; once heard, it must again.
    """

    def __init__(self, after: int, sockets_most: int) -> None:
        self.expected: set[str] = set()
        self.given_up: set[str] = set()
        self._after = after
        self._sockets_most = sockets_most
        self._begun = 0
        self._at: dict[str, int] = {}  # when heard on this socket
        self._silent_on: dict[str, int] = {}  # sockets in a row, by name

    def begin(self, now: int) -> None:
        """Begin with a new socket."""
        self._begun = now
        self._at.clear()

    def heard(self, name: str, now: int) -> None:
        """Note that something was heard."""
        self._at[name] = now
        self.expected.add(name)
        self.given_up.discard(name)
        self._silent_on.pop(name, None)

    @property
    def over(self) -> bool:
        """Whether all that must be heard was heard on this socket."""
        return bool(self._at) and self.expected <= self._at.keys()

    def found(self, now: int) -> list[str]:
        """Return what has been silent for too long, in order; mostly nothing.

        Something that is silent for the last time it may be is given up and no longer
        among them.
        """
        limit = now - self._after
        if max(self._at.values(), default=self._begun) <= limit:
            return [EVERYTHING]  # that is the socket's fault, and nobody's in it
        silent = [
            name
            for name in sorted(self.expected)
            if self._at.get(name, self._begun) <= limit
        ]
        return [name for name in silent if not self._gives_up(name)]

    def _gives_up(self, name: str) -> bool:
        count = self._silent_on.get(name, 0) + 1
        self._silent_on[name] = count
        if count <= self._sockets_most:
            return False
        del self._silent_on[name]
        self.expected.discard(name)
        self.given_up.add(name)
        return True
