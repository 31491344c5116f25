// Breaks small programs at random, in bytes and in tokens, and gives them to the lexer and parser: no crash, no endless
// loop, every span inside the text, every expression within its height, and renderers that take whatever comes out.
//   parser_mutation [SEED [SECONDS [ROUNDS]]]
// The same seed makes the same programs. A failure prints the seed, the round and the program; exit 1.
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast_printer.h"
#include "compiler/syntax/parser.h"

namespace {

using namespace kayton;

constexpr double kSlowestParse =
    2.0;  // seconds for one program of a few kilobytes, sanitizers and a busy machine included

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

constexpr const char* kPieces[] = {"(",
                                   ")",
                                   "[",
                                   "]",
                                   "{",
                                   "}",
                                   ",",
                                   ":",
                                   ";",
                                   ".",
                                   "..",
                                   "..=",
                                   "...",
                                   "=",
                                   "==",
                                   ":=",
                                   "+=",
                                   "**",
                                   "//",
                                   "->",
                                   "@",
                                   "!",
                                   "$",
                                   "\\",
                                   "\\\n",
                                   "\n",
                                   "\n  ",
                                   "\t",
                                   "    ",
                                   "#",
                                   "'",
                                   "\"",
                                   "\"\"\"",
                                   "'''",
                                   "f\"",
                                   "f'{",
                                   "f\"\"\"",
                                   "}}",
                                   "{{",
                                   "rb'",
                                   "0x",
                                   "1e",
                                   "1_",
                                   "9223372036854775808",
                                   "1..",
                                   "if ",
                                   "else ",
                                   "elif ",
                                   "for ",
                                   "in ",
                                   "while ",
                                   "def ",
                                   "fn ",
                                   "let ",
                                   "rimport ",
                                   "class ",
                                   "return ",
                                   "yield ",
                                   "lambda ",
                                   "import ",
                                   "from ",
                                   "as ",
                                   "with ",
                                   "try:",
                                   "except ",
                                   "finally:",
                                   "match x:\n case ",
                                   "case ",
                                   "_",
                                   "type X",
                                   "async ",
                                   "await ",
                                   "not ",
                                   "is ",
                                   "None",
                                   "global ",
                                   "nonlocal ",
                                   "del ",
                                   "assert ",
                                   "break",
                                   "continue",
                                   "pass",
                                   "\xC3",
                                   "\xE2\x80\x9C",
                                   "\xC3\xA9",
                                   "\r",
                                   "\r\n",
                                   "\f",
                                   "*",
                                   "**kw",
                                   "x",
                                   "\\N{",
                                   "\\ud800",
                                   "\\x"};

class Mutator {
  public:
    explicit Mutator(uint64_t seed) : random_(seed) {}

    std::string next() {
        std::string text = kSeeds[below(std::size(kSeeds))];
        if (below(3) == 0) text += kSeeds[below(std::size(kSeeds))];
        const size_t rounds = 1 + below(below(10) == 0 ? 60 : 6);
        for (size_t i = 0; i < rounds; ++i) mutate(text);
        return text;
    }

  private:
    size_t below(size_t limit) { return limit == 0 ? 0 : static_cast<size_t>(random_() % limit); }

    // The token or run of blanks at `at`.
    static size_t token_length(const std::string& text, size_t at) {
        auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
        size_t end = at + 1;
        if (is_word(text[at])) {
            while (end < text.size() && is_word(text[end])) ++end;
        } else if (text[at] == ' ') {
            while (end < text.size() && text[end] == ' ') ++end;
        }
        return end - at;
    }

    void mutate(std::string& text) {
        if (text.empty()) text = "x";
        const size_t at = below(text.size());
        const size_t length = token_length(text, at);
        switch (below(9)) {
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
            case 7: {  // one piece many times: nesting
                const std::string piece = kPieces[below(std::size(kPieces))];
                std::string many;
                for (size_t i = below(400); i > 0; --i) many += piece;
                text.insert(at, many);
                break;
            }
            default: text.resize(at); break;
        }
    }

    std::mt19937_64 random_;
};

struct Failure {
    std::string what;
};

void check_program(const std::string& text) {
    const auto size = static_cast<uint32_t>(text.size());
    SourceFile file("fuzz.kay", text);
    syntax::AstArena arena;
    DiagnosticEngine diagnostics;
    syntax::Module module = syntax::parse_module(file, arena, diagnostics);
    const std::string printed = syntax::print_module(module);
    if (printed.find("<error>") != std::string::npos && !diagnostics.has_errors()) {
        throw Failure{"an error node without a message"};
    }
    for (const Diagnostic& diagnostic : diagnostics.all()) {
        if (diagnostic.primary.span.begin > size || diagnostic.primary.span.end > size ||
            diagnostic.primary.span.begin > diagnostic.primary.span.end) {
            throw Failure{"a span outside of the text: " + diagnostic.message};
        }
        if (diagnostic.message.empty()) throw Failure{"an empty message"};
        for (const Label& label : diagnostic.secondary) {
            if (label.span.end > size) throw Failure{"a label outside of the text: " + label.text};
        }
    }
    const std::string shown = render_text(diagnostics.all(), false);
    if (diagnostics.has_errors() == shown.empty()) throw Failure{"errors and their text disagree"};
    (void)render_json(diagnostics.all());
    const syntax::Completeness complete = syntax::completeness(text);
    if (!diagnostics.has_errors() && complete == syntax::Completeness::kInvalid) {
        throw Failure{"a program without errors is called invalid"};
    }
}

std::string current_program;
unsigned long long current_seed = 0;
unsigned long long current_round = 0;

void print_failure(const char* what) {
    std::fprintf(stderr, "seed %llu, round %llu: %s\n--- program of %zu bytes\n%s\n---\n", current_seed, current_round,
                 what, current_program.size(), current_program.c_str());
}

// A crash ends the process anyway: the program that caused it is worth the risk of printing here.
extern "C" void on_fatal_signal(int signal) {
    print_failure(signal == SIGALRM ? "took too long" : "crashed");
    _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    current_seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    const double seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 5.0;
    const unsigned long long rounds = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : ~0ULL;
    for (int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(signal, on_fatal_signal);

    Mutator mutator(current_seed);
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    size_t with_errors = 0;
    auto elapsed = [&start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    for (; current_round < rounds && elapsed() < seconds; ++current_round) {
        current_program = mutator.next();
        alarm(30);  // an endless loop
        const Clock::time_point begun = Clock::now();
        try {
            check_program(current_program);
        } catch (const Failure& failure) {
            print_failure(failure.what.c_str());
            return 1;
        }
        if (std::chrono::duration<double>(Clock::now() - begun).count() > kSlowestParse) {
            print_failure("took too long");
            return 1;
        }
        if (current_round % 64 == 0) {
            SourceFile file("fuzz.kay", current_program);
            syntax::AstArena arena;
            DiagnosticEngine diagnostics;
            (void)syntax::parse_module(file, arena, diagnostics);
            with_errors += diagnostics.has_errors() ? 1 : 0;
        }
    }
    alarm(0);
    const unsigned long long sampled = current_round / 64 + 1;
    std::printf("%llu programs, about %llu %% with errors\n", current_round,
                static_cast<unsigned long long>(with_errors) * 100 / sampled);
    // Mutations that break nothing, or a driver that makes no programs, would test nothing.
    return current_round > 100 && with_errors > 0 ? 0 : 1;
}
