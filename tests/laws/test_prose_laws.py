"""Whatever a strategy says, its card tells all of it, and always the same."""

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.language.prose.card import card
from polyrules.language.prose.phrases import Phrases
from tests.laws import grammar

seeds = st.randoms(use_true_random=False, note_method_calls=False)


@given(random=seeds)
@settings(max_examples=60)
def test_a_card_names_every_rule_guard_let_and_feature(random: Random) -> None:
    strategy = grammar.strategy(random)

    told = card(strategy)

    assert card(strategy) == told
    for rule in strategy.rules:
        assert f"**{rule.id}**" in told
    for guard in strategy.guards:
        assert f"*{guard.id}*" in told
    for let in strategy.lets:
        assert f"- *{let.name}*: " in told
    for name in strategy.reads:
        assert f"| `{name}` |" in told


@given(random=seeds, symbol=st.sampled_from(("bool", "prob", "seconds", "ratio")))
@settings(max_examples=150)
def test_every_expression_has_words(random: Random, symbol: str) -> None:
    expression = grammar.expression(grammar.text(random, symbol, 3))
    phrases = Phrases(grammar.strategy(random, depth=0))

    told = " ".join(phrases.conditions(expression))

    assert "`" not in told  # nothing had to be left as it was written
    assert not re.search(r"[<>=]|\bNone\b", told)
