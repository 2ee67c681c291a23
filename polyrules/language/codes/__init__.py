"""Every code that a problem can have: what it means, with a wrong and a right file."""

from collections.abc import Mapping

from polyrules.language.codes import (
    expressions,
    extensions,
    files,
    habits,
    keys,
    lints,
    operator,
    orders,
    units,
)
from polyrules.language.codes.page import Page

__all__ = ["PAGES", "Page"]

PAGES: Mapping[str, Page] = {
    page.code: page
    for family in (
        *(files, keys, extensions, expressions, units, lints, orders, habits),
        operator,
    )
    for page in family.PAGES
}
"""All pages by code, in the order in which a file meets them."""
