"""Frames that come later, by socket, until their time has come."""

import heapq

Socket = tuple[str, str]  # service and connection


class Held:
    """What is held back, each frame until a moment [microseconds UTC]."""

    def __init__(self) -> None:
        self._frames: dict[Socket, list[tuple[int, int, str]]] = {}
        self._sequence = 0

    def __contains__(self, socket: Socket) -> bool:
        return socket in self._frames

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, socket: Socket, frame: str, due: int) -> None:
        """Hold a frame back until `due`; among equals the first stays first."""
        self._sequence += 1
        held = self._frames.setdefault(socket, [])
        heapq.heappush(held, (due, self._sequence, frame))

    def due(self, socket: Socket, now: int) -> list[str]:
        """Return, once, the frames whose time has come, in the order of their time."""
        held = self._frames.get(socket, [])
        due = []
        while held and held[0][0] <= now:
            due.append(heapq.heappop(held)[2])
        if not held:
            self._frames.pop(socket, None)
        return due

    def forget(self, socket: Socket) -> None:
        """Drop what is held back for a socket that is gone."""
        self._frames.pop(socket, None)
