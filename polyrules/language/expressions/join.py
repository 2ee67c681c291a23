"""Two conditions as one: what a file says in two places, asked together."""

import ast
import copy

from polyrules.language.expression import Expression, Kind, Type

AND = " and "


def both(first: Expression, second: Expression) -> Expression:
    """Return `first and second`; each part still knows where its text stands."""
    source = f"({first.source}){AND}{second.source}"
    types: dict[ast.expr, Type] = {}
    params: dict[ast.expr, str] = {}
    skipped = len(source.encode(errors="surrogatepass")) - len(
        second.source.encode(errors="surrogatepass")
    )
    trees = [
        _moved(first, 1, types, params),
        _moved(second, skipped, types, params),
    ]
    tree = ast.BoolOp(ast.And(), trees)
    tree.lineno = tree.end_lineno = 1
    tree.col_offset = 0
    tree.end_col_offset = len(source.encode(errors="surrogatepass"))
    types[tree] = Type(Kind.BOOL)
    return Expression(source, tree, types, first.reads | second.reads, params)


def _moved(
    expression: Expression,
    columns: int,
    types: dict[ast.expr, Type],
    params: dict[ast.expr, str],
) -> ast.expr:
    """Return a copy of a tree whose text begins so many columns further right."""
    memo: dict[int, object] = {}
    tree = copy.deepcopy(expression.tree, memo)
    for node in ast.walk(expression.tree):
        if not isinstance(node, ast.expr) or id(node) not in memo:
            continue
        new = memo[id(node)]
        assert isinstance(new, ast.expr), "a copy of an expression is one"
        if node in expression.types:
            types[new] = expression.types[node]
        if node in expression.params:
            params[new] = expression.params[node]
        new.col_offset += columns
        if new.end_col_offset is not None:
            new.end_col_offset += columns
    return tree
