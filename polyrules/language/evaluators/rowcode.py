"""Python source for one row: each term held once, bound to a local where that pays.

A term is a template of ours over earlier terms; asking for the same one twice gives
the same term. Printing puts a term that is read once inside its reader, where `and` and
`or` may pass it by, and gives one that is read again, or lies deep, a local of its own.
It knows nothing of strategies, units or missing values.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, NewType

from polyrules.language.evaluators.graph import COLUMN

Term = NewType("Term", int)

# A term this small is worked out again rather than kept: a comparison of locals costs
# no more than storing its result, and is passed by more often.
SMALL = 2
# Far below the 200 brackets that Python's parser takes.
DEPTH_MAX = 20


class _Form(NamedTuple):
    template: str
    arguments: tuple[Term, ...] = ()
    label: str = ""  # the column's name, or the word of a join


class Code:
    """Terms in an order in which each stands after those it reads."""

    def __init__(self) -> None:
        self._forms: list[_Form] = []
        self._known: dict[_Form, Term] = {}
        self._constants: dict[Term, float] = {}

    def column(self, name: str) -> Term:
        """Return the value of that name in the row, a number."""
        assert COLUMN.fullmatch(name), f"{name!r} is not the name of a column"
        return self._term(_Form("", label=name))

    def constant(self, value: float) -> Term:
        """Return a number that is the same in every row; not finite is missing."""
        # By its digits, as 0.0 and -0.0 are equal and yet not the same number; in
        # brackets, as a sign before it binds less than what may stand beside it.
        value = value if math.isfinite(value) else math.nan
        term = self._term(_Form("nan" if math.isnan(value) else f"({value!r})"))
        self._constants[term] = value
        return term

    def apply(self, template: str, *arguments: Term) -> Term:
        """Return a term over others.

        Args:
            template: A Python expression with `{0}`, `{1}`, ... for the arguments. One
                that stands there several times is `{0:first}` where it is worked out.
            arguments: The others.
        """
        return self._term(_Form(template, arguments))

    def join(self, word: str, sides: Sequence[Term]) -> Term:
        """Return the truths joined by "and" or "or"."""
        if len(sides) == 1:
            return sides[0]
        template = f" {word} ".join(f"{{{at}}}" for at in range(len(sides)))
        return self._term(_Form(template, tuple(sides), word))

    def value(self, term: Term) -> float | None:
        """Return what a term is in every row, None if that depends on the row."""
        return self._constants.get(term)

    def columns(self, outputs: Iterable[Term]) -> tuple[str, ...]:
        """Return the names of the columns that the outputs read, sorted."""
        forms = (self._forms[term] for term in self.needed(outputs))
        return tuple(sorted(form.label for form in forms if not form.template))

    def needed(self, outputs: Iterable[Term]) -> list[Term]:
        """Return the outputs and all they read, each after what it reads."""
        found: set[Term] = set()
        waiting = list(outputs)
        while waiting:
            term = waiting.pop()
            if term not in found:
                found.add(term)
                waiting.extend(self._forms[term].arguments)
        return sorted(found)

    def form(self, term: Term) -> _Form:
        """Return the template of a term and what it is filled with."""
        return self._forms[term]

    def _term(self, form: _Form) -> Term:
        term = self._known.get(form)
        if term is None:
            term = self._known[form] = Term(len(self._forms))
            self._forms.append(form)
        return term


class _Word(str):
    """An argument that is there already, or is read once."""

    __slots__ = ()

    def __format__(self, _: str) -> str:
        return str(self)


class _Place:
    """An argument that its template reads several times: worked out at `{0:first}`."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text

    def __format__(self, spec: str) -> str:
        return f"({self._name} := {self._text})" if spec else self._name


class Printer:
    """The body of one function, statement by statement.

    Args:
        code: Whose terms.
        groups: What the function will ask for, as often as it will. What only one
            group needs is worked out when that group is asked, part by part.

    Attributes:
        names: The columns that are read; the function takes them as v0, v1, ...
    """

    def __init__(self, code: Code, groups: Sequence[Sequence[Term]]) -> None:
        self._code = code
        outputs = [term for group in groups for term in group]
        self.names = code.columns(outputs)
        self._columns = {name: f"v{at}" for at, name in enumerate(self.names)}
        self._locals = self._chosen(outputs)
        self._bound: set[Term] = set()
        readers: Counter[Term] = Counter()
        for group in groups:
            readers.update(self._locals.intersection(code.needed(group)))
        self._shared = {term for term, count in readers.items() if count > 1}

    def shared(self, *outputs: Term) -> list[str]:
        """Return the assignments of what the outputs need and other groups need too."""
        return self._assigned(
            term for term in self._new(outputs) if term in self._shared
        )

    def bound(self, *outputs: Term) -> list[str]:
        """Return the assignments that must stand before a statement on the outputs."""
        return self._assigned(self._new(outputs))

    def text(self, term: Term) -> str:
        """Return a term as an expression, of which all that it needs is bound."""
        return f"t{term}" if term in self._locals else self._filled(term)

    def asked(self, term: Term, word: str) -> tuple[list[str], str]:
        """Return a truth as an expression, and what must stand before it.

        Parts joined by `word` bind what they need when they are reached; all of it is
        bound where the last part was. What is shared must be bound already.
        """
        _, sides, label = self._code.form(term)
        if label != word or term in self._locals:
            lines = self.bound(term)
            return lines, self.text(term)
        found = []
        none = "is None" if word == "or" else "is not None"  # never so, always so
        for side in sides:
            for new in self._new([side]):
                found.append(f"(t{new} := {self._filled(new)}) {none}")
                self._bound.add(new)
            found.append(f"({self.text(side)})")
        return [], f" {word} ".join(found)

    def _new(self, outputs: Iterable[Term]) -> list[Term]:
        """Return the locals that outputs need and that are not bound yet, in order."""
        found: set[Term] = set()
        waiting = list(outputs)
        while waiting:
            term = waiting.pop()
            if term not in found and term not in self._bound:
                found.add(term)
                waiting.extend(self._code.form(term).arguments)
        return sorted(found & self._locals)

    def _assigned(self, terms: Iterable[Term]) -> list[str]:
        new = list(terms)
        self._bound.update(new)
        return [f"t{term} = {self._filled(term)}" for term in new]

    def function(self, name: str, body: Iterable[str]) -> str:
        """Return the source of a function of the columns with that body."""
        head = f"def {name}({', '.join(self._columns.values())}):"
        return "\n".join([head, *(f"    {line}" for line in body), ""])

    def _filled(self, term: Term) -> str:
        template, arguments, label = self._code.form(term)
        if not arguments:
            return template or self._columns[label]
        places = [
            self._place(argument, several=f"{{{at}:first}}" in template)
            for at, argument in enumerate(arguments)
        ]
        return template.format(*places)

    def _place(self, term: Term, *, several: bool) -> _Place | _Word:
        text = self.text(term)
        if term in self._locals or not self._code.form(term).arguments:
            return _Word(text)
        return _Place(f"t{term}", text) if several else _Word(f"({text})")

    def _chosen(self, outputs: Sequence[Term]) -> frozenset[Term]:
        """Return the terms that get a local."""
        needed = self._code.needed(outputs)
        readers = Counter(outputs)
        for term in needed:
            readers.update(self._code.form(term).arguments)
        chosen: set[Term] = set()
        size: dict[Term, int] = {}
        depth: dict[Term, int] = {}
        for term in needed:
            arguments = self._code.form(term).arguments
            size[term] = sum(size[each] for each in arguments) + bool(arguments)
            depth[term] = max((depth[each] for each in arguments), default=-1) + 1
            if (readers[term] > 1 and size[term] > SMALL) or depth[term] > DEPTH_MAX:
                chosen.add(term)
                size[term] = depth[term] = 0
        return frozenset(chosen)
