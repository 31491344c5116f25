#include "worker/runtime/caret_anchors.h"

#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

// Binary operators from the loosest to the tightest; ** is right-associative.
int precedence_of(std::string_view op) {
    if (op == "|") return 1;
    if (op == "^") return 2;
    if (op == "&") return 3;
    if (op == "<<" || op == ">>") return 4;
    if (op == "+" || op == "-") return 5;
    if (op == "*" || op == "/" || op == "//" || op == "%" || op == "@") return 6;
    if (op == "**") return 8;
    return 0;
}

bool is_name_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

size_t skip_string(std::string_view text, size_t at) {
    const char quote = text[at];
    const bool triple = text.substr(at, 3) == std::string(3, quote);
    at += triple ? 3 : 1;
    while (at < text.size()) {
        if (text[at] == '\\')
            at += 2;
        else if (triple ? text.substr(at, 3) == std::string(3, quote) : text[at] == quote)
            return at + (triple ? 3 : 1);
        else
            ++at;
    }
    return text.size();
}

bool is_looser_word(std::string_view word) {
    static constexpr std::array<std::string_view, 9> kWords = {"if", "else", "or",     "and", "not",
                                                               "in", "is",   "lambda", "for"};
    for (const auto known : kWords)
        if (word == known) return true;
    return false;
}

}  // namespace

CaretAnchors find_caret_anchors(std::string_view text) {
    int best = 100;
    size_t best_at = 0;
    size_t best_size = 0;
    std::vector<size_t> open;
    size_t last_bracket = std::string_view::npos;  // of the subscript that ends the expression so far
    bool operand_before = false;
    for (size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == ' ' || c == '\t' || c == '\\') {
            ++i;
            continue;
        }
        if (c == '\'' || c == '"') {
            i = skip_string(text, i);
            operand_before = true;
            if (open.empty()) last_bracket = std::string_view::npos;
            continue;
        }
        if (c == '(' || c == '[' || c == '{') {
            if (open.empty()) last_bracket = c == '[' && operand_before ? i : std::string_view::npos;
            open.push_back(i++);
            operand_before = false;
            continue;
        }
        if (c == ')' || c == ']' || c == '}') {
            if (open.empty()) return {};
            open.pop_back();
            operand_before = true;
            ++i;
            continue;
        }
        if (is_name_char(c) || (c == '.' && operand_before)) {
            const size_t start = i++;
            while (i < text.size() && (is_name_char(text[i]) || text[i] == '.')) ++i;
            if (open.empty()) {
                if (is_looser_word(text.substr(start, i - start))) return {};
                last_bracket = std::string_view::npos;
            }
            operand_before = true;
            continue;
        }
        if (!open.empty()) {
            ++i;
            operand_before = false;
            continue;
        }
        size_t size = 1;
        const std::string_view two = text.substr(i, 2);
        if (two == "**" || two == "//" || two == "<<" || two == ">>") size = 2;
        const int precedence = precedence_of(text.substr(i, size));
        if (precedence == 0 || text.substr(i, size + 1).ends_with('=')) return {};  // a comparison, a comma
        const bool tighter = best < precedence || (best == precedence && precedence == 8);
        if (operand_before && !tighter) {
            best = precedence;
            best_at = i;
            best_size = size;
        }
        operand_before = false;
        last_bracket = std::string_view::npos;
        i += size;
    }
    if (!open.empty()) return {};
    const auto characters = [&](size_t bytes) { return count_code_points(text.data(), bytes); };
    if (best < 100) return {true, characters(best_at), characters(best_at + best_size)};
    // A sign before a subscript leaves a unary operation outermost.
    if (last_bracket != std::string_view::npos && text.front() != '-' && text.front() != '+' && text.front() != '~')
        return {true, characters(last_bracket), characters(text.size())};
    return {};
}

}  // namespace kayton
