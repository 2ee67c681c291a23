"""Files that hold as many of something as there may be, and each of them dear.

What a file may hold is counted, so a file that keeps to every count is the dearest
there is: to check, to be told what is wrong with it, and to run.
"""

from collections.abc import Mapping

from tests.foreign.bombs import HEAD, RULES, SOUND, filled, numbers

UNKNOWN = ", ".join(f"zq{n}" for n in range(80))


def dear_lets() -> str:
    """Return lets that each read the one before twice: 2 to the power of 200."""
    lets = "".join(f"  l{n}: l{n - 1} + l{n - 1}\n" for n in range(1, 199))
    rules = RULES.replace("spread < 0.02", "l198 < 0.02")
    return HEAD + rules + "let:\n  l0: spread\n" + lets


def dear_rules() -> str:
    """Return as many rules as fit, every one as large as it may be."""
    when = " and ".join(["spread<.02"] * 29)
    rule = "  - {{id: zq_{}, when: {}, then: {{action: none}}}}\n"
    return filled(
        (rule.format(n, when) for n in numbers()),
        head=HEAD + "rules:\n",
    )


def wrong_rules() -> str:
    """Return as many unknown names as fit, each near to a thousand known ones."""
    rule = "  - {{id: zq_{}, when: 'min({}) > 0', then: {{action: none}}}}\n"
    return filled(
        (rule.format(n, UNKNOWN) for n in numbers()),
        head=HEAD + "rules:\n",
    )


# By name: the trick, and the text.
CROWDS: Mapping[str, tuple[str, str]] = {
    "nearly_too_many_keys": (
        "as many unknown keys as there may be values, each near to known ones",
        filled(f"universe_schedule_{n:04d}: 1\n" for n in numbers(4_980)),
    ),
    "nearly_too_many_names": (
        "as many wrong names as there may be values",
        filled((f"  Zq_{n}: 1\n" for n in numbers(4_980)), head=SOUND + "let:\n"),
    ),
    "nearly_too_many_lets": (
        "as many lets as there may be values, all of an unknown name",
        filled(
            (f"  zq_{n}: spraed_{n} + 1\n" for n in numbers(4_980)),
            head=SOUND + "let:\n",
        ),
    ),
    "nearly_too_many_words": (
        "as many unknown words of a choice as there may be values",
        filled(
            (f"  zq_{n}: {{type: durations_{n}}}\n" for n in numbers(2_400)),
            head=SOUND + "params:\n",
        ),
    ),
    "nearly_too_many_unknown": (
        "a test that expects as many unknown features as there may be values",
        SOUND
        + "tests: [{name: a, given: {}, expect: {unknown: ["
        + ", ".join(f"position_sharse_{n}" for n in range(9_500))
        + "]}}]\n",
    ),
    "nearly_too_many_empty_params": (
        "as many params as there may be values, none of which says anything",
        filled((f"  zq_{n}: {{}}\n" for n in numbers(4_980)), head=SOUND + "params:\n"),
    ),
    "nearly_too_many_empty": (
        "as many empty rules as there may be values",
        filled(("  - {}\n" for _ in numbers(9_970)), head=HEAD + "rules:\n"),
    ),
    "long_param": (
        "a long name, repeated in what is said of each key under it",
        SOUND
        + "params:\n  ? "
        + "a" * 150_000
        + "\n  : {"
        + ", ".join(f"k{n}: 1" for n in range(4_000))
        + "}\n",
    ),
    "long_param_sweep": (
        "a long name, and a list in it of wrong entries",
        SOUND
        + "params:\n  ? "
        + "z" * 150_000
        + "\n  : {type: prob, default: 1, sweep: ["
        + ", ".join(["[]"] * 9_000)
        + "]}\n",
    ),
    "long_given": (
        "long names that a test gives",
        filled(
            (f"    ? {'zq' * 600}{n}\n    : 1\n" for n in numbers()),
            head=SOUND + "tests:\n- name: a\n  expect: {fires: none}\n  given:\n",
        ),
    ),
    "long_list": (
        "a long name, repeated in what is said of each of its entries",
        SOUND
        + "? rules\n: - ? "
        + "a" * 150_000
        + "\n    : ["
        + ", ".join(["1"] * 4_000)
        + "]\n",
    ),
    "full_rules": (
        "as many rules as there may be, of unknown names that are near to known ones",
        HEAD
        + "rules:\n"
        + "".join(
            f"  - {{id: zq_{n}, when: 'min({UNKNOWN}) > 0', then: {{action: none}}}}\n"
            for n in range(200)
        ),
    ),
    "full_lets": (
        "as many lets as there may be, of unknown names",
        SOUND + "let:\n" + "".join(f"  l{n}: min({UNKNOWN})\n" for n in range(200)),
    ),
    "full_given": (
        "tests that each give as many unknown features as there may be",
        SOUND
        + "tests:\n"
        + "".join(
            "  - {name: a, expect: {fires: zq}, given: {"
            + ", ".join(f"position_sharse_{n}: 1" for n in range(100))
            + "}}\n"
            for _ in range(45)
        ),
    ),
    "full_tests": (
        "as many tests as there may be of as many rules, each hint naming all of them",
        HEAD
        + "rules:\n"
        + "".join(
            f"  - {{id: {'z' * 40}_{n}, when: mid > 0, then: {{action: none}}}}\n"
            for n in range(200)
        )
        + "tests:\n"
        + "  - {name: a, given: {}, expect: {fires: zq}}\n" * 200,
    ),
    "full_exits": (
        "as many exits as there may be, none of which says when",
        SOUND + "exits:\n" + "".join(f"  - {{id: zq{n}}}\n" for n in range(200)),
    ),
    "full_reasons": (
        "messages of as many values as there may be",
        HEAD
        + "rules:\n"
        + "".join(
            f"  - {{id: zq_{n}, when: mid > 0, then: {{action: none, reason: '"
            + "{mid:.9f}" * 22
            + "'}}\n"
            for n in range(200)
        ),
    ),
    "full_windows": (
        "as many windows as there may be, each as long as it may be",
        SOUND.replace("5s", "1d")
        + "let:\n"
        + "".join(f"  l{n}: mid - lag(mid, days(31) - {n})\n" for n in range(50)),
    ),
    "full_parts": (
        "a strategy as dear as it may be",
        SOUND
        + "exits:\n"
        + "".join(
            f"  - {{id: e{n}, when: 'min({', '.join(['mid'] * 95)}) < 0.5'}}\n"
            for n in range(100)
        ),
    ),
    "dear_lets": ("lets that double what they read", dear_lets()),
    "dear_rules": ("rules up to the limit of a file", dear_rules()),
    "wrong_rules": ("unknown names up to the limit of a file", wrong_rules()),
    "many_params": (
        "params that are no params",
        filled(
            (f"  zq{n}: {{typo: prob, dflt: 1}}\n" for n in numbers(1_600)),
            head=SOUND + "params:\n",
        ),
    ),
}
