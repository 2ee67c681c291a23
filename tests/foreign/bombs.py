"""Files that are too large, or no text at all, to lie in a folder: made when asked for.

Each is a trick, and stands under its name with what it tries. A bomb of this kind is
small where it lies and large where it bursts, or takes long for every character of it.
"""

from collections.abc import Iterator, Mapping

KIB = 1024
LIMIT = 256 * KIB  # of a file
HEAD = """\
polyrules: 1
strategy: {id: zq_host, version: 1.0.0}
universe: {each: market}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""
RULES = "rules: [{id: zq_rule, when: spread < 0.02, then: {action: none}}]\n"
SOUND = HEAD + RULES


def full(unit: str, *, head: str = SOUND, tail: str = "\n") -> str:
    """Return a file filled with a unit up to its limit."""
    room = LIMIT - len((head + tail).encode())
    return head + unit * (room // len(unit.encode())) + tail


def filled(lines: Iterator[str], *, head: str = SOUND) -> str:
    """Return a file filled with lines up to its limit."""
    found, size = [head], len(head.encode())
    for line in lines:
        size += len(line.encode())
        if size > LIMIT:
            break
        found.append(line)
    return "".join(found)


def numbers(most: int = LIMIT) -> Iterator[int]:
    """Yield numbers; unless told otherwise, more than a file has lines."""
    return iter(range(most))


def laughs() -> str:
    """Return ten lines that stand for a billion words, by alias of alias."""
    lines = ["x-l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"]
    for n in range(1, 10):
        again = ", ".join([f"*l{n - 1}"] * 10)
        lines.append(f"x-l{n}: &l{n} [{again}]\n")
    return SOUND + "".join(lines)


# By name: the trick, and the text.
TEXTS: Mapping[str, tuple[str, str]] = {
    "laughs": ("a billion words by alias of alias", laughs()),
    "quadratic": (
        "one long anchored text, named ten thousand times",
        full("*a, ", head=SOUND + "x-a: &a " + "a" * KIB + "\nx-b: [", tail="]\n"),
    ),
    "anchor_long": ("an anchor as long as a file", full("a", head=SOUND + "x-a: &")),
    "anchor_chain": ("anchors of nothing", full("&a ", head=SOUND + "x-a: ")),
    "tag_long": ("a tag as long as a file", full("a", head=SOUND + "x-a: !")),
    "tag_chain": ("bangs without an end", full("!!", head=SOUND + "x-a: ")),
    "tag_escapes": ("a tag of escapes", full("%41", head=SOUND + "x-a: !")),
    "flow_lists": ("lists in lists", full("[", head=SOUND + "x-a: ")),
    "flow_closed": (
        "lists in lists, all closed",
        SOUND + "x-a: " + "[" * 60_000 + "]" * 60_000 + "\n",
    ),
    "flow_mappings": ("mappings in mappings", full("{a: ", head=SOUND + "x-a: ")),
    "flow_keys": ("keys that are mappings", full("{? ", head=SOUND + "x-a: ")),
    "flow_commas": ("commas without values", full(",", head=SOUND + "x-a: [")),
    "flow_colons": ("colons without keys", full(":", head=SOUND + "x-a: {")),
    "flow_pairs": ("pairs without braces", full("a: b, ", head=SOUND + "x-a: [")),
    "block_lists": ("lists in lists, in one line", full("- ", head="")),
    "block_keys": ("keys of keys, in one line", full("? ", head="")),
    "block_deeper": (
        "each line one further to the right",
        filled((" " * n + f"a{n}:\n" for n in numbers()), head=""),
    ),
    "many_values": ("more values than there may be", full("- 1\n", head="")),
    "many_keys": (
        "more keys than there may be, all unknown",
        filled(f"spreda_{n}_best_ask_universe: 1\n" for n in numbers()),
    ),
    "many_keys_twice": ("one key over and over", full("x-a: 1\n")),
    "many_ambiguous": ("one bool of YAML 1.1 after another", full("NO: no\n")),
    "many_documents": ("documents that say nothing", full("---\n", head="")),
    "many_directives": ("directives without an end", full("%FOO bar\n", head="")),
    "directive_digits": (
        "a version that is too long to be a number",
        full("9", head="%YAML 1.", tail="\n--- {}\n"),
    ),
    "many_comments": ("nothing but comments", full("#\n")),
    "long_comment": ("a comment as long as a file", full("-", head=SOUND + "#")),
    "long_blank": ("blanks as long as a file", full(" ")),
    "long_breaks": ("line breaks as long as a file", full("\n")),
    "long_key": ("a key as long as a file", full("a", head=SOUND, tail=": 1\n")),
    "long_asked_key": (
        "a key behind ? is as long as it likes",
        full("a", head=SOUND + "? ", tail="\n: 1\n"),
    ),
    "long_plain": ("a word as long as a file", full("a", head=SOUND + "x-a: ")),
    "long_words": ("a text of words", full("a ", head=SOUND + "x-a: ")),
    "long_folded": ("a folded text", full("  a\n\n", head=SOUND + "x-a: >\n")),
    "long_quoted": (
        "a text in quotes, every character escaped",
        full("\\u0061", head=SOUND + 'x-a: "', tail='"\n'),
    ),
    "long_unclosed": ("a quote that never closes", full("a\n ", head=SOUND + "x-a: '")),
    "long_integer": ("an integer of a quarter million digits", full("9", head="x-a: ")),
    "long_float": ("a float of a quarter million digits", full("9", head="x-a: 1.")),
    "long_exponent": ("an exponent of as many digits", full("9", head="x-a: 1e")),
    "long_base_60": ("a number in base 60", full(":59", head="x-a: 1", tail=":\n")),
    "long_when": (
        "a condition as long as a file",
        full(" and 1<2", head=SOUND.replace("spread < 0.02, ", "").strip()[:-1]),
    ),
    "long_amount": (
        "an amount of very many digits",
        full("9", head=SOUND.replace("20 USD", "20 USDx") + "risk: {max_total: "),
    ),
    "secrets": (
        "what only begins like a secret, over and over",
        full("eyJaaaaaaaa.", head=SOUND + "x-a: "),
    ),
    "keys_of_wallets": (
        "a secret in every line",
        filled(f"x-{n}: '0x{n:040x}'\n" for n in numbers()),
    ),
    "sites": (
        "a site in every value",
        full("a://b ", head=SOUND + "let: {a: '", tail="'}\n"),
    ),
    "many_tags": ("strategy.tags", full("a,", head="strategy: {tags: [", tail="]}\n")),
    "braces": (
        "a message that opens braces",
        HEAD + RULES.replace("none}", "none, reason: '" + "{" * 200_000 + "'}"),
    ),
    "formats": (
        "a message of formats",
        HEAD
        + RULES.replace("none}", "none, reason: '" + "{spread:.9f}" * 20_000 + "'}"),
    ),
    "too_large": ("one byte more than there may be", full("#") + "#" * 12),
    "astral": ("a quarter of a million bytes, four to a character", full("\U0001f600")),
    "combining": ("marks that pile up on one letter", full("\u0301", head="a: a")),
}

# By name: the trick, and what no text could say.
BYTES: Mapping[str, tuple[str, bytes]] = {
    "empty": ("nothing at all", b""),
    "nul": ("a NUL", b"polyrules: \x00 1\n"),
    "not_utf8": ("a byte that no UTF-8 has", SOUND.encode() + b"x-a: \xff\n"),
    "latin_1": (
        "a file in Latin-1",
        SOUND.encode() + "x-a: caf\xe9\n".encode("latin-1"),
    ),
    "overlong": ("a slash in two bytes", SOUND.encode() + b"x-a: \xc0\xaf\n"),
    "surrogate": ("half a character in UTF-8", SOUND.encode() + b"x-a: \xed\xa0\x80\n"),
    "cut": ("a character cut in half", SOUND.encode() + "x-a: \u20ac".encode()[:-1]),
    "utf_16": ("a file in UTF-16", SOUND.encode("utf-16")),
    "utf_32": ("a file in UTF-32", SOUND.encode("utf-32")),
    "utf_7": ("a file in UTF-7", b"x-a: +AGE-\n"),
    "bom_twice": ("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + SOUND.encode()),
    "gzip": ("a file that wants to be unpacked", b"\x1f\x8b\x08\x00" + b"\x00" * 100),
    "pickle": ("a pickle", b"cos\nsystem\n(S'echo'\ntR."),
    "escape": ("a terminal's escape", SOUND.encode() + b"x-\x1b[2J: 1\n"),
    "old_breaks": ("line ends of an old Mac", SOUND.replace("\n", "\r").encode()),
    "odd_breaks": ("line ends of Unicode", SOUND.replace("\n", "\u2028").encode()),
    "nel": ("line ends of a mainframe", SOUND.replace("\n", "\x85").encode()),
}


def bombs() -> Iterator[tuple[str, str, bytes]]:
    """Yield the name, the trick and the bytes of every bomb."""
    for name, (trick, text) in TEXTS.items():
        yield name, trick, text.encode()
    for name, (trick, data) in BYTES.items():
        yield name, trick, data
