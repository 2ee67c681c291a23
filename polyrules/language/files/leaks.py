"""What must not stand in a file that people share: keys, wallets, addresses of sites.

A list of patterns cannot find every secret; it finds those that look like one.
"""

import re
from bisect import bisect_right

from polyrules.documents.document import Document, Path
from polyrules.documents.places import Span
from polyrules.errors import Problem

# Whatever may be repeated is bounded: a search from each of many beginnings must not
# run to the end of the file each time.
SECRET = re.compile(
    r"(?P<key>0x[0-9a-fA-F]{64}|-----BEGIN [A-Z ]{0,40}PRIVATE KEY)"
    r"|(?P<wallet>0x[0-9a-fA-F]{40}(?![0-9a-fA-F]))"
    r"|(?P<secret>\bsk[-_](?:live[-_]|proj-)?[A-Za-z0-9]{20,200}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,200}|\bAKIA[0-9A-Z]{16}"
    r"|\beyJ[\w-]{8,300}\.eyJ[\w-]{8,2000}|\b[0-9a-fA-F]{64})"
)
SITE = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s'\"]{1,2000}", re.IGNORECASE)
WORDS = {
    "key": ("a private key", "delete it, and treat it as stolen: it was written down"),
    "wallet": ("the address of a wallet", "a strategy is shared; wallets are not"),
    "secret": (
        "something that looks like a secret",
        "secrets belong in the environment",
    ),
    "site": (
        "the address of a site",
        "a strategy reads features, never a site; delete it",
    ),
}


def find_leaks(document: Document) -> list[Problem]:
    """Look for secrets and wallets anywhere, and for sites where they could be used.

    Sites may be named in comments, in `strategy` and in `x-` keys. Values in which
    something is found are marked as wrong, so that nothing else is said of them.

    Returns:
        PX001 for each find.
    """
    found = [
        (Span(*match.span()), str(match.lastgroup))
        for match in SECRET.finditer(document.text)
    ]
    for at, node in document.nodes.items():
        if node.scalar is not None and not _is_remark(at):
            site = SITE.search(document.text, *node.span)
            if site:
                found.append((Span(*site.span()), "site"))
    found.sort()
    starts = [span.start for span, _ in found]
    for at, node in document.nodes.items():
        nearest = bisect_right(starts, max(node.span.end - 1, node.span.start)) - 1
        is_hit = nearest >= 0 and found[nearest][0].end > node.span.start
        if node.scalar is not None and is_hit:
            document.mark_wrong(at)
    problems = []
    for span, kind in found:
        what, hint = WORDS[kind]
        message = f"{what} does not belong here"
        problems.append(document.problem_in(span, "PX001", message, hint=hint))
    return problems


def _is_remark(at: Path) -> bool:
    return bool(at) and (at[0] == "strategy" or str(at[0]).startswith("x-"))
