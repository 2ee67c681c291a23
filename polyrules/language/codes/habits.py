"""Codes of good habits: stops, tests, and what others need to know."""

from polyrules.language.codes.page import RULE, page

_ENTER = RULE.format(when="spread <= 0.02")


def _stating(stated: str) -> str:
    return _ENTER.replace("price: best_ask", stated)


PAGES = (
    page(
        "PL013",
        "a rule that no test shows",
        """
A rule that others rely on has a test where it is TRUE and one where it is not; for your
information, one where it is UNKNOWN as well. A rule counts as tested where it is asked:
the universe and the guards let the row through, and no rule before it decided.
""",
        """
tests: []
""",
        """
tests:
  - name: buys at 95 cents
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.01}
    expect: {fires: enter}
  - name: a wide spread is left alone
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.05}
    expect: {fires: none}
  - name: an unknown spread is left alone
    given: {accepting_orders: true, best_ask: 0.95}
    expect: {fires: none}
""",
    ),
    page(
        "PL014",
        "a veto that is off where it is UNKNOWN",
        """
A veto blocks where it is UNKNOWN, so that a feed that fails does not switch it off.
With on_unknown: skip it lets everything through exactly when nothing is known.
""",
        """
rules:
  - id: nervous
    when: abs(best_ask - best_bid) > 0.05
    on_unknown: skip
    then: {action: none}
""",
        """
rules:
  - id: nervous
    when: abs(best_ask - best_bid) > 0.05
    then: {action: none}
""",
    ),
    page(
        "PL016",
        "kelly without a cap",
        """
The Kelly stake trusts `fair` completely. Where it is wrong, nothing but the desk's
limits holds the stake back: add a cap.
""",
        f"""
sizing: {{method: kelly, fraction: 0.25}}
{_stating("price: best_ask, fair: 0.99")}
""",
        f"""
sizing: {{method: kelly, fraction: 0.25, cap: 25 USD}}
{_stating("price: best_ask, fair: 0.99")}
""",
    ),
    page(
        "PL017",
        "no risk limit of its own",
        """
Without `risk` only the desk's limits hold the strategy, and they are for everything
together. What it asks for itself can only tighten them.
""",
        """
risk: {}
""",
        """
risk: {max_position: 40 USD}
""",
    ),
    page(
        "PL018",
        "does not say when it loses",
        """
Every strategy loses at times. Whoever shares one says in its description when: that is
what the next person needs to know most.
""",
        """
strategy: {id: example, version: 1.0.0, license: MIT, description: It always wins.}
""",
        """
strategy: {id: example, version: 1.0.0, license: MIT, description: It loses on news.}
""",
    ),
    page(
        "PL019",
        "not signed",
        """
A shared file has a license, without which nobody may use it, a version above 0.0.0 and,
for your information, an author.
""",
        """
strategy: {id: example, version: 1.0.0, description: It loses on news.}
""",
        """
strategy:
  id: example
  version: 1.0.0
  license: MIT
  author: {name: Ada Trader}
  description: It loses on news.
""",
    ),
    page(
        "PL020",
        "a param that is not explained",
        """
Whoever sets a param must know what it means (doc) and how far it may go (min, max).
Its range is also what every lint calculates with.
""",
        """
params:
  min_prob: {type: prob, default: 0.92}
""",
        """
params:
  min_prob: {type: prob, default: 0.92, min: 0.8, max: 0.99, doc: Lowest ask we buy at}
""",
    ),
    page(
        "PL021",
        "no limit for real money",
        """
Before real money follows a file it says what it may hold in one market (max_position)
and in all, or how much it may lose.
""",
        """
risk: {max_open: 5}
""",
        """
risk: {max_position: 40 USD, max_open: 5}
""",
    ),
    page(
        "PL022",
        "no test of missing data",
        """
Feeds fail. A file that real money follows has at least one test in which a number is
missing and that matters.
""",
        """
tests:
  - name: buys at 95 cents
    given: {accepting_orders: true, best_ask: 0.95, spread: 0.01}
    expect: {fires: enter}
""",
        """
tests:
  - name: an unknown spread is left alone
    given: {accepting_orders: true, best_ask: 0.95}
    expect: {fires: none, unknown: [spread]}
""",
    ),
    page(
        "PL024",
        "taken on purpose without a reason",
        """
`# polyrules: ignore[PL017] why` keeps a find silent on its line, or on the line below
if it stands alone. The reason is for the next reader; without one the find stays.
""",
        """
risk: {}  # polyrules: ignore[PL017]
""",
        """
risk: {}  # polyrules: ignore[PL017] the desk it is made for has tight ones
""",
    ),
    page(
        "PL025",
        "keeps nothing silent",
        """
The remark names a code that is not found on its line: the mistake was mended, or the
remark stands in the wrong place. It would hide the next one. `polyrules lint --fix`
deletes it.
""",
        """
risk: {max_position: 40 USD}  # polyrules: ignore[PL017] the desk has tight ones
""",
        """
risk: {max_position: 40 USD}
""",
    ),
)
