// Values of several types: an operation on a union, or on Dynamic, is a branch for each type that the value may have. A
// type that the operation does not take raises what CPython raises, when the program gets there; only an operation that
// none of them takes is a compile error. See docs/decisions/0013.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using typed::ExprKind;
using typed::StmtKind;
using types::prune;

// The exception that CPython raises for it; null where the message is not about the type of a value.
const char* Checker::exception_for(DiagCode code) {
    switch (code) {
        case DiagCode::kUnknownAttribute:
        case DiagCode::kUnknownMember: return "AttributeError";
        case DiagCode::kUndefinedName: return "NameError";
        case DiagCode::kPossiblyUnbound: return "UnboundLocalError";
        case DiagCode::kTypeMismatch:
        case DiagCode::kBadOperand:
        case DiagCode::kBadArguments:
        case DiagCode::kNotCallable:
        case DiagCode::kNotIterable:
        case DiagCode::kNotSubscriptable:
        case DiagCode::kUnhashable: return "TypeError";
        default: return nullptr;
    }
}

// CPython names classes without their element types, and None by its class.
std::string Checker::as_raised(const std::string& message) {
    std::string text;
    bool quoted = false;
    int depth = 0;
    for (char c : message) {
        if (c == '\'') quoted = !quoted;
        if (quoted && c == '[') ++depth;
        if (depth == 0) text += c;
        if (quoted && c == ']') --depth;
    }
    for (size_t at = text.find("'None'"); at != std::string::npos; at = text.find("'None'", at + 1)) text.replace(at, 6, "'NoneType'");
    return text;
}

bool Checker::is_several(const Type* t) {
    t = prune(t);
    return t->kind == TypeKind::kUnion || t->kind == TypeKind::kDynamic;
}

// What is stored as Dynamic anywhere in the program is what a Dynamic value may be.
void Checker::remember_dynamic(const Type* t) {
    t = prune(t);
    if (t->kind == TypeKind::kNever || t->kind == TypeKind::kVar || t->kind == TypeKind::kDynamic) return;
    if (t->kind == TypeKind::kUnion) {
        for (const Type* m : t->args) remember_dynamic(m);
        return;
    }
    const Type* now = resolved(t);
    if (std::any_of(dynamic_types_.begin(), dynamic_types_.end(), [&](const Type* known) { return resolved(known) == now; })) return;
    dynamic_types_.push_back(t);
    changed_ = true;
}

std::vector<const Type*> Checker::possible_types(const Type* t) {
    t = prune(t);
    if (t->kind == TypeKind::kUnion) return {t->args.begin(), t->args.end()};
    if (t->kind != TypeKind::kDynamic) return {t};
    std::vector<const Type*> all;
    for (const Type* known : dynamic_types_) {
        const Type* now = resolved(known);
        if (std::find(all.begin(), all.end(), now) == all.end()) all.push_back(now);
    }
    // The exact class is tested before its bases.
    std::stable_sort(all.begin(), all.end(), [](const Type* a, const Type* b) { return a != b && types::is_subclass(a, b); });
    return all;
}

// Whether `each` found that it cannot be done with the type at hand: all that was reported since is about this expression.
bool Checker::is_refused(size_t mark, Span span, bool limits) const {
    const auto& all = diagnostics_.all();
    return all.size() > mark && std::all_of(all.begin() + static_cast<std::ptrdiff_t>(mark), all.end(), [&](const Diagnostic& d) {
        return exception_for(d.code) != nullptr && (limits || !d.only_here) && d.primary.file == &file() && d.primary.span.begin >= span.begin && d.primary.span.end <= span.end;
    });
}

TExpr* Checker::dispatch(TExpr* value, Span span, const std::function<TExpr*(TExpr*)>& each) {
    const Type* t = prune(value->type);
    if (!is_several(t)) return each(value);
    const std::vector<const Type*> members = possible_types(t);
    BlockScope scope(*this);
    TExpr* held = hold(value);
    struct Branch {
        const Type* member;
        TExpr* result;
    };
    std::vector<Branch> branches, hopeless;
    std::vector<std::pair<const Type*, std::vector<Diagnostic>>> refused;
    const Type* type = types_.never;
    std::vector<Diagnostic> messages;
    for (const Type* m : members) {
        const size_t mark = diagnostics_.all().size();
        BlockScope branch(*this);
        TExpr* of_member = make(ExprKind::kNarrow, m, span, {read_local(held->index, span)});
        nested_.hopeless.clear();
        ++nested_.depth;
        TExpr* result = each(of_member);
        --nested_.depth;
        // What a Dynamic value is not shows when the program runs, static rules or not.
        if (is_refused(mark, span, t->kind == TypeKind::kDynamic)) {
            refused.emplace_back(m, std::vector<Diagnostic>(diagnostics_.all().begin() + static_cast<std::ptrdiff_t>(mark), diagnostics_.all().end()));
            messages.insert(messages.end(), refused.back().second.begin(), refused.back().second.end());
            diagnostics_.rewind(mark);
            branch.take();
        } else if (!nested_.hopeless.empty()) {
            messages.insert(messages.end(), nested_.hopeless.begin(), nested_.hopeless.end());
            hopeless.push_back({m, branch.finish(result)});
        } else {
            branches.push_back({m, branch.finish(result)});
            type = join_types(type, result->type);
        }
    }
    nested_.hopeless.clear();
    const bool none = branches.empty() && !messages.empty();
    if (none && nested_.depth == 0) {  // the first says it
        const Diagnostic& first = messages.front();
        diagnostics_.report(first.code, *first.primary.file, first.primary.span, first.message, first.primary.text, first.help) = first;
        emit_expr(held);
        return scope.finish(never(span));
    }
    for (const auto& [member, found] : refused) {
        BlockScope branch(*this);
        TExpr* raised = raise_stmt(types_.find_exception(exception_for(found.front().code)), as_raised(found.front().message), span);
        branches.push_back({member, branch.finish(raised)});
    }
    branches.insert(branches.end(), hopeless.begin(), hopeless.end());
    if (none) nested_.hopeless = std::move(messages);
    if (branches.empty()) {  // nothing is stored as Dynamic so far
        emit_expr(held);
        return scope.finish(never(span));
    }
    TExpr* chain = nullptr;
    if (t->kind == TypeKind::kDynamic) {  // a type that came into the program later
        BlockScope branch(*this);
        TExpr* raised = raise_stmt(types_.find_exception("TypeError"), "unsupported operation on a value of this type", span);
        chain = convert(branch.finish(raised), type);
    } else {
        chain = convert(branches.back().result, type);
        branches.pop_back();
    }
    for (size_t i = branches.size(); i-- > 0;) {
        TExpr* test = type_test(read_local(held->index, span), branches[i].member, span);
        chain = if_expr(test, branches[i].result, chain, type);
    }
    return scope.finish(chain);
}

// What may be None where a value is needed is tested when the program runs, as Python does.
TExpr* Checker::present(TExpr* value, const std::string& message, bool is_attribute) {
    const Type* t = prune(value->type);
    if (!types::is_union_with_none(t)) return value;
    const Type* rest = types_.without(t, types_.none);
    if (prune(rest)->kind != TypeKind::kUnion) {
        TExpr* checked = make(ExprKind::kNarrowChecked, rest, value->span, {value});
        checked->text = keep(message);
        checked->int_value = is_attribute ? 1 : 0;
        return checked;
    }
    TExpr* held = hold(value);
    TExpr* absent = type_test(held, types_.none, value->span);
    emit_if(absent, value->span, [&] { raise_stmt(types_.find_exception(is_attribute ? "AttributeError" : "TypeError"), message, value->span); });
    return narrow(held, rest);
}

// The object whose attribute is asked for.
TExpr* Checker::object_of(TExpr* value, const std::string& attribute) {
    return present(value, "'NoneType' object has no attribute '" + attribute + "'", true);
}

}  // namespace kayton::check
