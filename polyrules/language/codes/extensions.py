"""Codes of files that extend another."""

from polyrules.language.codes.page import page

PAGES = (
    page(
        "PS020",
        "a base that cannot be had",
        """
A file extends a strategy that polyrules ships, by its id, or a file in its own folder
or below, by its path from there: ./base.yaml. Files come from strangers, so nothing
else may be named: no absolute path, no .., no link that leads out.
""",
        """
extends: ../base.yaml
""",
        """
extends: longshot_yes
""",
    ),
    page(
        "PS021",
        "a part that only the base may have",
        """
A file that extends another gives its params other defaults, tightens its limits, and
may have tests. Rules, universe, sizing and schedule stay as the base has them, so that
who knows the base knows what such a file can do. To change them, make a copy:
polyrules new NAME --from BASE.
""",
        """
extends: longshot_yes
schedule: {every: 1m}
""",
        """
extends: longshot_yes
params: {look: 1m}
""",
    ),
    page(
        "PS022",
        "a param that the base lacks",
        """
The params of a file that extends another are those of its base. Each is given a value
as --set would: in the base's type and range. `polyrules docs BASE` lists them.
""",
        """
extends: longshot_yes
params: {lok: 1m}
""",
        """
extends: longshot_yes
params: {look: 1m}
""",
    ),
    page(
        "PS023",
        "a limit looser than the base's",
        """
Who extends a strategy can only tighten what it risks: whoever trusts the base must not
lose more because of a file that stands on it. The minimum of an order and the rest
after losses are tighter when they are higher, all other limits when they are lower.
""",
        """
extends: longshot_yes
risk: {max_position: 5000 USD}
""",
        """
extends: longshot_yes
risk: {max_position: 5 USD}
""",
    ),
    page(
        "PS024",
        "a circle, or too many files",
        """
Files that extend one another end at one that extends nothing: it has the rules. At most
5 stand below the file that is run, so that a reader can find what holds.
""",
        """
# a.yaml extends ./b.yaml, which extends ./a.yaml
""",
        """
# a.yaml extends ./b.yaml, which extends nothing
""",
    ),
)
