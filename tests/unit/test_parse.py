import ast
import math

import pytest

from polyrules.language.expressions.parse import parse, segment, span


@pytest.mark.parametrize(
    "source",
    [
        "price",
        "0.5",
        "True",
        " price >= 0.92 ",
        "not (a and b or c)",
        "-a + b * c / 2 - .5e-3",
        "0 < a <= b != c",
        "category in ('sports', 'crypto')",
        "category not in ('sports',)",
        "min(a, b, c) if known(a) else coalesce(b, 1)",
        "a > 1\n  and\tb < 2",
        "category == 'é'",
    ],
)
def test_the_language_is_a_small_part_of_python(source: str) -> None:
    parsed = parse(source)

    assert parsed.findings == ()
    assert isinstance(parsed.tree, ast.expr)


def test_numbers_become_floats_and_truths_stay() -> None:
    whole, truth = parse("92").tree, parse("True").tree

    assert isinstance(whole, ast.Constant)
    assert type(whole.value) is float
    assert isinstance(truth, ast.Constant)
    assert truth.value is True


def test_places_are_counted_in_characters_of_the_text_as_written() -> None:
    source = "  category == 'é🎲' and price\n > 0.5"
    tree = parse(source).tree
    assert isinstance(tree, ast.BoolOp)

    assert span(source, tree.values[0]) == (2, 18)
    assert span(source, tree.values[1]) == (23, 35)
    assert segment(source, tree.values[1]) == "price > 0.5"


@pytest.mark.parametrize(
    ("source", "marked", "message", "hint"),
    [
        ("a = 0.95", "=", '"=" is not an operator here', 'use "==" to compare; '),
        ("a === 1", "===", '"===" is not an operator here', 'write "=="'),
        ("a => 1", "=>", '"=>" is not an operator here', 'write ">="'),
        ("a && b", "&&", '"&&" is not an operator here', 'write "and"'),
        ("a & b", "&", '"&" is not an operator here', 'write "and"'),
        ("a || b", "||", '"||" is not an operator here', 'write "or"'),
        ("a | b", "|", '"|" is not an operator here', 'write "or"'),
        ("!a", "!", '"!" is not an operator here', 'write "not"'),
        ("a <> b", "<>", '"<>" is not an operator here', 'write "!="'),
        ("a; b", ";", '";" is not an operator here', "one expression only"),
        ("a > 92%", "92%", '"92%" is not a number', "write 0.92"),
        ("a ≥ 1", "≥", '"≥" is unexpected', 'write ">="'),
        ("a > 1 # note", "#", '"#" is unexpected', "no comments inside"),
        ("a == None", "None", "None is no value here", 'write "not known(a)"'),
        ("a is None", "None", "None is no value here", 'write "not known(a)"'),
        ("None != a", "None", "None is no value here", 'write "known(a)"'),
        ("f(None)", "None", "None is no value here", "known(x)"),
        ("", "", "the expression is empty", "write a condition"),
        ("(a", "(", '"(" is never closed', ""),
        ("a)", ")", '")" closes nothing', ""),
        ("(a]", "]", '"]" closes nothing', ""),
        ("a == 'b", "'b", "a quote is opened and never closed", ""),
        ("a >", ">", 'something is missing behind ">"', ""),
        ("a and", "and", 'something is missing behind "and"', ""),
        ("a b", "b", 'syntax error at "b"', "is an operator missing"),
        ("b if a", "if", '"if" without "else"', "write: a if condition else b"),
        ("import os", "import", 'syntax error at "import"', ""),
        ("é > 1", "é", 'unexpected character "é"', ""),
        ("a\0", "\0", 'unexpected character "U+0000"', ""),
        ("a == '\\x41'", "'\\x41'", "only printable characters", ""),
        ("a == '\ud800'", "'\ud800'", "only printable characters", ""),
    ],
)
def test_what_is_no_expression_is_told_in_words_that_say_what_to_write(
    source: str, marked: str, message: str, hint: str
) -> None:
    parsed = parse(source)

    assert parsed.tree is None
    (finding,) = parsed.findings
    assert finding.code == "PE001"
    assert source[finding.start : finding.end] == marked
    assert finding.message.startswith(message)
    assert finding.help.startswith(hint) or hint in finding.help


@pytest.mark.parametrize(
    ("source", "marked", "message"),
    [
        ("a.b.c", ".c", "attribute access with a dot is not allowed in expressions"),
        ("a[0]", "a[0]", "indexing with [ ] is not allowed in expressions"),
        ("lambda: 1", "lambda: 1", "lambda is not allowed in expressions"),
        ("[x for x in a]", "[x for x in a]", "a comprehension is not allowed"),
        ("(x for x in a)", "(x for x in a)", "a comprehension is not allowed"),
        ("a in [1, 2]", "[1, 2]", "a list in [ ] is not allowed in expressions"),
        ("{1, 2}", "{1, 2}", "a set in { } is not allowed in expressions"),
        ("{1: 2}", "{1: 2}", "a mapping in { } is not allowed in expressions"),
        ("f'{a}'", "f'{a}'", "an f-string is not allowed in expressions"),
        ("b'a'", "b'a'", 'a text of bytes b"" is not allowed in expressions'),
        ("1j", "1j", "an imaginary number is not allowed in expressions"),
        ("...", "...", "... is not allowed in expressions"),
        ("a ** 2", "a ** 2", 'the power operator "**" is not allowed'),
        ("a % 2", "a % 2", 'the remainder operator "%" is not allowed'),
        ("a // 2", "a // 2", 'the operator "//" is not allowed'),
        ("a @ b", "a @ b", 'the operator "@" is not allowed'),
        ("a << 2", "a << 2", 'the operator "<<" is not allowed'),
        ("a ^ b", "a ^ b", 'the operator "^" is not allowed'),
        ("~a", "~a", 'the operator "~" is not allowed'),
        ("+a", "+a", 'a "+" sign in front is not allowed'),
        ("a is b", "a is b", '"is" is not allowed in expressions'),
        ("(a := 1)", ":=", '":=" is not an operator here'),
        ("min(*a)", "*a", "unpacking with * is not allowed in expressions"),
        ("min(x=a)", "a", '"x=" is not allowed: arguments have no names'),
        ("min(**a)", "a", '"**" is not allowed: arguments have no names'),
        ("f(1)(2)", "f(1)(2)", "only a function of the language can be called"),
        ("1, 2", "1, 2", "values side by side with commas are not allowed here"),
        ("()", "()", "values side by side with commas are not allowed here"),
        ("a in ('b')", "'b'", '"in" needs choices in round brackets'),
        ("a not in b", "b", '"not in" needs choices in round brackets'),
        ("a in ()", "()", "no choices in the brackets"),
        ("yield a", "yield", ""),
    ],
)
def test_what_python_has_and_the_language_has_not_is_named_in_plain_words(
    source: str, marked: str, message: str
) -> None:
    parsed = parse(source)

    assert parsed.tree is None
    (finding,) = parsed.findings
    assert finding.code == ("PE002" if message else "PE001")
    assert source[finding.start : finding.end] == marked
    assert finding.message.startswith(message)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a" * 501, "501 characters in one expression, at most 500"),
        (f"min({','.join('a' * 199)})", "201 parts in one expression, at most 200"),
        (f"min({','.join('a' * 198)})", ""),
        ("-" * 31 + "a", "nested deeper than 30 levels"),
        ("-" * 499 + "a", "nested deeper than 30 levels"),
        ("(" * 31 + "a" + ")" * 31, "nested deeper than 30 levels"),
        ("(" * 249 + "a" + ")" * 249, "nested deeper than 30 levels"),
        ("(" * 30 + "a" + ")" * 30, ""),
        ("(a)" + "*(a)" * 25, ""),
        ("1" * 400, "the number is too large"),
        ("1e999", "the number is too large"),
        ("1.5e308 + 1e309", "the number is too large"),
    ],
)
def test_what_a_text_may_cost_is_bounded(source: str, message: str) -> None:
    found = [(each.code, each.message) for each in parse(source).findings]

    assert found == ([("PE003", message)] if message else [])


@pytest.mark.parametrize("raised", [RecursionError, MemoryError])
def test_a_python_that_looks_less_deep_is_no_surprise(
    raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*_: object, **__: object) -> ast.Expression:
        raise raised

    monkeypatch.setattr(ast, "parse", give_up)

    assert [f.message for f in parse("a").findings] == ["nested deeper than 30 levels"]


def test_the_largest_number_is_still_a_number() -> None:
    tree = parse("1.7976931348623157e308").tree

    assert isinstance(tree, ast.Constant)
    assert isinstance(tree.value, float)
    assert math.isfinite(tree.value)


def test_all_that_is_wrong_is_told_in_the_order_of_the_text() -> None:
    parsed = parse("a._b > 1 and min(x=2) > [1] and c ** 2 > 0")

    assert [finding.start for finding in parsed.findings] == [1, 19, 24, 32]


@pytest.mark.parametrize(
    "source",
    [
        # Published escapes from simpleeval and its neighbours, 2017 to 2026.
        "().__class__.__bases__[0].__subclasses__()",
        "''.__class__.__mro__[1].__subclasses__()",
        "(lambda: 0).__globals__",
        "[x for x in (1, 2)]",
        "g.gen().gi_frame.f_globals",
        "p.os.system('id')",
        "__import__('os').system('id')",
        "(open,)[0]('/etc/passwd')",
        "{open, eval}",
        "operator.attrgetter('__class__')(a)",
        "frame.to_csv('x')",
        "array.tofile('x')",
        "f'{a.__class__}'",
        "'{0.__class__}'.format(a)",
        "'%20000000d' % 1",
        "'a'.center(20000000)",
        "9 ** 9 ** 9",
        "1 << 100000",
        "a = 1",
        "a += 1",
        "a; b",
        "(a := eval)",
        "*a,",
        "d['zz']",
        "await a",
        "print(1, file=a)",
        "exec\n(1)\nimport os",
    ],
)
def test_no_published_escape_from_an_evaluator_is_an_expression(source: str) -> None:
    parsed = parse(source)

    assert parsed.tree is None
    assert {finding.code for finding in parsed.findings} <= {"PE001", "PE002"}


def test_a_dot_joins_an_alias_and_a_feature_to_one_name() -> None:
    parsed = parse("near.best_ask <= min(far.best_bid, 0.5)")

    assert parsed.tree is not None
    names = [node.id for node in ast.walk(parsed.tree) if isinstance(node, ast.Name)]
    assert names == ["near.best_ask", "min", "far.best_bid"]


@pytest.mark.parametrize(
    "source", ["f.g(x)", "(a).b.c", "f(x).y", "a.__b", "(a + b).c"]
)
def test_no_object_is_ever_reached_into(source: str) -> None:
    parsed = parse(source)

    assert parsed.tree is None
    assert [finding.code for finding in parsed.findings] == ["PE002"]
