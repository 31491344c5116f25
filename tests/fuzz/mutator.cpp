#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "compiler/check/scope.h"
#include "compiler/syntax/parser.h"

namespace kayton::fuzz {

namespace {

// What the golden programs have little of: broken, unusual and rarest forms.
constexpr const char* kSeeds[] = {
    "rimport regex\nfrom a.b rimport C, D as E\nlet n: int = 12\nfn area(r: float) -> float:\n    3.14 * r * r\n"
    "for i in 0..=10:\n    print(i, xs[1..], T.from(x))\n",
    "import os.path as p, sys\nfrom ..b.c import (d as e, f,)\n@dec(1)\ndef f(a, b: int = 1, /, c=2, *args, d, **kw) "
    "-> "
    "int:\n    global g\n    x = yield a, *b\n    return not a in b is not c\n",
    "class C[T](A, metaclass=M, *b, **c):\n    \"\"\"doc\"\"\"\n    x: int = 3\n    def m(self): return super().m()\n",
    "match command.split():\n    case [a, *_, 2] if x > 1:\n        pass\n    case {\"k\": v, **rest} | Point(1, y=0) "
    "as p:\n"
    "        pass\n    case -1 | 1.5 | None | a.b.c:\n        pass\n    case _: pass\n",
    "with (open(a) as f, open(b) as g,):\n    pass\ntry:\n    pass\nexcept (A, B) as e:\n    raise X from e\nelse:\n   "
    " "
    "pass\nfinally:\n    del a, (b, c), d[0]\n",
    "while x := f():\n    if x: continue\n    elif y: break\n    else: assert x, \"msg\"\nelse:\n    a, *b = c = [i "
    "for i in "
    "range(10) if i]\n",
    "print(f\"{x!r:>{w}} {y=} {{z}} {a['b']:%Y-%m}\" 'tail' r'\\d' \"\\x41\\u00e9\\N{BULLET}\")\nb = b'\\x00' + "
    "f'''{\nx\n"
    "}'''\n",
    "x = -a ** -b + ~c @ d // e % f << 1 >> 2 & 3 | 4 ^ 5\nx[1:2, ::3, ...] = {**a, 'b': 1_000, **c}, {1, *a}, 0xff, "
    "1e-3\n"
    "y = lambda a, *b, c=1, **d: (a if b else c)\n",
    "async def h():\n\tasync for i in x: await i\n\treturn [i async for i in x]\ntype P[T] = tuple[T, T]\nmatch = type "
    "= 1; "
    "print(match)\n",
    "caf\xC3\xA9 = '\xE6\x97\xA5\xE6\x9C\xAC' # \xF0\x9F\x90\x8D\nif caf\xC3\xA9 == (1,\n    2):\n        x\n    y\n",
};

// What tokens are replaced by.
constexpr const char* kPieces[] = {
    "(", ")", "[", "]", "{", "}", ",", ":", ";", ".", "..", "..=", "...", "=", "==", ":=", "+=", "**", "//", "->",
    "@", "!", "$", "\\", "\\\n", "\n", "\n  ", "\t", "    ", "#", "'", "\"", "\"\"\"", "'''", "f\"", "f'{",
    "f\"\"\"", "}}", "{{", "rb'", "0x", "1e", "1_", "9223372036854775808", "1..", "if ", "else ", "elif ", "for ",
    "in ", "while ", "def ", "fn ", "let ", "rimport ", "class ", "return ", "yield ", "lambda ", "import ", "from ",
    "as ", "with ", "try:", "except ", "finally:", "match x:\n case ", "case ", "_", "type X", "async ", "await ",
    "not ", "is ", "None", "global ", "nonlocal ", "del ", "assert ", "break", "continue", "pass", "\xC3",
    "\xE2\x80\x9C", "\xC3\xA9", "\r", "\r\n", "\f", "*", "**kw", "x", "\\N{", "\\ud800", "\\x",
};

// Names and literals of every type, and annotations: what a subtree is replaced by to change a type.
constexpr const char* kValues[] = {
    "0", "-1", "1", "2.5", "True", "None", "''", "'a'", "b''", "[]", "{}", "()", "set()", "[1]", "['a']", "{1: 'a'}", "{'a'}",
    "(1, 'a')", "[[]]", "[None]", "{**{}}", "lambda: 0", "lambda x: x", "range(3)", "[x for x in range(3)]", "(x for x in '')",
    "...", "print", "len", "int", "str", "list", "dict", "object()", "Exception('a')", "iter([])", "1 if 1 else 'a'", "[1, 'a']",
    "f'{1}'", "1j", "slice(1)", "super()", "type(1)", "(yield)", "(y := 1)", "*[1]", "_", "self", "9223372036854775807", "x.y",
    "sorted([1], key=lambda x: -x)", "map(str, [1])", "zip([1], 'a')", "enumerate('a')", "frozenset([1])", "isinstance(1, int)",
};
constexpr const char* kAnnotations[] = {
    "int", "float", "str", "bool", "bytes", "None", "list", "list[int]", "list[str]", "dict[str, int]", "set[int]", "tuple[int, ...]",
    "tuple[int, str]", "int | None", "int | str", "Optional[int]", "object", "Any", "Callable[[int], int]", "'X'", "list[list[int]]",
    "type", "Exception", "T", "Iterator[int]", "list[T]", "dict", "X | Y", "1", "list[1]", "int[int]", "Callable",
};

constexpr size_t kLongestSlice = 800;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The token or run of blanks at `at`.
size_t token_length(const std::string& text, size_t at) {
    size_t end = at + 1;
    if (is_word(text[at])) {
        while (end < text.size() && is_word(text[end])) ++end;
    } else if (text[at] == ' ') {
        while (end < text.size() && text[end] == ' ') ++end;
    }
    return end - at;
}

// The blanks before a statement that begins at `at`, when nothing else stands there.
size_t indent_at(std::string_view text, size_t at) {
    size_t begin = at;
    while (begin > 0 && text[begin - 1] == ' ') --begin;
    return begin == 0 || text[begin - 1] == '\n' ? at - begin : 0;
}

// `lines`, of a statement whose first line stood `from` deep, as it reads `to` deep.
std::string indented(std::string_view lines, size_t from, size_t to) {
    std::string out;
    for (size_t i = 0; i < lines.size(); ++i) {
        out += lines[i];
        if (lines[i] != '\n') continue;
        size_t blanks = 0;
        while (i + 1 < lines.size() && lines[i + 1] == ' ' && blanks < from) {
            ++blanks;
            ++i;
        }
        out.append(to, ' ');
    }
    return out;
}

// A round's own stream of numbers: neighbouring rounds must not resemble each other.
uint64_t mixed(uint64_t seed, uint64_t round) {
    uint64_t x = seed * 0x9E3779B97F4A7C15ULL + round;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

}  // namespace

Mutator::Mutator(const std::filesystem::path& folder, bool imports) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".kay") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        if (imports || text.str().find("import ") == std::string::npos) add_slices(text.str());
    }
    for (const char* text : kSeeds)
        if (imports || std::string_view(text).find("import ") == std::string_view::npos) add(text);
}

void Mutator::add_slices(const std::string& text) {
    const SourceFile file("seed.kay", text);
    syntax::AstArena arena;
    DiagnosticEngine diagnostics;
    const syntax::Module module = syntax::parse_module(file, arena, diagnostics);
    if (diagnostics.has_errors()) return add(text);
    std::vector<check::Scope> scopes;
    for (size_t i = 0; i < module.body.size(); ++i) scopes.push_back(check::analyse_scope({}, module.body.subspan(i, 1)));
    std::set<std::string> known;
    for (size_t i = 0; i < module.body.size(); ++i) {
        if (module.body[i]->kind == syntax::StmtKind::kFunction || module.body[i]->kind == syntax::StmtKind::kClass) continue;
        auto needed = scopes[i].used;
        std::vector<size_t> taken = {i};
        for (size_t k = i; k-- > 0;) {
            const auto& names = scopes[k].names;
            if (std::none_of(names.begin(), names.end(), [&](std::string_view name) { return needed.contains(name); })) continue;
            taken.push_back(k);
            needed.insert(scopes[k].used.begin(), scopes[k].used.end());
        }
        std::string slice;
        for (auto k = taken.rbegin(); k != taken.rend(); ++k) {
            const Span span = module.body[*k]->span;
            slice += text.substr(span.begin, span.end - span.begin) + "\n";
        }
        if (slice.size() <= kLongestSlice && known.insert(slice).second) add(slice);
    }
}

void Mutator::add(std::string text) {
    const SourceFile file("seed.kay", text);
    syntax::AstArena arena;
    DiagnosticEngine diagnostics;
    const syntax::Module module = syntax::parse_module(file, arena, diagnostics);
    Seed seed{std::move(text), diagnostics.has_errors() ? std::vector<Node>{} : nodes_of(module)};
    for (uint32_t i = 0; i < seed.nodes.size(); ++i) {
        places_[static_cast<size_t>(seed.nodes[i].node_class)].push_back({static_cast<uint32_t>(seeds_.size()), i});
    }
    seeds_.push_back(std::move(seed));
}

std::string_view Mutator::piece(size_t node_class) {
    const Place place = places_[node_class][below(places_[node_class].size())];
    const Span span = seeds_[place.seed].nodes[place.node].span;
    return std::string_view(seeds_[place.seed].text).substr(span.begin, span.end - span.begin);
}

std::string Mutator::program(uint64_t seed, uint64_t round) {
    random_.seed(mixed(seed, round));
    const Seed& chosen = seeds_[below(seeds_.size())];
    const size_t kind = below(10);
    std::string text = kind < 6 && !chosen.nodes.empty() ? mutate_trees(chosen, 1 + below(below(8) == 0 ? 20 : 4)) : chosen.text;
    if (below(16) == 0) text += seeds_[below(seeds_.size())].text;
    if (kind < 5) return text;
    for (size_t i = 1 + below(below(10) == 0 ? 40 : 5); i > 0; --i) mutate_text(text);
    return text;
}

std::string Mutator::mutate_trees(const Seed& seed, size_t count) {
    // Places that do not overlap, from the back to the front, so that spans stay right.
    std::vector<Node> chosen;
    for (size_t i = 0; i < count; ++i) {
        const Node node = seed.nodes[below(seed.nodes.size())];
        const bool overlaps = std::any_of(chosen.begin(), chosen.end(), [&](const Node& other) {
            return node.span.begin < other.span.end && other.span.begin < node.span.end;
        });
        if (!overlaps) chosen.push_back(node);
    }
    std::sort(chosen.begin(), chosen.end(), [](const Node& a, const Node& b) { return a.span.begin > b.span.begin; });
    std::string text = seed.text;
    for (const Node& node : chosen) {
        const size_t begin = node.span.begin;
        const size_t length = node.span.end - node.span.begin;
        const std::string own = text.substr(begin, length);
        std::string replacement;
        if (node.node_class == NodeClass::kStatement) {
            const size_t depth = indent_at(text, begin);
            switch (below(5)) {
                case 0: replacement = "pass"; break;
                case 1: replacement = own + "\n" + std::string(depth, ' ') + own; break;
                default: {
                    const auto& statements = places_[static_cast<size_t>(NodeClass::kStatement)];
                    const bool same_program = below(2) == 0;
                    const Place place = statements[below(statements.size())];
                    const Seed& from = same_program ? seed : seeds_[place.seed];
                    Node other = seeds_[place.seed].nodes[place.node];
                    if (same_program) {
                        for (size_t tries = 0; tries < 20; ++tries) {
                            other = seed.nodes[below(seed.nodes.size())];
                            if (other.node_class == NodeClass::kStatement) break;
                        }
                    }
                    replacement = indented(std::string_view(from.text).substr(other.span.begin, other.span.end - other.span.begin),
                                           indent_at(from.text, other.span.begin), depth);
                    if (below(2) == 0) replacement = own + "\n" + std::string(depth, ' ') + replacement;
                    break;
                }
            }
        } else {
            const auto node_class = static_cast<size_t>(node.node_class);
            const bool annotation = node.node_class == NodeClass::kAnnotation;
            switch (below(6)) {
                case 0: replacement = piece(below(kClasses - 1)); break;
                case 1: replacement = "(" + own + ", " + std::string(piece(node_class)) + ")"; break;
                case 2: replacement = annotation ? kAnnotations[below(std::size(kAnnotations))] : kValues[below(std::size(kValues))]; break;
                case 3: replacement = piece(node_class); break;
                default: {  // another subtree of the same program
                    const Node other = seed.nodes[below(seed.nodes.size())];
                    if (other.node_class == NodeClass::kStatement) {
                        replacement = piece(node_class);
                    } else {
                        replacement = seed.text.substr(other.span.begin, other.span.end - other.span.begin);
                    }
                    break;
                }
            }
        }
        text.replace(begin, length, replacement);
    }
    return text;
}

void Mutator::mutate_text(std::string& text) {
    if (text.empty()) text = "x";
    const size_t at = below(text.size());
    const size_t length = token_length(text, at);
    switch (below(10)) {
        case 0: text.erase(at, length); break;
        case 1: text.erase(at, 1); break;
        case 2: text.insert(at, kPieces[below(std::size(kPieces))]); break;
        case 3: text.replace(at, length, kPieces[below(std::size(kPieces))]); break;
        case 4: text.insert(at, text.substr(at, length)); break;
        case 5: text[at] = static_cast<char>(below(256)); break;
        case 6: {  // another place's token
            const size_t other = below(text.size());
            text.insert(at, text.substr(other, token_length(text, other)));
            break;
        }
        case 7: {  // in its place
            const size_t other = below(text.size());
            text.replace(at, length, text.substr(other, token_length(text, other)));
            break;
        }
        case 8: {  // one piece many times: nesting
            if (below(8) != 0) break;
            const std::string piece = kPieces[below(std::size(kPieces))];
            std::string many;
            for (size_t i = below(400); i > 0; --i) many += piece;
            text.insert(at, many);
            break;
        }
        default:
            if (below(8) == 0) text.resize(at);
            break;
    }
}

}  // namespace kayton::fuzz
