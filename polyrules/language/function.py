"""What a function of the language is: its name, its types, its meaning."""

from collections.abc import Callable

import msgspec

from polyrules.language.strategy import Value


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A function and the types it takes and gives.

    Attributes:
        name: How it is called.
        arguments: Their names, for messages.
        takes: What each argument must be: "x" a number, the same unit wherever "x"
            stands; "value" any type, the same wherever it stands; "any" any type;
            "number" a number of any unit; "plain" a number without unit (a ratio or a
            count); "length" a constant time; "bool" a condition; "by" the word for a
            group; or a unit.
        gives: "x" or "value" for the type of those arguments, "x/hours" for that per
            hour, "bool", or a unit.
        doc: What it means, with its formula.
        evaluate: The definition: values in, value out, None is missing. None for a
            function that is hoisted.
        many: The last argument may be repeated.
        strict: A missing argument makes it missing; then `evaluate` gets floats only,
            and a result that is not finite, or an ArithmeticError or ValueError, is
            missing too.
        options: Arguments that may be given by name only, as they are by default:
            "cover=0.8".
    """

    name: str
    arguments: tuple[str, ...]
    takes: tuple[str, ...]
    gives: str
    doc: str
    evaluate: Callable[..., Value] | None = None
    many: bool = False
    strict: bool = True
    options: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """How it is written: `clamp(x, low, high)`."""
        more = ", ..." if self.many else ""
        return f"{self.name}({', '.join(self.arguments + self.options)}{more})"

    @property
    def keywords(self) -> frozenset[str]:
        """The names by which arguments may be given: cover, by."""
        named = {option.partition("=")[0] for option in self.options}
        return frozenset(named | ({"by"} if "by" in self.takes else set()))


def function(
    signature: str,
    takes: str,
    gives: str,
    doc: str,
    evaluate: Callable[..., Value] | None = None,
    *,
    many: bool = False,
    strict: bool = True,
) -> Function:
    """Return a function from how it is written: `clamp(x, low, high)`."""
    name, _, inside = signature.rstrip(")").partition("(")
    arguments = inside.split(", ")
    return Function(
        name=name,
        arguments=tuple(each for each in arguments if "cover=" not in each),
        takes=tuple(takes.split()),
        gives=gives,
        doc=doc,
        evaluate=evaluate,
        many=many,
        strict=strict,
        options=tuple(each for each in arguments if "cover=" in each),
    )
