"""The markets of raw payloads: what was told of each, and when it may be known.

Facts are merged, the first word on each counts; which token is YES is one fact, and a
label goes before a place in a list, whatever is read first. A market that only books
speak of is listed with what they say.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from polyrules.domain.events import (
    BookChanged,
    Event,
    LevelsChanged,
    MarketChanged,
    MarketListed,
    MarketResolved,
)
from polyrules.domain.ids import GroupId, MarketId, TokenId
from polyrules.domain.market import Listing, Market
from polyrules.domain.money import Shares
from polyrules.venues.polymarket import wire
from polyrules.venues.polymarket.told import Told, turned, turned_listing
from polyrules.venues.polymarket.wire import Frame, WireBook, WireResolved
from polyrules.venues.tape import stated
from polyrules.venues.tape.left_out import LeftOut

FIELDS = (
    "question",
    "slug",
    "group",
    "group_size",
    "category",
    "tick",
    "size_min",
    "fee_rate",
    "neg_risk",
    "start",
    "end",
    "created",
    "closed_at",
    "payout_yes",
)
UNDESCRIBED = (
    "Markets that no listing describes: the token seen first is taken to be YES;"
    " tick and smallest order are those of their books, else 0.01 and 5."
)
LABELS = (
    "Markets whose outcomes have other names than Yes/No or Up/Down, or none: the first"
    " outcome is taken to be YES."
)
NO_TIME = "a listing that says no time, and nothing else does"
UNTIMED = "answers of closed markets without the time they closed, not taken"
UNCLOSED = "closed markets without the time they closed: the end of orders is unsaid"


class Listings:
    """What is known of the markets of one import."""

    def __init__(self, left_out: LeftOut, notes: Counter[str]) -> None:
        self._left_out = left_out
        self._notes = notes
        self._told: dict[str, Told] = {}
        self._words: dict[str, dict[int | None, Listing]] = {}  # by when it was said
        self._tokens: dict[str, list[str]] = {}  # of the frames, as they came
        self._first: dict[str, int] = {}
        self._answers: dict[str, tuple[int, WireResolved, str]] = {}
        self._undescribed = 0

    def told(self, told: Told) -> None:
        """Take what a listing says of one market."""
        known = self._told.setdefault(told.id, Told(id=told.id))
        told = self._in_the_same_terms(known, told)
        if told.listing != Listing() and _is_of_the_moment(told):
            words = self._words.setdefault(told.id, {})
            earlier = words.get(told.said_at, Listing())
            words[told.said_at] = _merged(earlier, told.listing)
        for name in FIELDS:
            if getattr(known, name) is None:
                setattr(known, name, getattr(told, name))
        known.closed = known.closed or told.closed
        if told.exact or known.said_at is None:
            known.said_at, known.exact = told.said_at, told.exact

    def _in_the_same_terms(self, known: Told, told: Told) -> Told:
        """Settle which token is YES, a label going before a place; return `told` so."""
        if told.yes is None:
            return told
        if known.yes is None:
            known.yes, known.no, known.by_label = told.yes, told.no, told.by_label
            return told
        if told.by_label and not known.by_label:
            if told.yes == known.no:
                self._turn(known)
            known.yes, known.no, known.by_label = told.yes, told.no, True
        return turned(told) if told.yes == known.no else told

    def _turn(self, known: Told) -> None:
        """Exchange the tokens in all that was told so far."""
        known.yes, known.no = known.no, known.yes
        if known.payout_yes is not None:
            known.payout_yes = 1 - known.payout_yes
        words = self._words.get(known.id, {})
        for said_at, listing in words.items():
            words[said_at] = turned_listing(listing)

    def saw(self, event: Frame, tokens: list[str]) -> None:
        """Take note of a frame: its market, its tokens, its time."""
        if isinstance(event, LevelsChanged):
            tokens = [*tokens, *(change.token for change in event.changes)]
        seen = self._tokens.setdefault(event.market, [])
        seen += [token for token in dict.fromkeys(tokens) if token not in seen]
        self._first[event.market] = min(
            event.at, self._first.get(event.market, event.at)
        )

    def saw_book(self, book: BookChanged, frame: WireBook) -> None:
        """Take note of a book, and of the facts it brings along."""
        facts = Told(
            id=book.market,
            tick=wire.decimal(frame.tick_size),
            size_min=wire.decimal(frame.min_order_size),
            neg_risk=frame.neg_risk,
        )
        self.saw(book, [book.token])
        self.told(facts)

    def answered(self, at: int, answer: WireResolved, place: str) -> None:
        """Take a `market_resolved`; whose token won is settled at the end."""
        self._answers.setdefault(answer.market, (at, answer, place))
        seen = self._tokens.setdefault(answer.market, [])
        seen += [token for token in answer.assets_ids if token not in seen]
        self._first[answer.market] = min(at, self._first.get(answer.market, at))

    def events(self) -> Iterator[Event]:
        """Yield listings and answers, each at the time it may be known."""
        began = min(self._first.values(), default=None)
        for market_id in dict.fromkeys((*self._told, *self._tokens)):
            told = self._told.get(market_id) or Told(id=market_id)
            at = self._listed_at(told, began)
            if at is None:
                self._left_out.add(market_id, NO_TIME)
                continue
            market = self._market(told)
            if market is None:
                self._left_out.add(market_id, "a market of which no token is known")
                continue
            yield from self._life(told, market, at)

    def stated(self) -> dict[str, int]:
        """Count the markets that state each fact, by the name that rules use."""
        count: Counter[str] = Counter()
        for told in self._told.values():
            said = _merged(Listing(), *self._words.get(told.id, {}).values())
            facts = stated.facts(msgspec.structs.asdict(told))
            count.update((*facts, *stated.words(said)))
        return dict(sorted(count.items()))

    def assumptions(self) -> tuple[str, ...]:
        """Return what had to be taken for granted, one sentence each."""
        told = [
            "Events stand at the venue's own timestamps; what it took to arrive is 0."
        ]
        if self._told:
            told.append(
                "A listing stands at the first moment of the other payloads, or when"
                " its market was created if that is later; what it says of volumes and"
                " prices at the time it was last changed, and an answer when trading"
                " had closed. Facts (end, tick, fee) are taken to have been the same"
                " before."
            )
        if self._undescribed:
            told.append(f"{UNDESCRIBED} ({self._undescribed})")
        known = self._told.values()
        if unlabelled := sum(bool(each.yes) and not each.by_label for each in known):
            told.append(f"{LABELS} ({unlabelled})")
        return tuple(told)

    def _listed_at(self, told: Told, began: int | None) -> int | None:
        """Return when a market may be known: created, and the recording on its way.

        Its own frames prove that it was there, whatever it says of its creation.
        """
        if told.exact:
            listed = told.said_at
        elif began is None:
            listed = told.created if told.said_at is None else told.said_at
        else:
            listed = max(began, told.created or began)
        first = self._first.get(told.id)
        return min((at for at in (listed, first) if at is not None), default=None)

    def _market(self, told: Told) -> Market | None:
        yes, no = told.yes, told.no
        if yes is None or no is None:
            seen = self._tokens.get(told.id, [])
            if not seen:
                return None
            self._undescribed += 1
            yes, no = (*seen, f"{told.id}:other")[:2]
        return Market(
            id=MarketId(told.id),
            yes=TokenId(yes),
            no=TokenId(no),
            question=told.question or "",
            slug=told.slug or "",
            group=GroupId(told.group) if told.group else None,
            group_size=told.group_size,
            category=told.category,
            tick=told.tick or Decimal("0.01"),
            size_min=Shares(told.size_min if told.size_min is not None else Decimal(5)),
            fee_rate=told.fee_rate,
            neg_risk=told.neg_risk,
            start=told.start,
            end=told.end,
        )

    def _life(self, told: Told, market: Market, at: int) -> Iterator[Event]:
        """Yield a market's listing, what was said of it later, and its answer."""
        words = self._words.get(told.id, {})
        said = sorted(words.items(), key=lambda item: item[0] or 0)
        now = Listing()
        for said_at, listing in said:
            if (said_at or 0) <= at:
                now = _merged(listing, now)
        yield MarketListed(at=at, market=market, listing=now)
        for said_at, listing in said:
            if said_at is not None and said_at > at:
                now = _merged(listing, now)
                yield MarketChanged(at=said_at, market=market, listing=now)
        if told.closed and told.closed_at is None:
            self._notes[UNCLOSED] += 1
        if told.closed and told.closed_at:
            # What a closed market's listing says of volumes and prices is from after
            # its end; that it takes no orders is all that may be known.
            closed = Listing(accepting_orders=False)
            closed_at = max(told.closed_at, at)
            yield MarketChanged(at=closed_at, market=market, listing=closed)
        yield from self._answer(told, market, at)

    def _answer(self, told: Told, market: Market, at: int) -> Iterator[MarketResolved]:
        if told.id in self._answers:
            said, answer, place = self._answers[told.id]
            if answer.winning_asset_id not in (market.yes, market.no):
                self._left_out.add(place, "an answer that names neither token")
                return
            won = Decimal(int(answer.winning_asset_id == market.yes))
            yield MarketResolved(
                at=max(said, at), venue_at=said, market=market.id, payout_yes=won
            )
        elif told.payout_yes is not None and told.closed_at is None:
            self._notes[UNTIMED] += 1
        elif told.payout_yes is not None and told.closed_at is not None:
            yield MarketResolved(
                at=max(told.closed_at, at),
                venue_at=told.closed_at,
                market=market.id,
                payout_yes=told.payout_yes,
            )


def _is_of_the_moment(told: Told) -> bool:
    """Tell whether a listing's volumes and prices may be known when it was said.

    Those of a closed market are from after its end, which must then be known to be
    over; without any time they would stand at the beginning of the tape.
    """
    if not told.closed:
        return True
    return told.closed_at is None and told.said_at is not None


def _merged(first: Listing, *others: Listing) -> Listing:
    """Return what `first` says, and where it is silent what the others say."""
    silent = {
        name: next(
            (word for each in others if (word := getattr(each, name)) is not None), None
        )
        for name, value in msgspec.structs.asdict(first).items()
        if value is None
    }
    return msgspec.structs.replace(first, **silent)
