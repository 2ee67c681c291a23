"""Operations on columns, each held once, and their printing as NumPy source.

A node is an operation on earlier nodes; asking for the same operation twice gives the
same node, so what two rules share is worked out once. Printing gives every node a
register and uses a register again as soon as its last reader has read it: a strategy
allocates as many columns as it needs at one time, not as many as it has operations.
It knows nothing of expressions, units or missing values.
"""

import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NewType

import numpy as np

from polyrules.errors import InvariantError

Node = NewType("Node", int)
Function = Callable[..., Any]

NUMBERS: Mapping[str, Function] = {
    "absolute": np.absolute,
    "add": np.add,
    "ceil": np.ceil,
    "divide": np.divide,
    "floor": np.floor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "negative": np.negative,
    "rint": np.rint,
    "sign": np.sign,
    "subtract": np.subtract,
}
TRUTHS: Mapping[str, Function] = {
    "equal": np.equal,
    "isnan": np.isnan,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_not": np.logical_not,
    "logical_or": np.logical_or,
    "greater": np.greater,  # of truths only: left and not right, in one pass
}


# Names of columns stand in the printed source: features, `near.best_ask` among them,
# and windows ("@1", ...).
COLUMN = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?|@[0-9]+")


class _Operation(NamedTuple):
    name: str
    arguments: tuple[Node, ...] = ()
    label: str = ""  # of a leaf: the column's name or the constant's bits


class Graph:
    """Nodes in an order in which each stands after those it reads.

    Args:
        kernels: Functions over float64 arrays that have no NumPy ufunc, by name.
    """

    def __init__(self, kernels: Mapping[str, Function]) -> None:
        self._kernels: dict[str, Function] = {"where": np.where, **kernels}
        self._operations: list[_Operation] = []
        self._known: dict[_Operation, Node] = {}
        self._constants: dict[Node, float | bool] = {}

    def column(self, name: str) -> Node:
        """Return the input column of that name, of numbers."""
        if COLUMN.fullmatch(name) is None:
            raise InvariantError(f"{name!r} is not the name of a column")
        return self._node(_Operation("column", label=name))

    def constant(self, value: float) -> Node:
        """Return a number that is the same in every row; NaN is missing."""
        # By its bits: 0.0 and -0.0 are equal and yet not the same number.
        bits = struct.pack(">d", value).hex() if value == value else "nan"  # noqa: PLR0124  only NaN differs from itself
        node = self._node(_Operation("constant", label=bits))
        self._constants[node] = float(value)
        return node

    def truth(self, *, holds: bool) -> Node:
        """Return a truth that is the same in every row."""
        node = self._node(_Operation("truth", label=str(holds)))
        self._constants[node] = holds
        return node

    def value(self, node: Node) -> float | bool | None:
        """Return what a node is in every row, None if that depends on the row."""
        return self._constants.get(node)

    def apply(self, name: str, *arguments: Node) -> Node:
        """Return the node of an operation; one on constants is worked out here."""
        values = [self._constants.get(argument) for argument in arguments]
        if all(value is not None for value in values):
            with np.errstate(all="ignore"):
                columns = [np.array([value]) for value in values]
                result = self._function(name)(*columns)[0].item()
            is_truth = isinstance(result, bool)
            return self.truth(holds=result) if is_truth else self.constant(result)
        return self._node(_Operation(name, arguments))

    def both(self, left: Node, right: Node) -> Node:
        """Return where `left` and `right` are true."""
        return self._join("logical_and", left, right, neutral=True)

    def either(self, left: Node, right: Node) -> Node:
        """Return where `left` or `right` is true."""
        return self._join("logical_or", left, right, neutral=False)

    def without(self, left: Node, right: Node) -> Node:
        """Return where `left` is true and `right` is not."""
        sides = self.value(left), self.value(right)
        if sides[0] is False or sides[1] is True:
            return self.truth(holds=False)
        if sides[1] is False:
            return left
        if sides[0] is True:
            return self.inverse(right)
        return self.apply("greater", left, right)

    def inverse(self, node: Node) -> Node:
        """Return where a truth does not hold."""
        return self.apply("logical_not", node)

    def columns(self, outputs: Iterable[Node]) -> frozenset[str]:
        """Return the columns that the outputs are worked out from."""
        read = (self._operations[node] for node in self._needed(outputs))
        return frozenset(each.label for each in read if each.name == "column")

    def has_numbers(self, outputs: Iterable[Node]) -> bool:
        """Tell whether any number has to be worked out, beside truths."""
        needed = (self._operations[node].name for node in self._needed(outputs))
        return any(name in NUMBERS or name in self._kernels for name in needed)

    def function(self, name: str, outputs: Sequence[Node]) -> str:
        """Return the source of `name(columns, n)`, which returns a tuple of outputs.

        An output that is an input column is that column itself, not a copy.
        """
        lines = [f"def {name}(columns, n):"]
        places, body = self._print(outputs)
        lines += [f"    {line}" for line in body]
        found = "".join(f"{self._output(o, places)}, " for o in outputs)
        return "\n".join([*lines, f"    return ({found})", ""])

    def namespace(self) -> dict[str, Any]:
        """Return every name the printed source uses but does not define."""
        names: dict[str, Any] = {**NUMBERS, **TRUTHS, **self._kernels}
        names |= {"full": np.full, "__builtins__": {}}
        # A 0-d array: NumPy would turn a Python float into one at every call.
        names |= {_constant(n): np.array(v) for n, v in self._constants.items()}
        return names

    def _function(self, name: str) -> Function:
        return {**NUMBERS, **TRUTHS, **self._kernels}[name]

    def _node(self, operation: _Operation) -> Node:
        node = self._known.get(operation)
        if node is None:
            node = self._known[operation] = Node(len(self._operations))
            self._operations.append(operation)
        return node

    def _join(self, name: str, left: Node, right: Node, *, neutral: bool) -> Node:
        for one, other in ((left, right), (right, left)):
            known = self.value(one)
            if known is not None:
                return other if known is neutral else one
        if left == right:
            return left
        return self.apply(name, min(left, right), max(left, right))

    def _needed(self, outputs: Iterable[Node]) -> list[Node]:
        needed: set[Node] = set()
        waiting = list(outputs)
        while waiting:
            node = waiting.pop()
            if node not in needed:
                needed.add(node)
                waiting.extend(self._operations[node].arguments)
        return sorted(needed)

    def _print(self, outputs: Sequence[Node]) -> tuple[dict[Node, str], list[str]]:
        needed = self._needed(outputs)
        readers = Counter(outputs)
        for node in needed:
            readers.update(self._operations[node].arguments)
        registers = _Registers()
        places: dict[Node, str] = {}
        body: list[str] = []
        for node in needed:
            name, arguments, label = self._operations[node]
            if name == "column":
                plain = label.replace("@", "window_").replace(".", "__")
                places[node] = f"c_{plain}"
                body.append(f"{places[node]} = columns[{label!r}]")
            elif node in self._constants:
                places[node] = _constant(node)
            else:
                inputs = [places[argument] for argument in arguments]
                for argument in arguments:
                    readers[argument] -= 1
                    if not readers[argument]:
                        registers.release(places[argument])
                call = f"{name}({', '.join(inputs)}"
                places[node], line = registers.store(call, name)
                body.append(line)
        return places, body

    def _output(self, node: Node, places: Mapping[Node, str]) -> str:
        if node in self._constants:
            return f"full(n, {_constant(node)})"
        return places[node]


class _Registers:
    """Names for results: `f1`, `f2`, ... hold numbers, `b1`, `b2`, ... truths."""

    def __init__(self) -> None:
        self._free: dict[str, list[str]] = {"f": [], "b": []}
        self._count: Counter[str] = Counter()

    def release(self, name: str) -> None:
        """Take a register back; the names of columns and constants pass by."""
        if name[0] in self._free and name[1:].isdigit():
            self._free[name[0]].append(name)

    def store(self, call: str, name: str) -> tuple[str, str]:
        """Return the register for a call without its ")" and the line of source."""
        kind = "b" if name in TRUTHS else "f"
        has_out = name in TRUTHS or name in NUMBERS
        if self._free[kind]:
            register = self._free[kind].pop()
            if has_out:
                # By position, as that is quicker; these two ask for the keyword.
                by = "out=" if name in {"minimum", "maximum"} else ""
                return register, f"{call}, {by}{register})"
        else:
            self._count[kind] += 1
            register = f"{kind}{self._count[kind]}"
        return register, f"{register} = {call})"


def _constant(node: Node) -> str:
    return f"k{node}"
