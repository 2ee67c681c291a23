"""What the data can bear: feeds that are not there, schedules that outrun them."""

from collections.abc import Iterator

from polyrules.documents.quantities import SECOND, shown_duration
from polyrules.errors import Severity
from polyrules.features.catalog import Feed
from polyrules.language.analysis.meaning import anywhere
from polyrules.language.analysis.scene import claim
from polyrules.language.analysis.subject import Find, Subject
from polyrules.language.cost import parts

ROWS = 50_000  # markets; the venue lists about so many
BUDGET = 0.2  # seconds of work at one evaluation
# The shipped strategies at 50,000 random rows on 2 cores take 0.11 to 0.16 ns per row
# and part, and 3 (lag) to 290 ns (mean_over) per row and window; simpleeval takes 2,330
# ns per row and rule (tests/bench/bench_rules.py). Taken on the high side.
NANOSECONDS = 0.5  # per row and part
WINDOW_NANOSECONDS = 150.0  # per row and window
LISTED_EVERY = 15 * SECOND  # how often a listing is polled at best
TICK = SECOND  # of a desk's clock, unless it says otherwise
OWN = frozenset({Feed.CLOCK, Feed.PORTFOLIO})  # never a reason to ask again


def missing_feeds(subject: Subject) -> Iterator[Find]:
    """Yield rules that can never fire because a feed they need is not there."""
    silent = {
        name: feed
        for feed, names in subject.reads_by_feed.items()
        if feed in subject.lacking
        for name in names
    }
    if not silent:
        return
    facts = anywhere(subject.strategy, frozenset(silent))
    universe = subject.strategy.universe
    before = [] if universe is None else [universe]
    before += [guard.when for guard in subject.strategy.guards]
    for rule in subject.strategy.rules:
        needed = [*before, rule.when]
        if facts.allows([claim(each) for each in needed]):
            continue
        names = [
            name
            for name in silent
            if not anywhere(subject.strategy, frozenset({name})).allows(
                [claim(each) for each in needed]
            )
        ]
        told = ", ".join(f"{name} ({silent[name].value})" for name in names or silent)
        message = f'rule "{rule.id}" can never fire: there is no feed for {told}'
        hint = "give it the feed, or ask known(x) first"
        yield Find((*subject.rule_path(rule), "id"), message, hint)


def hasty_schedules(subject: Subject) -> Iterator[Find]:
    """Yield schedules that ask more often than anything they read can change."""
    every = subject.every
    if every is None:
        return
    at = ("schedule", "every")
    feeds = set(subject.reads_by_feed) - OWN
    if every < LISTED_EVERY and feeds == {Feed.GAMMA}:
        message = (
            f"asked every {shown_duration(every)}, but all it reads comes from the"
            f" listing, which is polled every {shown_duration(LISTED_EVERY)} at best"
        )
        yield Find(at, message, f"write every: {shown_duration(LISTED_EVERY)}")
    elif every < TICK:
        message = (
            f"asked every {shown_duration(every)}, but the clock of a desk ticks every"
            f" {shown_duration(TICK)} unless it says otherwise"
        )
        hint = f"write every: {shown_duration(TICK)}, or set the desk's tick"
        yield Find(at, message, hint, severity=Severity.INFO)
    yield from _short_windows(subject, every)


def _short_windows(subject: Subject, every: int) -> Iterator[Find]:
    lengths = {window.name: window.length for window in subject.strategy.windows}
    for name, expression in subject.lets.items():
        short = [lengths[n] for n in expression.reads if 0 < lengths.get(n, 0) < every]
        if short:
            message = (
                f'let "{name}" looks back over {shown_duration(min(short))} and is'
                f" sampled every {shown_duration(every)}: it sees one sample at most"
            )
            yield Find(("let", name), message, "look back further, or ask more often")


def too_dear(subject: Subject) -> Iterator[Find]:
    """Yield strategies whose evaluation takes more than its budget."""
    seconds = cost_seconds(subject)
    if seconds > BUDGET:
        message = (
            f"one evaluation takes about {seconds * 1e3:,.0f} ms at {ROWS:,} markets,"
            f" and should take {BUDGET * 1e3:,.0f} ms at most"
        )
        hint = "use fewer rules, or fewer lets that look back"
        yield Find(("rules",), message, hint, on_key=True)


def cost_seconds(subject: Subject) -> float:
    """Estimate what one evaluation takes at 50,000 markets [seconds]."""
    windows = len(subject.strategy.windows)
    work = parts(subject.strategy) * NANOSECONDS + windows * WINDOW_NANOSECONDS
    return ROWS * work * 1e-9
