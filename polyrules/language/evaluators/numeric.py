"""The arithmetic of columns: NumPy operations that keep a missing number missing.

Each function takes nodes of a graph and returns the node of its result. Results are
finite or NaN, and have the same bits as the scalar definitions in `functions`, down to
the sign of a zero.
"""

import math
from collections.abc import Callable, Mapping

from polyrules.language.evaluators.graph import Graph, Node
from polyrules.language.functions import DAY, HOUR, KERNELS, MINUTE, NANO


def choose(graph: Graph, where: Node, body: Node, orelse: Node) -> Node:
    """Return `body` where the truth `where` holds, else `orelse`."""
    known = graph.value(where)
    if known is not None:
        return body if known else orelse
    return body if body == orelse else graph.apply("where", where, body, orelse)


def finite(graph: Graph, x: Node) -> Node:
    """Return x with infinities made missing: x + 0 * x, which keeps a -0.0."""
    return graph.apply("add", x, graph.apply("multiply", x, graph.constant(0.0)))


def snapped(graph: Graph, x: Node) -> Node:
    """Return x on the grid of 1e-9 as `money.snap` does, never -0.0 or infinite."""
    nano = graph.constant(NANO)
    whole = graph.apply("rint", graph.apply("multiply", x, nano))
    price = graph.apply("divide", whole, nano)
    # x + (x - x): NaN where x is infinite, and 0.0 where it is -0.0.
    return graph.apply("add", price, graph.apply("subtract", price, price))


def known(graph: Graph, x: Node) -> Node:
    """Return the truth that x is not missing."""
    return graph.inverse(graph.apply("isnan", x))


def _extreme(name: str) -> Callable[..., Node]:
    def extreme(graph: Graph, first: Node, *others: Node) -> Node:
        for other in others:
            result = graph.apply(name, first, other)
            if not any(graph.value(each) for each in (first, other)):
                # Neither is a constant other than zero. 0.0 and -0.0 are equal, and
                # NumPy does not say which of them it takes.
                is_tie = graph.apply("equal", first, other)
                result = choose(graph, is_tie, first, result)
            first = result
        return first

    return extreme


minimum = _extreme("minimum")
maximum = _extreme("maximum")


def _clamp(graph: Graph, x: Node, low: Node, high: Node) -> Node:
    return minimum(graph, maximum(graph, x, low), high)


def _coalesce(graph: Graph, x: Node, default: Node) -> Node:
    return choose(graph, graph.apply("isnan", x), default, x)


def _absolute(graph: Graph, x: Node) -> Node:
    return graph.apply("absolute", x)


def _sign(graph: Graph, x: Node) -> Node:
    return graph.apply("add", graph.apply("sign", x), graph.constant(0.0))


def _same(_: Graph, x: Node) -> Node:
    return x


def _times(factor: float) -> Callable[[Graph, Node], Node]:
    def times(graph: Graph, x: Node) -> Node:
        product = graph.apply("multiply", x, graph.constant(factor))
        return finite(graph, product)

    return times


def _over(divisor: float) -> Callable[[Graph, Node], Node]:
    def over(graph: Graph, x: Node) -> Node:
        return graph.apply("divide", x, graph.constant(divisor))

    return over


def _implied_no(graph: Graph, x: Node) -> Node:
    return snapped(graph, graph.apply("subtract", graph.constant(1.0), x))


def _fee(graph: Graph, price: Node, rate: Node) -> Node:
    share = graph.apply("multiply", rate, price)
    other = graph.apply("subtract", graph.constant(1.0), price)
    return finite(graph, graph.apply("multiply", share, other))


def _on_grid(rounding: str) -> Callable[[Graph, Node, Node], Node]:
    def rounded(graph: Graph, x: Node, tick: Node) -> Node:
        nano, zero = graph.constant(NANO), graph.constant(0.0)
        nanos = graph.apply("rint", graph.apply("multiply", x, nano))
        step = graph.apply("rint", graph.apply("multiply", tick, nano))
        is_tick = graph.apply("less", zero, step)
        step = finite(graph, choose(graph, is_tick, step, graph.constant(math.nan)))
        steps = graph.apply(rounding, graph.apply("divide", nanos, step))
        price = graph.apply("divide", graph.apply("multiply", steps, step), nano)
        return finite(graph, graph.apply("add", price, zero))  # 0.0, never -0.0

    return rounded


def _kernel(name: str) -> Callable[..., Node]:
    def applied(graph: Graph, *arguments: Node) -> Node:
        return graph.apply(name, *arguments)

    return applied


CALLS: Mapping[str, Callable[..., Node]] = {
    "abs": _absolute,
    "as_prob": _same,
    "bps": _over(10_000.0),
    "ceil_tick": _on_grid("ceil"),
    "clamp": _clamp,
    "coalesce": _coalesce,
    "days": _times(DAY),
    "fee": _fee,
    "floor_tick": _on_grid("floor"),
    "hours": _times(HOUR),
    "implied_no": _implied_no,
    "max": maximum,
    "min": minimum,
    "minutes": _times(MINUTE),
    "round_tick": _on_grid("rint"),
    "seconds": _same,
    "sign": _sign,
    "to_hours": _over(HOUR),
    **{name: _kernel(name) for name in KERNELS},
}
