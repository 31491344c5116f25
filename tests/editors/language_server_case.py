"""A language server for each test, driven by pygls' client, and what tests ask of it. Marks in a text, `‹1›`, say where:
they are taken out before the server sees it."""

import asyncio
import re
import tempfile
import unittest
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 60
MARK = re.compile("‹(\\w+)›")


def utf16_column(text):
    return len(text.encode("utf-16-le")) // 2


class Marked:
    def __init__(self, text):
        self.places = {}
        clean = ""
        at = 0
        for mark in MARK.finditer(text):
            clean += text[at:mark.start()]
            at = mark.end()
            self.places[mark.group(1)] = types.Position(clean.count("\n"), utf16_column(clean[clean.rfind("\n") + 1:]))
        self.text = clean + text[at:]


def apply_edits(text, edits):
    lines = text.split("\n")

    def offset(position):
        line = lines[position.line]
        column = len(line.encode("utf-16-le")[:2 * position.character].decode("utf-16-le"))
        return sum(len(earlier) + 1 for earlier in lines[:position.line]) + column

    for edit in sorted(edits, key=lambda e: offset(e.range.start), reverse=True):
        text = text[:offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end):]
    return text


class LanguageServerCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kayton-lsp-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.client = LanguageClient("kayton-tests", "1")
        self.diagnostics = {}  # by URI: every list that was published
        self.logged = []
        self.news = asyncio.Event()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params):
            self.diagnostics.setdefault(params.uri, []).append(params)
            self.news.set()

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params):
            self.logged.append(params.message)

        await self.client.start_io("kayton", "lsp")
        self.capabilities = (await self.wait(self.client.initialize_async(
            types.InitializeParams(capabilities=types.ClientCapabilities(), root_uri=self.folder.as_uri())))).capabilities
        self.client.initialized(types.InitializedParams())
        self.versions = {}

    async def asyncTearDown(self):
        if not self.client.stopped:
            await self.wait(self.client.shutdown_async(None))
            self.client.exit(None)
            await self.client.stop()

    async def wait(self, future):
        return await asyncio.wait_for(future, PATIENCE)

    def uri(self, name):
        return (self.folder / name).as_uri()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path.as_uri()

    def open(self, text, name="main.kay"):
        marked = Marked(text)
        self.versions[name] = 1
        self.diagnostics.pop(self.uri(name), None)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(
            types.TextDocumentItem(self.uri(name), "kayton", 1, marked.text)))
        return marked

    def change(self, changes, name="main.kay"):
        """`changes`: a whole text, or (start, end, text) in the protocol's positions."""
        self.versions[name] += 1
        if isinstance(changes, str):
            events = [types.TextDocumentContentChangeWholeDocument(changes)]
        else:
            events = [types.TextDocumentContentChangePartial(types.Range(start, end), text) for start, end, text in changes]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name)), events))

    async def errors(self, name="main.kay"):
        """The diagnostics of the newest version."""
        async def newest():
            while True:
                for params in self.diagnostics.get(self.uri(name), []):
                    if params.version == self.versions[name]:
                        return list(params.diagnostics)
                self.news.clear()
                await self.news.wait()
        return await self.wait(newest())

    def at(self, position, name="main.kay"):
        return {"text_document": types.TextDocumentIdentifier(self.uri(name)), "position": position}

    async def hover(self, position, name="main.kay"):
        found = await self.wait(self.client.text_document_hover_async(types.HoverParams(**self.at(position, name))))
        return found.contents.value if found else None

    async def labels(self, position, name="main.kay"):
        return {item.label: item for item in await self.items(position, name)}

    async def items(self, position, name="main.kay"):
        return await self.wait(self.client.text_document_completion_async(types.CompletionParams(**self.at(position, name))))

    async def definition(self, position, name="main.kay"):
        return await self.wait(self.client.text_document_definition_async(types.DefinitionParams(**self.at(position, name))))

    async def rename(self, position, new_name, name="main.kay"):
        return await self.wait(self.client.text_document_rename_async(types.RenameParams(**self.at(position, name), new_name=new_name)))

    async def renamed(self, text, mark, new_name):
        """The text after renaming what stands at the mark; raises what the server refuses with."""
        marked = self.open(text)
        edit = await self.rename(marked.places[mark], new_name)
        return apply_edits(marked.text, edit.changes[self.uri("main.kay")])
