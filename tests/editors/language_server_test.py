"""The language server as an editor sees it."""

import asyncio
import json
import os
import subprocess
import unittest

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from language_server_case import LanguageServerCase

SHAPES = '''\
class Point:
    """A place in the plane."""

    def __init__(self, x: float, y: float):
        self.x = x
        self.y = y

    def moved(self, dx, dy):
        """Another point."""
        return Point(self.x + dx, self.y + dy)


def area(width, height):
    """What it covers."""
    return width * height
'''


class Diagnostics(LanguageServerCase):
    async def test_an_error_has_code_place_help_and_related_places(self):
        self.open("xs = [1, 2, 3]\n\nxs.append(\"four\")\n")
        [error] = await self.errors()
        self.assertEqual((error.code, error.source, error.severity), ("E0308", "kayton", types.DiagnosticSeverity.Error))
        self.assertEqual(error.range, types.Range(types.Position(2, 10), types.Position(2, 16)))
        self.assertIn("list of int cannot take a str", error.message)
        self.assertIn("help: convert with int", error.message)
        [related] = error.related_information
        self.assertEqual((related.location.uri, related.location.range.start), (self.uri("main.kay"), types.Position(2, 0)))
        self.assertIn("list[int]", related.message)

    async def test_they_go_when_the_error_goes(self):
        self.open("print(wrong)\n")
        self.assertEqual([e.code for e in await self.errors()], ["E0425"])
        self.change("print('right')\n")
        self.assertEqual(await self.errors(), [])

    async def test_places_are_counted_in_utf_16(self):
        self.open("print('aé😀日', wrong)\n")
        [error] = await self.errors()
        self.assertEqual(error.range, types.Range(types.Position(0, 15), types.Position(0, 20)))

    async def test_changes_of_a_part_count_in_utf_16_too(self):
        self.open("print('😀😀', wrong)\n")
        await self.errors()
        self.change([(types.Position(0, 14), types.Position(0, 19), "'right'")])
        self.assertEqual(await self.errors(), [])
        self.change([(types.Position(0, 7), types.Position(0, 9), ""), (types.Position(0, 12), types.Position(0, 19), "worse"),
                     (types.Position(1, 0), types.Position(1, 0), "worst\n")])
        self.assertEqual([(e.range.start.line, e.range.start.character) for e in await self.errors()], [(0, 12), (1, 0)])

    async def test_all_syntax_errors_at_once(self):
        self.open("def f(:\n    pass\n\nx = = 3\nprint('fine')\ny = (1 +\n")
        codes = [e.code for e in await self.errors()]
        self.assertGreaterEqual(len(codes), 3)
        self.assertTrue(all(code.startswith("E000") for code in codes), codes)

    async def test_errors_of_an_imported_module_are_shown_there_and_go_with_the_document(self):
        module = self.write("shapes.kay", "def f():\n    return nothing\n\nf()\n")
        self.open("import shapes\n")
        self.assertEqual(await self.errors(), [])
        self.assertEqual([e.code for e in self.diagnostics[module][-1].diagnostics], ["E0425"])
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(self.uri("main.kay"))))
        self.open("")
        await self.errors()
        self.assertEqual(list(self.diagnostics[module][-1].diagnostics), [])

    async def test_a_missing_crate_is_told_at_its_rimport(self):
        self.open("x = 1\nrimport no_such_crate\n")
        [error] = await self.errors()
        self.assertEqual(error.range.start.line, 1)
        self.assertIn("kik rinstall no_such_crate", error.message)


class Hover(LanguageServerCase):
    async def test_variables_have_their_type_at_that_place(self):
        marked = self.open("x‹1› = 12\nprint(x‹2›)\nx‹3› = 'text'\nprint(x‹4›.upper())\nwords = {}\nwords‹5›['a'] = [1.5]\n")
        wanted = {"1": "x: int", "2": "x: int", "3": "x: str", "4": "x: str", "5": "words: dict[str, list[float]]"}
        for mark, text in wanted.items():
            self.assertIn(text, await self.hover(marked.places[mark]))

    async def test_functions_have_their_signature_and_text(self):
        marked = self.open(SHAPES + "\nprint(area‹1›(2, 3), Point(1.0, 2.0).moved‹2›(1.0, 0.0).x‹3›)\nprint(len‹4›('a'))\n")
        self.assertIn("def area(width: int, height: int) -> int", await self.hover(marked.places["1"]))
        self.assertIn("What it covers.", await self.hover(marked.places["1"]))
        self.assertIn("def moved(dx: float, dy: float) -> Point", await self.hover(marked.places["2"]))
        self.assertIn("x: float", await self.hover(marked.places["3"]))
        self.assertIn("How many elements", await self.hover(marked.places["4"]))

    async def test_parameters_are_known_from_calls_and_unions_are_whole(self):
        marked = self.open("def twice(n‹1›):\n    return n‹2› + n\n\n\nprint(twice(2), twice('a'))\nfor i‹3› in range(3):\n    pass\n"
                           "print([k‹4› for k in 'ab'])\n")
        self.assertIn("n: int | str", await self.hover(marked.places["1"]))
        self.assertIn("n: int | str", await self.hover(marked.places["2"]))
        self.assertIn("i: int", await self.hover(marked.places["3"]))
        self.assertIn("k: str", await self.hover(marked.places["4"]))

    async def test_modules_and_their_members(self):
        marked = self.open("import math‹1›\nprint(math.sqrt‹2›(2.0), math.pi‹3›)\n")
        self.assertIn("module math", await self.hover(marked.places["1"]))
        self.assertIn("sqrt", await self.hover(marked.places["2"]))
        self.assertIn("pi: float", await self.hover(marked.places["3"]))

    async def test_it_knows_what_is_right_in_a_text_that_is_wrong(self):
        marked = self.open("total‹1› = 1.5\nprint(total +)\nname‹2› = 'a'\nprint(undefined)\n")
        self.assertIn("total: float", await self.hover(marked.places["1"]))
        self.assertIn("name: str", await self.hover(marked.places["2"]))

    async def test_functions_that_nothing_calls(self):
        marked = self.open("def unused(a):\n    count‹1› = 1\n    return count\n\n\nclass C:\n    def m(self):\n        t‹2› = 'a'\n        return t\n")
        self.assertIn("count: int", await self.hover(marked.places["1"]))
        self.assertIn("t: str", await self.hover(marked.places["2"]))

    async def test_nothing_is_known_of_a_number(self):
        marked = self.open("x = 1‹1›2\n")
        self.assertIsNone(await self.hover(marked.places["1"]))


class Completion(LanguageServerCase):
    async def test_members_by_the_type_in_a_text_that_cannot_be_parsed(self):
        marked = self.open("words = ['a']\nwords.‹1›\nfor w in words:\n    if w.‹2›:\n        print(w.st‹3›\nprint('rest')\n")
        self.assertIn("append", await self.labels(marked.places["1"]))
        self.assertIn("upper", await self.labels(marked.places["2"]))
        self.assertEqual(set(await self.labels(marked.places["3"])), {"startswith", "strip"})

    async def test_fields_and_methods_of_classes(self):
        marked = self.open(SHAPES + "\np = Point(1.0, 2.0)\nprint(p.‹1›)\n\n\ndef later(q: Point):\n    q.‹2›\n")
        for mark in "12":
            found = await self.labels(marked.places[mark])
            self.assertEqual(set(found), {"x", "y", "moved"})
            self.assertEqual(found["x"].kind, types.CompletionItemKind.Field)
            self.assertEqual(found["moved"].kind, types.CompletionItemKind.Method)
            self.assertIn("moved(dx", found["moved"].detail)
            self.assertEqual(found["moved"].documentation.value, "Another point.")

    async def test_members_of_self_in_a_method_that_nothing_calls(self):
        marked = self.open("class C:\n    def __init__(self):\n        self.count = 0\n\n    def more(self):\n        self.‹1›\n")
        self.assertEqual(set(await self.labels(marked.places["1"])), {"count", "more"})

    async def test_names_in_scope(self):
        marked = self.open("total = 1\n\n\ndef outer(first):\n    local = 2\n\n    def inner(second):\n        deep = 3\n        ‹1›\n    ‹2›\n\n\n‹3›\n")
        here = {}
        for mark in "123":
            here[mark] = set(await self.labels(marked.places[mark])) & {"total", "outer", "first", "local", "inner", "second", "deep"}
        self.assertEqual(here["1"], {"total", "outer", "first", "local", "inner", "second", "deep"})
        self.assertEqual(here["2"], {"total", "outer", "first", "local", "inner"})
        self.assertEqual(here["3"], {"total", "outer"})
        everything = await self.labels(marked.places["3"])
        self.assertEqual(everything["print"].kind, types.CompletionItemKind.Function)
        self.assertEqual(everything["while"].kind, types.CompletionItemKind.Keyword)

    async def test_only_what_begins_so_and_with_its_type(self):
        marked = self.open("value = 1.5\nvalley = 'a'\nprint(val‹1›)\n")
        await self.errors()
        found = await self.labels(marked.places["1"])
        self.assertEqual({name: item.detail for name, item in found.items()}, {"value": "value: float", "valley": "valley: str"})

    async def test_imports(self):
        self.write("shapes.kay", SHAPES)
        self.write("tools/__init__.kay", "")
        marked = self.open("import sh‹1›\nimport mat‹2›\nfrom shapes import ‹3›\nfrom math import sq‹4›\nimport os.pa‹5›\n")
        self.assertEqual(set(await self.labels(marked.places["1"])), {"shapes", "shutil"})
        self.assertEqual(set(await self.labels(marked.places["2"])), {"math"})
        self.assertEqual(set(await self.labels(marked.places["3"])), {"Point", "area"})
        self.assertEqual(set(await self.labels(marked.places["4"])), {"sqrt"})
        self.assertEqual(set(await self.labels(marked.places["5"])), {"path"})

    async def test_utf_16_in_front_of_the_cursor(self):
        marked = self.open("s = 'a'\nprint('😀', s.isal‹1›)\n")
        self.assertEqual(set(await self.labels(marked.places["1"])), {"isalnum", "isalpha"})


class Navigation(LanguageServerCase):
    async def assert_goes(self, marked, mark, line, character, uri=None):
        place = await self.definition(marked.places[mark])
        self.assertEqual((place.uri, place.range.start), (uri or self.uri("main.kay"), types.Position(line, character)))

    async def test_definitions_in_the_file(self):
        marked = self.open(SHAPES + "\np = Point(1.0, 2.0)\nq = p‹1›.moved‹2›(1.0, 1.0)\nprint(area‹3›(q.x‹4›, 2.0))\n")
        await self.assert_goes(marked, "1", 16, 0)
        await self.assert_goes(marked, "2", 7, 8)
        await self.assert_goes(marked, "3", 12, 4)
        await self.assert_goes(marked, "4", 4, 13)

    async def test_definitions_in_a_module_of_the_user(self):
        module = self.write("shapes.kay", SHAPES)
        marked = self.open("import shapes‹1›\nfrom shapes import area‹2›\n\nprint(area‹3›(1, 2))\nprint(shapes.Point‹4›(1.0, 2.0).moved‹5›(1.0, 1.0))\n")
        await self.assert_goes(marked, "1", 0, 0, module)
        await self.assert_goes(marked, "2", 12, 4, module)
        await self.assert_goes(marked, "3", 12, 4, module)
        await self.assert_goes(marked, "4", 0, 6, module)
        await self.assert_goes(marked, "5", 7, 8, module)

    async def test_a_built_in_has_no_place(self):
        marked = self.open("print‹1›(1)\n")
        self.assertIsNone(await self.definition(marked.places["1"]))

    async def test_symbols_are_nested(self):
        self.open(SHAPES + "\nLIMIT = 3\n\n\ndef outer():\n    hidden = 1\n\n    def inner():\n        return hidden\n    return inner()\n")
        found = await self.wait(self.client.text_document_document_symbol_async(
            types.DocumentSymbolParams(types.TextDocumentIdentifier(self.uri("main.kay")))))
        outline = {s.name: (s.kind, [c.name for c in s.children]) for s in found}
        kind = types.SymbolKind
        self.assertEqual(outline, {"Point": (kind.Class, ["__init__", "moved"]), "area": (kind.Function, []),
                                   "LIMIT": (kind.Variable, []), "outer": (kind.Function, ["inner"])})
        point = found[0]
        self.assertEqual((point.range.start, point.selection_range.start), (types.Position(0, 0), types.Position(0, 6)))

    async def test_references(self):
        marked = self.open("x = 1\n\n\ndef f(x):\n    return x\n\n\nprint(x‹1›, f(2))\n")
        found = await self.wait(self.client.text_document_references_async(types.ReferenceParams(
            **self.at(marked.places["1"]), context=types.ReferenceContext(include_declaration=True))))
        self.assertEqual([(r.range.start.line, r.range.start.character) for r in found], [(0, 0), (7, 6)])


class Rename(LanguageServerCase):
    async def test_only_the_name_of_that_scope(self):
        text = "x = 1\n\n\ndef f(x‹1›):\n    y = [x for x in range(x)]\n    return f'{x:>{x}}', y, lambda: x\n\n\nprint(x, f(2))\n"
        wanted = "x = 1\n\n\ndef f(n):\n    y = [x for x in range(n)]\n    return f'{n:>{n}}', y, lambda: n\n\n\nprint(x, f(2))\n"
        self.assertEqual(await self.renamed(text, "1", "n"), wanted)

    async def test_globals_closures_and_text_annotations(self):
        text = ("class Node‹1›:\n    def __init__(self, next: 'Node | None'):\n        self.next = next\n\n\ncount‹2› = 0\n\n\ndef more():\n"
                "    global count\n    count += 1\n    return Node(None)\n")
        renamed = await self.renamed(text, "1", "Link")
        self.assertEqual(renamed, text.replace("‹1›", "").replace("‹2›", "").replace("Node", "Link"))
        renamed = await self.renamed(text, "2", "total")
        self.assertEqual(renamed, text.replace("‹1›", "").replace("‹2›", "").replace("count", "total"))

    async def test_calls_that_name_the_parameter(self):
        text = ("def area(width‹1›, height=1):\n    return width * height\n\n\ndef other(width):\n    return width\n\n\n"
                "print(area(width=2), area(3), other(width=4), '😀', area(height=2, width=5))\n")
        wanted = ("def area(w, height=1):\n    return w * height\n\n\ndef other(width):\n    return width\n\n\n"
                  "print(area(w=2), area(3), other(width=4), '😀', area(height=2, w=5))\n")
        self.assertEqual(await self.renamed(text, "1", "w"), wanted)

    async def test_parameters_of_methods_and_constructors(self):
        text = ("class P:\n    def __init__(self, x‹1›):\n        self.x = x\n\n    def by(self, n‹2›):\n        return self.x * n\n\n\n"
                "print(P(x=2).by(n=3))\n")
        clean = text.replace("‹1›", "").replace("‹2›", "")
        self.assertEqual(await self.renamed(text, "1", "start"),
                         clean.replace("self, x)", "self, start)").replace("self.x = x", "self.x = start").replace("P(x=", "P(start="))
        self.assertEqual(await self.renamed(text, "2", "factor"),
                         clean.replace("self, n)", "self, factor)").replace("* n", "* factor").replace("n=3", "factor=3"))

    async def assert_refused(self, text, mark, new_name, why):
        marked = self.open(text)
        with self.assertRaises(JsonRpcException) as refused:
            await self.rename(marked.places[mark], new_name)
        self.assertIn(why, str(refused.exception))

    async def test_what_cannot_be_renamed(self):
        await self.assert_refused("print‹1›(1)\n", "1", "show", "not defined in this file")
        await self.assert_refused("import math‹1›\n", "1", "m", "imported under its own name")
        await self.assert_refused("class C:\n    def m‹1›(self):\n        pass\n", "1", "n", "attribute")
        await self.assert_refused("xs = [1]\nxs.append‹1›(2)\n", "1", "push", "attribute")
        await self.assert_refused("# a comment‹1›\n", "1", "x", "no name here")
        await self.assert_refused("x‹1› = 1\n", "1", "while", "cannot be a name")
        await self.assert_refused("x‹1› = 1\n", "1", "a b", "cannot be a name")
        await self.assert_refused("x‹1› = 1\ny = 2\n", "1", "y", "already")
        await self.assert_refused("x‹1› = 1\nprint(x, len('a'))\n", "1", "len", "another meaning")
        await self.assert_refused("x‹1› = 1\n\n\ndef f():\n    y = 2\n    return x + y\n", "1", "y", "already")

    async def test_prepare(self):
        marked = self.open("import math as m‹1›\nprint(m.pi, len‹2›('a'))\n")
        ask = self.client.text_document_prepare_rename_async
        found = await self.wait(ask(types.PrepareRenameParams(**self.at(marked.places["1"]))))
        self.assertEqual((found.placeholder, found.range.start), ("m", types.Position(0, 15)))
        with self.assertRaises(JsonRpcException):
            await self.wait(ask(types.PrepareRenameParams(**self.at(marked.places["2"]))))


ENDLESS = "def nest(n, value):\n    if n == 0:\n        return value\n    return nest(n - 1, [value])\n\n\nprint(nest(3, 1))\n"


class Rules(LanguageServerCase):
    async def test_broken_texts_of_every_kind_leave_it_alive(self):
        whole = SHAPES + "\np = Point(1.0, 2.0)\nprint(p.moved(1.0, dy=2.0).x, f'{area(2, 3)!r:>{4}}', [i for i in range(3)])\n"
        self.open("")
        for length in range(0, len(whole), 7):
            self.change(whole[:length])
            self.client.text_document_hover_async(types.HoverParams(**self.at(types.Position(1, 4))))
        self.change("\0\0(((((" + "[" * 3000)
        await self.items(types.Position(0, 5))
        self.change(ENDLESS)  # its analysis takes seconds, and is given up for the next text's
        self.change(whole)
        self.assertEqual(await self.errors(), [])
        self.assertEqual(self.logged, [])

    async def test_a_request_can_be_cancelled(self):
        self.open("x = 1\nx.\n" + "\n".join(f"def f{i}(a):\n    return a + {i}\n" for i in range(400)))
        future = self.client.protocol.send_request("textDocument/completion", types.CompletionParams(**self.at(types.Position(1, 2))))
        identifier = next(iter(self.client.protocol._request_futures))
        self.client.protocol.notify("$/cancelRequest", types.CancelParams(identifier))
        try:
            await self.wait(asyncio.wrap_future(future))
        except JsonRpcException as error:
            self.assertEqual(error.code, -32800)
        self.assertIn("bit_length", await self.labels(types.Position(1, 2)))


class Wire(unittest.TestCase):
    """What no good client sends."""

    def converse(self, *messages, raw=b""):
        data = raw
        for message in messages:
            body = message if isinstance(message, bytes) else json.dumps(message).encode()
            data += b"Content-Length: %d\r\n\r\n" % len(body) + body
        done = subprocess.run(["kayton", "lsp"], input=data, capture_output=True, timeout=60)
        answers = []
        rest = done.stdout
        while rest:
            header, _, rest = rest.partition(b"\r\n\r\n")
            length = int(header.split(b":")[1])
            answers.append(json.loads(rest[:length]))
            rest = rest[length:]
        return done.returncode, answers

    def request(self, identifier, method, **params):
        return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}

    def test_nothing_before_initialize(self):
        status, [answer] = self.converse(self.request(1, "textDocument/hover"))
        self.assertEqual((status, answer["error"]["code"]), (1, -32002))

    def test_exit_without_shutdown_is_an_error(self):
        status, _ = self.converse(self.request(1, "initialize"), {"jsonrpc": "2.0", "method": "exit"})
        self.assertEqual(status, 1)
        status, _ = self.converse(self.request(1, "initialize"), self.request("b", "shutdown"), {"jsonrpc": "2.0", "method": "exit"})
        self.assertEqual(status, 0)

    def test_requests_that_cannot_be_answered(self):
        notice = {"jsonrpc": "2.0", "method": "$/noSuchNotice", "params": {}}
        nobody = {"uri": "file:///never_opened.kay"}
        status, answers = self.converse(
            self.request(1, "initialize"), notice, self.request(2, "kayton/noSuchMethod"),
            self.request(3, "textDocument/hover", textDocument=nobody, position={"line": 0, "character": 0}),
            self.request(4, "textDocument/hover", textDocument=5), {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": 5},
            self.request(5, "shutdown"), self.request(6, "textDocument/hover", textDocument=nobody),
            {"jsonrpc": "2.0", "method": "exit"})
        codes = {a["id"]: a.get("error", {}).get("code") for a in answers if "id" in a}
        self.assertEqual((status, codes), (0, {1: None, 2: -32601, 3: -32602, 4: -32602, 5: None, 6: -32600}))

    def test_texts_that_are_no_messages(self):
        status, answers = self.converse(b"{", b"[]", b"5", {"jsonrpc": "2.0", "id": 7}, self.request(8, "initialize"),
                                        self.request(9, "initialize"))
        self.assertEqual([a.get("error", {}).get("code") for a in answers], [-32700, -32600, -32600, -32600, None, -32600])
        self.assertEqual(answers[3]["id"], 7)

    def test_headers_that_cannot_be_read_end_it(self):
        for raw in (b"Content-Length: many\r\n\r\n{}", b"Content-Type: x\r\n\r\n{}", b"Content-Length: 99999999999\r\n\r\n", b"x" * 10000):
            status, answers = self.converse(raw=raw)
            self.assertEqual((status, answers[0]["error"]["code"]), (1, -32700), raw[:40])
        status, answers = self.converse(raw=b"content-length:2\r\nContent-Type: x\r\n\r\n{}")
        self.assertEqual((status, answers[0]["error"]["code"]), (1, -32600))

    def test_a_text_with_another_kind_of_values(self):
        item = {"uri": "file:///x.kay", "languageId": "kayton", "version": 1, "text": "print(1)\n"}
        status, answers = self.converse(
            self.request(1, "initialize"), {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}},
            {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": item["uri"], "version": 2},
                                                                             "contentChanges": [{"text": 5}]}},
            self.request(2, "textDocument/documentSymbol", textDocument={"uri": item["uri"]}))
        self.assertEqual([a for a in answers if a.get("id") == 2][0]["result"], [])


@unittest.skipUnless(os.environ.get("CRATES_HOME"), "no environment with crates was made")
class CrateTexts(LanguageServerCase):
    """What a crate says of its items comes from the manifest of the environment."""

    async def asyncSetUp(self):
        os.environ["KAYTON_HOME"] = os.environ["CRATES_HOME"]
        os.environ["KAYTON_ACTIVE_ENV"] = "e2e"
        await super().asyncSetUp()

    async def test_hover_and_completion(self):
        marked = self.open("from regex rimport Regex‹1›\nr = Regex('a')\nprint(r.is_match‹2›('b'))\nr.fin‹3›\nrimport re‹4›\n")
        self.assertIn("regular expression", await self.hover(marked.places["1"]))
        self.assertIn("is_match", await self.hover(marked.places["2"]))
        found = await self.labels(marked.places["3"])
        self.assertIn("find", found)
        self.assertTrue(found["find"].documentation.value)
        self.assertIn("regex", await self.labels(marked.places["4"]))


if __name__ == "__main__":
    unittest.main()
