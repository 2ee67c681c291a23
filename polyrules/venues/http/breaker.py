"""A circuit breaker: a host that fails again and again is left alone for a while.

    closed     every request passes; `failures` failures in a row open it
    open       nothing passes until the cooldown is over
    half open  one request passes, the probe: success closes, failure opens again

Pure: times are passed in, nothing waits here. Whoever is let through holds a ticket and
hands it back with what came of it. A ticket from before the breaker last opened tells
of an older state of the host and changes nothing. Requests that were under way together
and failed count as one failure: one broken connection takes down all that it carries.
"""

from typing import NewType

from polyrules.domain.moments import SECOND

Ticket = NewType("Ticket", int)  # requests are numbered as they are let through


class Breaker:
    """Decides whether a host may be asked.

    Args:
        failures: So many failures in a row open it, at least 1.
        cooldown: How long it stays open [microseconds], above 0.

    Attributes:
        in_a_row: Failures since the last success.
        opened: How often it opened.
    """

    def __init__(self, *, failures: int = 5, cooldown: int = 10 * SECOND) -> None:
        assert failures > 0, "a breaker that opens before it saw a failure never closes"
        assert cooldown > 0, "a breaker without a cooldown is none"
        self.in_a_row = 0
        self.opened = 0
        self._failures = failures
        self._cooldown = cooldown
        self._until: int | None = None  # None: closed; in the past: half open
        self._probing = False
        # Numbers of requests:
        self._entered = 0  # the last that was let through
        self._counted = 0  # up to this one none can add a further failure
        self._outdated = 0  # up to this one all are from before it last opened

    def open_until(self, now: int) -> int | None:
        """Return when the next request may pass; None if one may at `now`.

        While the probe is under way nobody knows; it is then a cooldown from `now`.
        """
        if self._until is None:
            return None
        if now < self._until:
            return self._until
        return now + self._cooldown if self._probing else None

    def enter(self, now: int) -> Ticket | None:
        """Let a request through, if one may pass at `now`."""
        if self.open_until(now) is not None:
            return None
        self._probing = self._until is not None
        self._entered += 1
        return Ticket(self._entered)

    def succeeded(self, ticket: Ticket) -> None:
        """Note that the host answered, be it with a refusal: it is well."""
        if ticket > self._outdated:
            self.in_a_row = 0
            self._until = None
            self._probing = False

    def failed(self, ticket: Ticket, now: int) -> bool:
        """Note that the host failed; return whether that opened the breaker."""
        if ticket <= self._counted:
            return False
        self._counted = self._entered
        self.in_a_row += 1
        if self.in_a_row < self._failures:
            return False
        self._outdated = self._entered
        self.opened += 1
        self._until = now + self._cooldown
        self._probing = False
        return True

    def dropped(self, ticket: Ticket) -> None:
        """Note that nothing was learnt, as the request was given up."""
        if ticket > self._outdated:
            self._probing = False
