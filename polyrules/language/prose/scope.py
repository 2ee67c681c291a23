"""What the names of one strategy are, for those who put it into words."""

from polyrules.language.expression import Kind, Type
from polyrules.language.rows import type_of
from polyrules.language.strategy import Param, Strategy

NUMBER = Type(Kind.NUMBER)


class Scope:
    """The params, lets and features of a strategy, by name."""

    def __init__(self, strategy: Strategy) -> None:
        self.rows = strategy.rows
        self.params: dict[str, Param] = {each.name: each for each in strategy.params}
        self.lets = {let.name: let.expression.type for let in strategy.lets}

    def type_of(self, name: str) -> Type:
        """Return the type of a param, a let or a feature."""
        if name in self.params:
            return self.params[name].type
        if name in self.lets:
            return self.lets[name]
        try:
            return type_of(self.rows.feature(name))
        except KeyError:  # a word of a function
            return NUMBER
