// Facts about attribute paths: after `if self.head is not None`, self.head is known not to be None until something is
// assigned that may change it. What a call changes meanwhile is found by a test where the attribute is read.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;

std::string_view Checker::keep_path(std::string text) { return *paths_.insert(std::move(text)).first; }

// "self.head.next" for a chain of attributes of a name; empty for anything else.
std::string_view Checker::path_of(const Expr& e) {
    if (e.kind != ExprKind::kAttribute) return {};
    std::string text;
    const Expr* at = &e;
    while (at->kind == ExprKind::kAttribute) {
        text = "." + std::string(as<AttributeExpr>(*at).name) + text;
        at = as<AttributeExpr>(*at).object;
    }
    if (at->kind != ExprKind::kName) return {};
    return keep_path(std::string(as<NameExpr>(*at).name) + text);
}

// An attribute of this name was assigned: of which object is not known.
void Checker::forget_paths(std::string_view attribute) {
    const std::string part = "." + std::string(attribute);
    std::erase_if(state_->env.paths, [&](const auto& fact) {
        const size_t at = fact.first.find(part);
        return at != std::string_view::npos && (at + part.size() == fact.first.size() || fact.first[at + part.size()] == '.');
    });
}

// A name was assigned, or a method of it called.
void Checker::forget_paths_of(const Expr& object) {
    std::string_view prefix = object.kind == ExprKind::kName ? as<NameExpr>(object).name : path_of(object);
    if (!prefix.empty()) forget_paths_from(prefix);
}

void Checker::forget_paths_from(std::string_view prefix) {
    std::erase_if(state_->env.paths, [&](const auto& fact) {
        return fact.first.size() > prefix.size() && fact.first.starts_with(prefix) && fact.first[prefix.size()] == '.';
    });
}

TExpr* Checker::narrow_path(TExpr* value, const Expr& e) {
    std::string_view path = path_of(e);
    if (path.empty()) return value;
    auto fact = state_->env.paths.find(path);
    if (fact == state_->env.paths.end()) return value;
    const Type* known = resolved(fact->second);
    const Type* type = resolved(value->type);
    if (known == type || known->kind == TypeKind::kNever || type->kind != TypeKind::kUnion || !accepts(type, known)) return value;
    TExpr* checked = make(TK::kNarrowChecked, known, value->span, {value});
    checked->text = keep("attribute '" + std::string(as<AttributeExpr>(e).name) + "' changed its type in a function called meanwhile");
    return checked;
}

}  // namespace kayton::check
