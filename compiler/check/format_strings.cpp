// str.format() of a text that is known when the program is compiled: it becomes the f-string it means, so that the parts
// of a value that a field names (`{point.x}`, `{row[0]}`) are read as they would be anywhere. Field names and numbering
// are those of https://docs.python.org/3.11/library/string.html#format-string-syntax.
#include <charconv>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using TK = typed::ExprKind;

namespace {

// Reads a format text; what it cannot make sense of is the run's to complain about.
class FormatText {
  public:
    FormatText(AstArena& arena, const CallExpr& call, Span span) : arena_(arena), call_(call), tree_(arena, span), span_(span) {}

    // Null: not a text whose meaning is known here.
    FStringExpr* read(std::string_view text) { return parts(text, 0); }

    // The names that the arguments are read by.
    static std::string argument_name(size_t position) { return "%f" + std::to_string(position); }
    static std::string argument_name(std::string_view keyword) { return "%f" + std::string(keyword); }

  private:
    static constexpr int kDeepest = 2;  // a spec may hold fields, and those no more

    FStringExpr* parts(std::string_view text, int depth) {
        std::vector<FStringPart> all;
        std::string literal;
        auto end_literal = [&] {
            if (literal.empty()) return;
            FStringPart part{};
            part.text = arena_.copy(std::string_view(literal));
            part.span = span_;
            all.push_back(part);
            literal.clear();
        };
        for (size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c != '{' && c != '}') {
                literal += c;
                continue;
            }
            if (depth == 0 && i + 1 < text.size() && text[i + 1] == c) {
                literal += c;
                ++i;
                continue;
            }
            if (c == '}') return nullptr;
            int open = 1;
            size_t end = i + 1;
            for (; end < text.size() && open > 0; ++end) open += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
            if (open > 0) return nullptr;
            end_literal();
            if (!field(text.substr(i + 1, end - i - 2), depth, all)) return nullptr;
            i = end - 1;
        }
        end_literal();
        return tree_.fstring(all);
    }

    // field_name ["!" conversion] [":" format_spec]
    bool field(std::string_view text, int depth, std::vector<FStringPart>& out) {
        FStringPart part{};
        part.span = span_;
        const size_t end = std::min(text.find_first_of("!:"), text.size());
        if (text.substr(0, end).find_first_of("{}") != std::string_view::npos) return false;
        part.value = value(text.substr(0, end));
        if (part.value == nullptr) return false;
        text.remove_prefix(end);
        if (text.starts_with('!')) {
            if (text.size() < 2 || std::string_view("rsa").find(text[1]) == std::string_view::npos) return false;
            part.conversion = text[1];
            text.remove_prefix(2);
        }
        if (text.starts_with(':')) {
            if (depth + 1 >= kDeepest && text.find('{') != std::string_view::npos) return false;
            part.spec = parts(text.substr(1), depth + 1);
            if (part.spec == nullptr) return false;
        } else if (!text.empty()) {
            return false;
        }
        out.push_back(part);
        return true;
    }

    // [identifier | digits] ("." name | "[" index "]")*
    Expr* value(std::string_view text) {
        size_t at = std::min(text.find_first_of(".["), text.size());
        Expr* e = argument(text.substr(0, at));
        while (e != nullptr && at < text.size()) {
            if (text[at] == '.') {
                const size_t end = std::min(text.find_first_of(".[", at + 1), text.size());
                const std::string_view name = text.substr(at + 1, end - at - 1);
                if (name.empty()) return nullptr;
                e = tree_.attribute(e, arena_.copy(name));
                at = end;
                continue;
            }
            const size_t end = text.find(']', at);
            if (text[at] != '[' || end == std::string_view::npos || end == at + 1) return nullptr;
            const std::string_view index = text.substr(at + 1, end - at - 1);
            const std::optional<size_t> number = as_number(index);
            e = tree_.subscript(e, number ? tree_.integer(static_cast<int64_t>(*number)) : tree_.string(arena_.copy(index)));
            at = end + 1;
        }
        return e;
    }

    Expr* argument(std::string_view name) {
        const std::optional<size_t> number = as_number(name);
        if (name.empty() || number) {
            if (name.empty() ? manual_ : next_ > 0) return nullptr;  // one numbering or the other
            manual_ = manual_ || number;
            const size_t position = number ? *number : next_++;
            if (position >= call_.args.size()) return nullptr;
            return tree_.name(arena_.copy(std::string_view(argument_name(position))));
        }
        for (const KeywordArg& k : call_.keywords)
            if (k.name == name) return tree_.name(arena_.copy(std::string_view(argument_name(name))));
        return nullptr;
    }

    static std::optional<size_t> as_number(std::string_view text) {
        size_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
        return number;
    }

    AstArena& arena_;
    const CallExpr& call_;
    TreeBuilder tree_;
    Span span_;
    size_t next_ = 0;
    bool manual_ = false;
};

}  // namespace

TExpr* Checker::format_known(std::string_view text, const CallExpr& e) {
    auto spreads = [](const Expr* arg) { return arg->kind == ExprKind::kStarred; };
    if (std::any_of(e.args.begin(), e.args.end(), spreads)) return nullptr;
    if (std::any_of(e.keywords.begin(), e.keywords.end(), [](const KeywordArg& k) { return k.name.empty(); })) return nullptr;
    const CallExpr*& known = applied_[{&e, SIZE_MAX}];
    TreeBuilder tree(synthetic_, e.span);
    if (known == nullptr) {
        FStringExpr* meant = FormatText(synthetic_, e, e.span).read(text);
        if (meant == nullptr) return nullptr;
        known = tree.call(*e.callee, {meant});
    }
    BlockScope scope(*this);
    OverlayScope names(*this);
    for (size_t i = 0; i < e.args.size(); ++i) names.bind(keep_path(FormatText::argument_name(i)), hold(expression(*e.args[i])));
    for (const KeywordArg& k : e.keywords) names.bind(keep_path(FormatText::argument_name(k.name)), hold(expression(*k.value)));
    return scope.finish(expression(*known->args[0]));
}

}  // namespace kayton::check
