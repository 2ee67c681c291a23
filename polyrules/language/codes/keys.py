"""Codes of the shape of a file: its keys, its words, its names."""

from polyrules.language.codes.page import RULE, page

_ENTER = RULE.format(when="spread <= 0.02")

PAGES = (
    page(
        "PS001",
        "unknown key",
        """
A key that the language does not have, most often a misspelled one. It would be ignored,
and what you meant with it would silently not happen. Keys of your own begin with x-.
""",
        """
universe: {each: market, were: accepting_orders}
""",
        """
universe: {each: market, where: accepting_orders}
""",
    ),
    page(
        "PS002",
        "a key is missing",
        """
Without this key the file does not say what it must: there is no default for a choice
that costs money.
""",
        """
sizing: {method: kelly}
""",
        """
sizing: {method: fixed, amount: 20 USD}
""",
    ),
    page(
        "PS003",
        "of another kind",
        """
A list where a text was expected, a word where a number was, or nothing at all. What
begins with { or [ is a mapping or a list for YAML; put a text that begins so in quotes.
""",
        """
exits: never
""",
        """
exits:
  - {id: stop, stop_loss: 0.10}
""",
    ),
    page(
        "PS004",
        "none of the words that may stand here",
        """
Here one of a few words is expected; the message lists them. Tokens are called yes_token
and no_token, since older readers of YAML take NO for false.
""",
        _ENTER.replace("action: buy", "action: byu"),
        _ENTER,
    ),
    page(
        "PS005",
        "another version of the language",
        """
The first key says in which version of the language a file is written. This program
reads version 1. A file of a later version may mean something else by the same words.
""",
        """
polyrules: 2
""",
        """
polyrules: 1
""",
    ),
    page(
        "PS006",
        "not of the form that is expected",
        """
The text has another form than its key needs; the message says which. Inside { } a comma
ends a value, in brackets too: put min(best_ask, 0.97) in quotes there.
""",
        """
strategy: {id: example, version: v1}
""",
        """
strategy: {id: example, version: 1.0.0}
""",
    ),
    page(
        "PS007",
        "a number outside its range",
        """
The number is one, but not one that can stand here: a fraction of Kelly above 1, a limit
of 0, a schedule faster than every 100 ms.
""",
        """
sizing: {method: kelly, fraction: 25}
""",
        """
sizing: {method: fixed, amount: 25 USD}
""",
    ),
    page(
        "PS008",
        "too long, too short, too many or too few",
        """
Texts and lists have limits, so that a file stays one that people can read. An
expression has 500 characters at most: put parts of it into lets.
""",
        """
rules: []
""",
        _ENTER,
    ),
    page(
        "PS009",
        "not a name",
        """
Names of lets, params, rules, guards and exits are lower-case letters, digits and _, a
letter first, 48 characters at most.
""",
        _ENTER.replace("id: enter", "id: Enter now"),
        _ENTER,
    ),
    page(
        "PS010",
        "an exit with no condition, or with several",
        """
Each exit has exactly one condition. Of two it would not be clear whether both or either
must hold; write two exits for either, and one `when` with `and` for both.
""",
        """
exits:
  - {id: stop, stop_loss: 0.10, max_hold: 2d}
""",
        """
exits:
  - {id: stop, stop_loss: 0.10}
  - {id: late, max_hold: 2d}
""",
    ),
    page(
        "PS011",
        "an id is taken",
        """
Guards and rules are told apart by their ids in every record and test, and so are exits.
The ids none and universe have a meaning in tests.
""",
        f"""
guards:
  - {{id: enter, when: spread <= 0.02}}
{_ENTER}
""",
        f"""
guards:
  - {{id: tight, when: spread <= 0.02}}
{_ENTER}
""",
    ),
    page(
        "PS012",
        "a name that has a meaning already",
        """
A let or a param has the name of a feature, of another param, or of a word of the
language. A reader could not tell which is meant.
""",
        """
let:
  spread: best_ask - best_bid
""",
        """
let:
  gap: best_ask - best_bid
""",
    ),
    page(
        "PS013",
        "outside the range of its param",
        """
The default of a param, and all values worth trying, lie in [min, max]; min is not above
max. What --set gives is held to the same range.
""",
        """
params:
  min_prob: {type: prob, default: 0.79, min: 0.8, max: 0.99}
""",
        """
params:
  min_prob: {type: prob, default: 0.92, min: 0.8, max: 0.99}
""",
    ),
    page(
        "PS014",
        "kelly needs fair",
        """
The Kelly stake depends on what you hold a share to be worth. A rule that trades must
state it under `fair`, or sizing must be fixed.
""",
        """
sizing: {method: kelly, fraction: 0.25, cap: 25 USD}
""",
        f"""
sizing: {{method: kelly, fraction: 0.25, cap: 25 USD}}
{_ENTER.replace("best_ask}", "best_ask, fair: 0.99}")}
""",
    ),
    page(
        "PS015",
        "a test names what is not there",
        """
A test gives a feature that does not exist or a let that is computed, or expects a rule
that the file does not have. Only features, and lets that look back, are given.
""",
        """
tests:
  - name: buys
    given: {best_ask: 0.95, spread: 0.01}
    expect: {fires: entre}
""",
        """
tests:
  - name: buys
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.01}
    expect: {fires: enter}
""",
    ),
    page(
        "PS016",
        "a test that gives nothing",
        """
A test says what the market looks like: one row under `given`, values over time under
`series`, or a row of a tape under `fixture`.
""",
        """
tests:
  - name: buys
    expect: {fires: enter}
""",
        """
tests:
  - name: buys
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.01}
    expect: {fires: enter}
""",
    ),
    page(
        "PS017",
        "a test that cannot be run",
        """
`polyrules test` cannot run the test: a param it sets does not fit the strategy, or the
tape of its fixture is not there or does not hold the row.
""",
        """
# tests: [{name: a, with: {min_prob: 2}, ...}], and min_prob is at most 0.99
""",
        """
# tests: [{name: a, with: {min_prob: 0.95}, ...}]
""",
    ),
    page(
        "PS018",
        "what these rows do not have",
        """
`universe.each` says what a row is: a market, a pair of them, an event, a basket, a
trade, a round. This key or action speaks of something that such a row does not have.
""",
        """
universe: {each: market, within: 5m}
""",
        """
universe: {each: market}
""",
    ),
    page(
        "PS019",
        "best needs edge",
        """
Under hit_policy: best the rule with the highest edge decides, so every rule that trades
must state its edge: what a share earns, net of fees.
""",
        """
hit_policy: best
""",
        f"""
hit_policy: best
{_ENTER.replace("best_ask}", "best_ask, edge: 0.99 - best_ask}")}
""",
    ),
)
