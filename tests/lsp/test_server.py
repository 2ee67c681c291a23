"""The server as an editor meets it: a process, and messages over its pipes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from click.testing import Result
from lsprotocol import types
from pygls.lsp.client import LanguageClient

Cli = Callable[..., Result]

URI = "file:///mine%20one.yaml"
PATIENCE = 30  # seconds until a silent server is a broken one
TEXT = """\
polyrules: 1
strategy: {id: mine, version: 1.0.0, title: "\N{CHART WITH UPWARDS TREND}"}
universe: {each: market}
let:
  edge: 0.99 - best_ask
rules:
  - id: enter
    when: egde > 0 and mid<0.9   # \N{CHART WITH UPWARDS TREND}
    then: {action: buy, token: yes_token, price: best_ask, reason: "\N{CHART WITH UPWARDS TREND} {edge:.2f}"}
sizing: {method: fixed, amount: 20 USD}
schedule: {every: 5s}
"""  # noqa: E501 - one line on purpose: what stands behind two units of UTF-16


class Editor:
    """An editor with one document, that remembers what it was told of it."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]  # pygls says no type here
        def _(params: types.PublishDiagnosticsParams) -> None:
            self.told.put_nowait(params)

    async def open(self, text: str) -> list[types.Diagnostic]:
        self.client.text_document_did_open(
            types.DidOpenTextDocumentParams(
                types.TextDocumentItem(URI, "yaml", 1, text)
            )
        )
        return await self.diagnostics()

    async def write(self, text: str) -> list[types.Diagnostic]:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(uri=URI, version=2),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        return await self.diagnostics()

    async def diagnostics(self) -> list[types.Diagnostic]:
        told = await asyncio.wait_for(self.told.get(), PATIENCE)
        assert told.uri == URI
        return list(told.diagnostics)


@pytest.fixture
async def editor() -> AsyncIterator[Editor]:
    client = LanguageClient("test", "1")
    editor = Editor(client)
    await client.start_io(sys.executable, "-m", "polyrules", "lsp")
    capabilities = types.ClientCapabilities()
    await asyncio.wait_for(
        client.initialize_async(types.InitializeParams(capabilities)), PATIENCE
    )
    client.initialized(types.InitializedParams())
    yield editor
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]  # pygls says no type here


DOCUMENT = types.TextDocumentIdentifier(URI)


async def test_what_is_wrong_is_told_when_a_file_is_opened_and_again_when_it_changes(
    editor: Editor,
) -> None:
    opened = await editor.open(TEXT)

    assert [(d.code, d.source, d.severity) for d in opened] == [
        ("PN001", "polyrules", types.DiagnosticSeverity.Error)
    ]
    assert opened[0].message == 'unknown feature "egde"\ndid you mean "edge"?'
    assert opened[0].range == types.Range(types.Position(7, 10), types.Position(7, 14))
    assert await editor.write(TEXT.replace("egde", "edge")) == []

    unused = await editor.write(TEXT.replace("egde", "mid").replace("{edge", "{mid"))

    assert [(d.code, d.severity) for d in unused] == [
        ("PL004", types.DiagnosticSeverity.Warning)
    ]


async def test_a_closed_file_has_no_problems_any_more(editor: Editor) -> None:
    await editor.open(TEXT)

    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(DOCUMENT))

    assert await editor.diagnostics() == []


async def test_a_name_is_explained_where_the_editor_counts_in_utf_16(
    editor: Editor,
) -> None:
    await editor.open(TEXT)
    line = TEXT.splitlines()[8]
    column = len(line[: line.index("{edge") + 1].encode("utf-16-le")) // 2

    found = await editor.client.text_document_hover_async(
        types.HoverParams(DOCUMENT, types.Position(8, column + 2))
    )

    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    assert found.contents.value.startswith("**edge** (a let)")
    assert found.range == types.Range(
        types.Position(8, column), types.Position(8, column + 4)
    )


async def test_a_name_leads_to_its_let(editor: Editor) -> None:
    await editor.open(TEXT)
    line = TEXT.splitlines()[8]
    column = len(line[: line.index("{edge") + 1].encode("utf-16-le")) // 2

    found = await editor.client.text_document_definition_async(
        types.DefinitionParams(DOCUMENT, types.Position(8, column))
    )

    assert found == types.Location(
        URI, types.Range(types.Position(4, 2), types.Position(4, 6))
    )


async def test_completion_replaces_the_word_that_is_begun(editor: Editor) -> None:
    await editor.open(TEXT)

    found = await editor.client.text_document_completion_async(
        types.CompletionParams(DOCUMENT, types.Position(7, 12))
    )

    assert isinstance(found, types.CompletionList)
    edge = next(item for item in found.items if item.label == "edge")
    assert edge.text_edit == types.TextEdit(
        types.Range(types.Position(7, 10), types.Position(7, 12)), "edge"
    )
    assert edge.detail == "0.99 - best_ask"


async def test_a_typing_error_is_mended_in_one_step(editor: Editor) -> None:
    (problem,) = await editor.open(TEXT)

    found = await editor.client.text_document_code_action_async(
        types.CodeActionParams(
            DOCUMENT, problem.range, types.CodeActionContext([problem])
        )
    )

    assert found is not None
    (fix,) = found
    assert isinstance(fix, types.CodeAction)
    assert fix.title == "Write edge"
    assert fix.edit is not None
    assert fix.edit.changes is not None
    assert list(fix.edit.changes[URI]) == [types.TextEdit(problem.range, "edge")]


async def test_formatting_gives_the_text_of_fmt(editor: Editor) -> None:
    await editor.open(TEXT)
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)

    found = await editor.client.text_document_formatting_async(
        types.DocumentFormattingParams(DOCUMENT, options)
    )

    assert found is not None
    (edit,) = found
    assert "mid < 0.9" in edit.new_text
    assert edit.range.start == types.Position(0, 0)
    assert edit.range.end == types.Position(11, 0)


def test_without_pygls_the_hint_says_what_to_install(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    result = cli("lsp")

    assert result.exit_code == 2
    assert result.stderr == (
        "error: the language server needs pygls, which is not installed\n"
        "hint: pip install 'polyrules[lsp]'\n"
    )


def test_only_the_command_itself_imports_pygls(root: Path) -> None:
    importing = [
        str(file.relative_to(root))
        for file in sorted((root / "polyrules").rglob("*.py"))
        if "pygls" in file.read_text("utf-8") or "lsprotocol" in file.read_text("utf-8")
    ]

    assert importing == [
        "polyrules/cli/lsp.py",
        "polyrules/lsp/answers.py",
        "polyrules/lsp/server.py",
    ]
