"""What Gamma knew when it looked last: markets and events as bytes, up to a minute old.

Gamma is a cache before the venue. Here a market is written down when it is asked for
and was written longer ago than `STALE`; a market in which nothing happened never again.
Lists in an order are kept as long. That, too, is why fifty thousand markets are served
in seconds.
"""

from collections.abc import Callable

import msgspec

from polyrules.domain.moments import SECOND
from polyrules.venues.simulated.gamma.facts import (
    event_facts,
    event_name,
    market_facts,
    tags_facts,
)
from polyrules.venues.simulated.played import Played
from polyrules.venues.simulated.world.story import Event, Story

STALE = 45 * SECOND

Placed = tuple[float, int, int]  # what is sorted by, Gamma's number, our own
encode = msgspec.json.encode


class Photo(msgspec.Struct, kw_only=True):
    """A market as it was told: its facts, and what filters ask for."""

    at: int
    facts: bytes  # without the closing brace
    closed: bool


class Store:
    """The world's markets and events as Gamma tells them.

    Args:
        world: What there is.
    """

    def __init__(self, world: Played) -> None:
        self._world = world
        self._photos: dict[str, Photo] = {}
        self._event_photos: dict[int, tuple[int, int, bytes]] = {}
        self._known = 0
        self._by_name: dict[str, Story] = {}
        self._events: dict[int, list[Story]] = {}
        self._event_names: dict[str, int] = {}
        self._all: list[Story] = []
        self._sorted: dict[str, tuple[int, int, list[Placed]]] = {}
        self._sorted_events: tuple[int, list[int]] = (0, [])

    def find(self, name: str) -> Story | None:
        """Return a market by its id, slug, condition id or token."""
        self._learn()
        return self._by_name.get(name)

    def event(self, name: str) -> list[Story] | None:
        """Return the markets of an event, by its id or slug."""
        self._learn()
        number = self._event_names.get(name)
        return None if number is None else self._events[number]

    def stories(self, key: str, value: Callable[[Story], float]) -> list[Placed]:
        """Return all markets by `value` ascending, as the order stood lately.

        Args:
            key: A name for the order.
            value: What is sorted by; ids decide where it is equal.
        """
        self._learn()
        now = self._world.at
        made, known, found = self._sorted.get(key, (-STALE, 0, []))
        if now - made >= STALE or known != self._known:
            found = sorted(
                (value(story), int(story.listed.gamma_id), number)
                for number, story in enumerate(self._all)
            )
            self._sorted[key] = (now, self._known, found)
        return found

    def at(self, place: Placed) -> Story:
        """Return the market at a place of `stories`."""
        return self._all[place[2]]

    def events(self) -> list[int]:
        """Return the numbers of all events, ascending."""
        self._learn()
        known, found = self._sorted_events
        if known != self._known:
            found = sorted(self._events)
            self._sorted_events = (self._known, found)
        return found

    def event_of(self, number: int) -> list[Story]:
        """Return the markets of an event by its number."""
        return self._events[number]

    def is_closed(self, story: Story) -> bool:
        """Tell whether a market is closed, as far as Gamma knows by now."""
        return self._photo(story).closed

    def is_over(self, number: int) -> bool:
        """Tell whether all markets of an event are closed."""
        return all(self.is_closed(story) for story in self._events[number])

    def market(
        self, story: Story, *, tags: bool = False, nested: bool = False
    ) -> bytes:
        """Return a market as JSON; `nested` in an event, which is not repeated."""
        facts = self._photo(story).facts
        events = b"" if nested else b',"events":' + encode([event_name(story.event)])
        told = b',"tags":' + encode(tags_facts(story.listed.tags)) if tags else b""
        return facts + events + told + b"}"

    def event_json(self, number: int, *, markets: bool = True) -> bytes:
        """Return an event as JSON, with its markets inside unless told not to."""
        stories = self._events[number]
        facts = self._event_photo(number, stories)
        if not markets:
            return facts + b"}"
        inside = b",".join(self.market(story, nested=True) for story in stories)
        return facts + b',"markets":[' + inside + b"]}"

    def _photo(self, story: Story) -> Photo:
        photo = self._photos.get(story.listed.id)
        now = self._world.at
        if photo is None or (photo.at < story.changed and now - photo.at >= STALE):
            facts = market_facts(story, self._world.exchange)
            photo = Photo(
                at=now, facts=encode(facts)[:-1], closed=story.stage == "resolved"
            )
            self._photos[story.listed.id] = photo
        return photo

    def _event_photo(self, number: int, stories: list[Story]) -> bytes:
        """Return an event's own facts, without the closing brace."""
        now = self._world.at
        made, known, facts = self._event_photos.get(number, (0, 0, b""))
        newest = max(story.changed for story in stories)
        if known != len(stories) or (made < newest and now - made >= STALE):
            event: Event = stories[0].event
            facts = encode(event_facts(event, stories))[:-1]
            self._event_photos[number] = (now, len(stories), facts)
        return facts

    def _learn(self) -> None:
        """Take in the markets that were listed since."""
        stories = self._world.stories
        if len(stories) == self._known:
            return
        for story in list(stories.values())[self._known :]:
            listed, event = story.listed, story.event
            self._all.append(story)
            for name in (
                listed.gamma_id,
                listed.slug,
                listed.id,
                listed.yes,
                listed.no,
            ):
                self._by_name[name] = story
            self._events.setdefault(event.id, []).append(story)
            self._event_names[event.slug] = self._event_names[str(event.id)] = event.id
        self._known = len(stories)
