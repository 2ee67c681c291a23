"""Load and run foreign files in processes that note what they do.

A case is loaded, what is wrong with it is rendered, and what loads is asked about odd
rows by both evaluators. All of that in a forked child with little memory and time and
an audit hook, after a sound file has been through, so that everything is imported.
CPython raises an audit event for whatever reaches out of the interpreter: an import, a
file, a socket, a process, and source that is compiled or run.

    python -m tests.foreign.sandbox [all]

prints a JSON list of what the corpus came to, and a few offences to prove the hook. It
needs POSIX; the limit of memory holds on Linux.
"""

import ast
import os
import resource
import signal
import socket
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from polyrules.cli.problems import rendered
from polyrules.errors import Severity
from polyrules.language.expression import Type
from polyrules.language.load import load_all
from polyrules.language.strategy import Strategy
from tests.foreign.corpus import HOST, Foreign, bombed, conditions, elsewhere, files
from tests.laws import agreement
from tests.laws.grammar import row

MEMORY_MAX = 200_000_000  # bytes that a file may take, beyond those of the program
SECONDS_MAX = 30  # of CPU a child; only to end what does not end
TOGETHER = 50  # expressions in one child: forking costs more than they do
ROWS = 5
SHOWN_MAX = 2_000  # characters of what is told of a case


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a case came to.

    Attributes:
        name: Of the case.
        wanted: What it had to come to, as in the corpus.
        codes: Of its problems.
        loads: Whether there was no error.
        unclear: Problems without a place or a message, or with a control character.
        longest: Characters of the longest problem as shown.
        differences: Rows on which the two evaluators differ.
        events: Audit events, but for those of parsing, and of running `printed`.
        printed: Source that was compiled to be run.
        died: What ended the child: an exception, or a signal; "" for nothing.
        cpu: Seconds of CPU for loading.
        memory: Bytes by which the most memory at one time has grown.
    """

    name: str
    wanted: str | None = None
    codes: tuple[str, ...] = ()
    loads: bool = False
    unclear: tuple[str, ...] = ()
    longest: int = 0
    differences: int = 0
    events: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    died: str = ""
    cpu: float = 0.0
    memory: int = 0


Attempt = Callable[[Foreign], Seen]


class _Watch:
    """Notes audit events from now on; a hook cannot be taken off again."""

    def __init__(self) -> None:
        self.events: dict[str, None] = {}
        self.printed: list[str] = []
        self.is_on = False
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "compile" and arguments[1] == "<unknown>":
            return  # ast.parse, which runs nothing
        if event == "compile" and arguments[1] == "<string>":
            self.printed.append(_text(arguments[0]))
        elif event != "exec" or arguments[0].co_filename != "<string>":
            self.events[f"{event} {arguments!r:.200}"] = None


def _text(source: object) -> str:
    return source.decode() if isinstance(source, bytes) else f"{source}"


def watched(
    cases: Iterable[Foreign], attempt: Attempt | None = None, *, together: int = 1
) -> Iterator[Seen]:
    """Yield what every case comes to, so many together in a fork of this process."""
    attempt = attempt or load_and_run
    load_and_run(Foreign("warm-up", HOST.encode(), None))
    every = iter(cases)
    while batch := list(islice(every, together)):
        yield from _forked(batch, attempt)


def _forked(batch: list[Foreign], attempt: Attempt) -> list[Seen]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _confine()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(msgspec.json.encode(_in_child(batch, attempt)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if told:
        return msgspec.json.decode(told, type=list[Seen])
    ended = os.waitstatus_to_exitcode(status)
    died = signal.Signals(-ended).name if ended < 0 else f"exit {ended}"
    return [Seen(name=case.name, wanted=case.code, died=died) for case in batch]


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        room = pages * resource.getpagesize() + MEMORY_MAX
        resource.setrlimit(resource.RLIMIT_AS, (room, room))


def _in_child(batch: list[Foreign], attempt: Attempt) -> list[Seen]:
    watch = _Watch()
    found: list[Seen] = []
    for case in batch:
        watch.events, watch.printed, watch.is_on = {}, [], True
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            seen = attempt(case)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
            died = f"{type(error).__name__}: {error}"[:SHOWN_MAX]
            seen = Seen(name=case.name, died=died)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        watch.is_on = False
        told = msgspec.structs.replace(
            seen,
            wanted=case.code,
            events=tuple(watch.events),
            printed=tuple(watch.printed),
            memory=(after - before) * 1024,
        )
        found.append(told)
    return found


def load_and_run(case: Foreign) -> Seen:
    """Load a case, show what is wrong with it, and run it if it is sound."""
    began = _cpu()
    strategy, problems = load_all(case.data, case.name)
    loaded = _cpu() - began
    errors = [p for p in problems if p.severity is Severity.ERROR]
    unclear = [
        f"{p.line}:{p.column} {p.message}"[:SHOWN_MAX]
        for p in problems
        if min(p.line, p.column) < 1 or p.end_column < p.column or not p.message.strip()
    ]
    shown = rendered(problems)
    unclear += [text[:SHOWN_MAX] for text in shown if _steers(text)]
    if (strategy is None) is not bool(errors):
        unclear.append(f"loaded: {strategy is not None}, errors: {len(errors)}")
    return Seen(
        name=case.name,
        codes=tuple(sorted({p.code for p in problems})),
        loads=strategy is not None,
        unclear=tuple(unclear),
        longest=max(map(len, shown), default=0),
        differences=differences(strategy) if strategy else 0,
        cpu=loaded,
    )


def differences(strategy: Strategy) -> int:
    """Ask both evaluators about a row that lacks all, and odd ones."""
    types = _types(strategy)
    random = Random(strategy.digest)  # noqa: S311 - the same rows each time
    rows = [dict.fromkeys(types), *(row(random, types) for _ in range(ROWS))]
    return len(agreement.of_strategy(strategy, rows, types))


def _types(strategy: Strategy) -> dict[str, Type]:
    """Return what the strategy reads, with the types it was checked with."""
    found = {each.name: each.argument.type for each in strategy.windows}
    for expression in strategy.expressions():
        for node, type_ in expression.types.items():
            if isinstance(node, ast.Name) and node.id in strategy.reads:
                found[node.id] = type_
    return dict(sorted(found.items()))


def _steers(text: str) -> bool:
    steering = {"Zl", "Zp"}
    return any(
        (kind := unicodedata.category(char))[0] == "C" or kind in steering
        for char in text.replace("\n", "")
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# What nothing foreign may do, done on purpose: a proof that it would be noticed.
OFFENCES: Mapping[str, Callable[[], object]] = {
    "reads a file": lambda: Path(os.devnull).read_bytes(),
    "imports": lambda: __import__("this_is_no_module"),
    "opens a socket": socket.socket,
    "runs a program": lambda: os.system("true"),  # noqa: S605, S607 - an offence
    "evaluates": lambda: eval("1 + 1"),  # noqa: S307 - an offence
    "takes memory": lambda: bytearray(2 * MEMORY_MAX),
}


def _offend(case: Foreign) -> Seen:
    OFFENCES[case.name]()
    return Seen(name=case.name)


def report(*, whole: bool) -> Iterator[Seen]:
    """Yield what the corpus and the offences come to.

    Args:
        whole: Every expression in every place, else in one place beside a rule.
    """
    yield from watched(files())
    yield from watched(bombed())
    yield from watched(conditions(), together=TOGETHER)
    yield from watched(elsewhere(whole=whole), together=TOGETHER)
    yield from watched((Foreign(name, b"", None) for name in OFFENCES), _offend)


if __name__ == "__main__":
    found = list(report(whole="all" in sys.argv[1:]))
    sys.stdout.buffer.write(msgspec.json.encode(found))
