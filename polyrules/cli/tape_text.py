"""What `polyrules tape` prints, as lines; it reads nothing and decides nothing."""

from collections.abc import Iterator

from polyrules.clock import to_datetime
from polyrules.domain.moments import SECOND
from polyrules.venues.tape.calibration import Calibration
from polyrules.venues.tape.inspection import Inspection
from polyrules.venues.tape.manifest import Manifest

PROBLEMS_SHOWN = 20


def info_lines(manifest: Manifest, seen: Inspection) -> Iterator[str]:
    """Yield what is on a tape."""
    yield from _head(manifest, seen)
    yield f"{'hash':10} {seen.content_hash}"
    for source in manifest.sources:
        yield f"{'source':10} {source.name} ({source.bytes:,} bytes, {source.blake2b})"
    stated = (f"{name} ({count:,})" for name, count in manifest.stated.items())
    yield f"{'stated':10} {', '.join(stated) or 'nothing'}"
    ages = ", ".join(
        f"{feed} {age / SECOND:g} s" for feed, age in manifest.max_age.items()
    )
    if manifest.tick is not None:
        yield f"{'clock':10} every {manifest.tick / SECOND:g} s"
    if ages:
        yield f"{'stands':10} {ages}"
    for sentence in manifest.assumptions:
        yield f"{'assumed':10} {sentence}"
    yield from _notes(manifest)


def check_lines(
    manifest: Manifest, seen: Inspection, found: dict[str, int]
) -> Iterator[str]:
    """Yield what was found on a tape, and where."""
    yield from _head(manifest, seen)
    yield from _notes(manifest)
    if seen.books.both:
        yield (
            f"{'mirrored':10} {seen.books.both - seen.books.disagreeing:,} of"
            f" {seen.books.both:,} moments with books of both tokens"
        )
    if not found:
        yield "no findings"
        return
    yield "findings"
    width = max(map(len, found))
    for name, count in found.items():
        yield f"  {name:{width}}  {count:>9,}"
    for changed in seen.changed:
        yield f"  {changed}"
    for problem in manifest.problems[:PROBLEMS_SHOWN]:
        yield f"    {problem}"
    more = sum(manifest.left_out.values()) - min(len(manifest.problems), PROBLEMS_SHOWN)
    if more > 0:
        yield f"    and {more:,} more; manifest.json lists the first of each reason"


def calibration_lines(table: Calibration) -> Iterator[str]:
    """Yield prices against answers."""
    when = (
        "each market's only price"
        if table.lead is None
        else f"the last mid at least {table.lead / SECOND:g} s before the end"
    )
    yield f"calibration of {table.markets:,} markets, by {when}"
    if table.flagged:
        yield f"  {table.flagged:,} left out: price possibly from after the answer"
    if table.unpriced:
        yield f"  {table.unpriced:,} left out: no price by then"
    if not table.buckets:
        yield "  no market has a price that early; --lead 5m looks nearer to the end"
        return
    yield "  price of YES  markets  mean price  won YES  95 % of such samples"
    for row in table.buckets:
        yield (
            f"  {row.low:.2f} to {row.high:.2f}  {row.markets:>7,}  {row.price:>10.4f}"
            f"  {row.won:>7.4f}  {row.won_low:.4f} to {row.won_high:.4f}"
        )


def _kind(kind: str, count: int, seen: Inspection) -> str:
    levels = f" ({seen.level_changes:,} levels)" if kind == "LevelsChanged" else ""
    return f"{kind} {count:,}{levels}"


def _head(manifest: Manifest, seen: Inspection) -> Iterator[str]:
    if manifest.title:
        yield manifest.title
    kinds = ", ".join(_kind(kind, count, seen) for kind, count in seen.counts.items())
    yield f"{'events':10} {seen.events:,}" + (f": {kinds}" if kinds else "")
    answers = seen.answers
    yield (
        f"{'markets':10} {seen.markets:,}: {answers.yes:,} YES, {answers.no:,} NO,"
        f" {answers.half:,} 50/50, {answers.open:,} without an answer"
    )
    if seen.span:
        first, last = (to_datetime(at).isoformat(" ", "seconds") for at in seen.span)
        yield f"{'span':10} {first} to {last}"
    yield f"{'feeds':10} {', '.join(manifest.feeds) or 'none'}"
    if manifest.assumed_books:
        yield f"{'books':10} assumed from prices"


def _notes(manifest: Manifest) -> Iterator[str]:
    for note, count in manifest.notes.items():
        yield f"{'note':10} {note}: {count:,}"
