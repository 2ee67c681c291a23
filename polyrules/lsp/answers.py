"""What is answered at a place of a draft, in the words of the protocol.

Places come and go in characters of the text; what unit the editor counts in is the
server's business.
"""

import re

from lsprotocol import types

from polyrules.documents.places import Span
from polyrules.errors import Problem, Severity
from polyrules.language.expressions.typed import shown
from polyrules.language.load import load_all
from polyrules.language.prose.phrases import Phrases
from polyrules.lsp.draft import Draft
from polyrules.lsp.names import Name, Sort, words

SOURCE = "polyrules"
MEANT = re.compile(r'did you mean (?:"([^"]+)"|(\S+))\?')
SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
}
KINDS = {
    Sort.FEATURE: types.CompletionItemKind.Field,
    Sort.LET: types.CompletionItemKind.Variable,
    Sort.PARAM: types.CompletionItemKind.Constant,
    Sort.FUNCTION: types.CompletionItemKind.Function,
    Sort.WORD: types.CompletionItemKind.Keyword,
}
FIRST = (Sort.LET, Sort.PARAM, Sort.FEATURE, Sort.FUNCTION, Sort.WORD)


def problems(draft: Draft) -> tuple[Problem, ...]:
    """Return what `polyrules validate` says of a draft; nothing of other YAML."""
    if not draft.is_strategy:
        return ()
    return load_all(draft.text, draft.path)[1]


def diagnostic(problem: Problem, place: types.Range) -> types.Diagnostic:
    """Return a problem as editors show it."""
    told = f"{problem.message}\n{problem.help}" if problem.help else problem.message
    return types.Diagnostic(
        range=place,
        message=told,
        severity=SEVERITIES[problem.severity],
        code=problem.code,
        source=SOURCE,
    )


def meant(problem: Problem) -> str:
    """Return the word that was probably meant; "" where nobody can tell."""
    found = MEANT.search(problem.help)
    return "" if found is None else found[1] or found[2]


def about(draft: Draft, offset: int) -> tuple[str, Span] | None:
    """Return what the name at a place means, Markdown, and where it stands."""
    word = draft.word(offset)
    name = None if word is None else draft.names.get(word.text)
    if word is None or name is None or not _is_named(draft, offset, name):
        return None
    return name.doc + _in_english(draft, name), word.span


def definition(draft: Draft, offset: int) -> Span | None:
    """Return where the file defines the let, param or rule named at a place."""
    word = draft.word(offset)
    name = None if word is None else draft.names.get(word.text)
    if name is not None and _is_named(draft, offset, name):
        return draft.place(name)
    return draft.rule(offset)


def completions(draft: Draft, offset: int) -> list[types.CompletionItem]:
    """Return what may be written at a place: names, functions, or words of an enum."""
    if draft.is_given(offset):
        return [_item(each) for each in draft.names.values() if _may_be_given(each)]
    if draft.is_message(offset):
        named = (Sort.FEATURE, Sort.LET, Sort.PARAM)
        return [_item(each) for each in draft.names.values() if each.sort in named]
    if not draft.is_expression(offset):
        return []
    if draft.is_quoted(offset):
        enum = next(draft.words_before(offset), None)
        return [] if enum is None else [_word(each) for each in enum.values]
    return [_item(each) for each in (*draft.names.values(), *words())]


def _in_english(draft: Draft, name: Name) -> str:
    """Return what a let comes to: its type, and its expression in words."""
    strategy = load_all(draft.text, draft.path)[0] if name.sort is Sort.LET else None
    if strategy is None:
        return ""
    let = next(each for each in strategy.lets if each.name == name.name)
    told = Phrases(strategy).told(let.expression)
    return f"\n\n{shown(let.expression.type)}: {told}"


def _is_named(draft: Draft, offset: int, name: Name) -> bool:
    """Tell whether a word at a place can be that name, and is no other text."""
    if draft.is_expression(offset) or draft.is_message(offset):
        return not draft.is_quoted(offset) or draft.is_message(offset)
    own = draft.place(name)
    if own is not None and own.start <= offset <= own.end:
        return True
    return draft.is_given(offset) and _may_be_given(name)


def _may_be_given(name: Name) -> bool:
    return name.sort in (Sort.FEATURE, Sort.LET)


def _item(name: Name) -> types.CompletionItem:
    return types.CompletionItem(
        label=name.name,
        kind=KINDS[name.sort],
        detail=name.detail or None,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, name.doc)
        if name.doc
        else None,
        sort_text=f"{FIRST.index(name.sort)}{name.name}",
    )


def _word(word: str) -> types.CompletionItem:
    return types.CompletionItem(label=word, kind=types.CompletionItemKind.EnumMember)
