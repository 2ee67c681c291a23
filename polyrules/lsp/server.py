"""The language server: drafts in, diagnostics and answers out, over stdin and stdout.

It keeps the open drafts and nothing else, opens no file, and never answers for YAML
that is no strategy. A draft that trips it is a bug; the next one is answered again.
"""

from functools import partial
from itertools import accumulate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from polyrules import __version__
from polyrules.documents.places import Span
from polyrules.errors import PolyrulesError, Problem
from polyrules.language.formatting.canonical import formatted
from polyrules.lsp import answers
from polyrules.lsp.draft import Draft

COMPLETION = types.CompletionOptions(trigger_characters=[".", "'", "{"])
CODE_ACTIONS = types.CodeActionOptions(
    code_action_kinds=[types.CodeActionKind.QuickFix]
)


def make_server() -> LanguageServer:
    """Return a server that knows every question of ours; it is not started."""
    server = LanguageServer("polyrules", __version__)
    desk = _Desk(server)
    for name, answer, options in (
        (types.TEXT_DOCUMENT_DID_OPEN, desk.opened, None),
        (types.TEXT_DOCUMENT_DID_CHANGE, desk.changed, None),
        (types.TEXT_DOCUMENT_DID_CLOSE, desk.closed, None),
        (types.TEXT_DOCUMENT_HOVER, desk.hover, None),
        (types.TEXT_DOCUMENT_DEFINITION, desk.definition, None),
        (types.TEXT_DOCUMENT_FORMATTING, desk.formatting, None),
        (types.TEXT_DOCUMENT_COMPLETION, desk.completion, COMPLETION),
        (types.TEXT_DOCUMENT_CODE_ACTION, desk.code_actions, CODE_ACTIONS),
    ):
        # pygls writes on what it registers, and a method cannot be written on
        server.feature(name, options)(partial(answer))
    return server


class _Desk:
    """The open drafts by their URI, and the answers about them."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._drafts: dict[str, Draft] = {}

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self._read(params.text_document.uri)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        self._read(params.text_document.uri)

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        self._drafts.pop(uri, None)
        self._publish(uri, [])

    def hover(self, params: types.HoverParams) -> types.Hover | None:
        page = self._page(params.text_document.uri)
        found = answers.about(page.draft, page.offset(params.position))
        if found is None:
            return None
        doc, span = found
        content = types.MarkupContent(types.MarkupKind.Markdown, doc)
        return types.Hover(contents=content, range=page.range(span))

    def definition(self, params: types.DefinitionParams) -> types.Location | None:
        uri = params.text_document.uri
        page = self._page(uri)
        span = answers.definition(page.draft, page.offset(params.position))
        return None if span is None else types.Location(uri, page.range(span))

    def completion(self, params: types.CompletionParams) -> types.CompletionList:
        page = self._page(params.text_document.uri)
        offset = page.offset(params.position)
        items = answers.completions(page.draft, offset)
        word = page.draft.word(offset)
        # a dotted name is one word for us, and two for most editors
        span = Span(offset, offset) if word is None else word.span
        place = page.range(Span(span.start, offset))
        for item in items:
            item.text_edit = types.TextEdit(place, item.label)
        return types.CompletionList(is_incomplete=False, items=items)

    def code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        page = self._page(uri)
        asked = params.range
        fixes = []
        for problem in answers.problems(page.draft):
            place, word = page.range_of(problem), answers.meant(problem)
            if not word or place.end < asked.start or asked.end < place.start:
                continue
            edit = types.WorkspaceEdit(changes={uri: [types.TextEdit(place, word)]})
            fixes.append(
                types.CodeAction(
                    title=f"Write {word}",
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[answers.diagnostic(problem, place)],
                    edit=edit,
                    is_preferred=True,
                )
            )
        return fixes

    def formatting(
        self, params: types.DocumentFormattingParams
    ) -> list[types.TextEdit] | None:
        page = self._page(params.text_document.uri)
        if not page.draft.is_strategy:
            return None
        try:
            text = formatted(page.draft.text, page.draft.path).text
        except PolyrulesError:  # it cannot be read: its problems are shown already
            return None
        whole = page.range(Span(0, len(page.draft.text)))
        return [types.TextEdit(whole, text)] if text != page.draft.text else []

    def _read(self, uri: str) -> None:
        document = self._server.workspace.get_text_document(uri)
        before = self._drafts.get(uri)
        draft = Draft(document.source, _path(uri), before)
        self._drafts[uri] = draft
        page = _Page(draft, document)
        found = [
            answers.diagnostic(problem, page.range_of(problem))
            for problem in answers.problems(draft)
        ]
        self._publish(uri, found, document.version)

    def _publish(
        self, uri: str, found: list[types.Diagnostic], version: int | None = None
    ) -> None:
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        )

    def _page(self, uri: str) -> "_Page":
        document = self._server.workspace.get_text_document(uri)
        draft = self._drafts.get(uri) or Draft(document.source, _path(uri))
        return _Page(draft, document)


class _Page:
    """A draft, and the units in which its editor counts."""

    def __init__(self, draft: Draft, document: TextDocument) -> None:
        self.draft = draft
        self._lines = draft.text.splitlines(keepends=True)
        self._codec = document.position_codec
        self._starts = [0, *accumulate(map(len, self._lines))]

    def offset(self, position: types.Position) -> int:
        """Return the offset in characters of a place in an editor."""
        place = self._codec.position_from_client_units(self._lines, position)
        return min(self._starts[place.line] + place.character, len(self.draft.text))

    def range(self, span: Span) -> types.Range:
        """Return a range of characters as the editor counts."""
        return self._codec.range_to_client_units(
            self._lines,
            types.Range(self._position(span.start), self._position(span.end)),
        )

    def range_of(self, problem: Problem) -> types.Range:
        """Return where a problem is, as the editor counts."""
        line = problem.line - 1
        return self._codec.range_to_client_units(
            self._lines,
            types.Range(
                types.Position(line, problem.column - 1),
                types.Position(line, problem.end_column - 1),
            ),
        )

    def _position(self, offset: int) -> types.Position:
        line = next(
            number
            for number in range(len(self._starts) - 1, -1, -1)
            if self._starts[number] <= offset
        )
        return types.Position(line, offset - self._starts[line])


def _path(uri: str) -> str:
    """Return what to call a file in problems: its name."""
    return Path(unquote(urlsplit(uri).path)).name or uri
