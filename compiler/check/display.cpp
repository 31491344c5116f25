// The value of a cell, and display(): what a front end shows. A value goes there as its repr, and in every form that its
// class makes of it: `_repr_html_` and its relatives, which IPython has defined.
#include <array>

#include "compiler/check/checker.h"
#include "shared/message.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

constexpr int64_t kShortenText = -1;  // of kt_display_begin: the next repr() is for a person to look at

struct Form {
    std::string_view method;
    const char* mime;
};
constexpr std::array<Form, 9> kForms{{{"_repr_html_", "text/html"},
                                      {"_repr_markdown_", "text/markdown"},
                                      {"_repr_latex_", "text/latex"},
                                      {"_repr_svg_", "image/svg+xml"},
                                      {"_repr_png_", "image/png"},
                                      {"_repr_jpeg_", "image/jpeg"},
                                      {"_repr_pdf_", "application/pdf"},
                                      {"_repr_json_", "application/json"},
                                      {"_repr_javascript_", "application/javascript"}}};

}  // namespace

void Checker::show_value(TExpr* value, Span span) {
    emit_display(static_cast<int64_t>(DisplayKind::kResult), null(span), value, span);
}

// None is not shown, unless display() was asked to.
void Checker::emit_display(int64_t kind, TExpr* id, TExpr* value, Span span) {
    const Type* t = prune(value->type);
    const bool result = kind == static_cast<int64_t>(DisplayKind::kResult);
    if (t->kind == TypeKind::kNever || (t->kind == TypeKind::kNone && result)) {
        emit_expr(value);
        return;
    }
    if (t->kind != TypeKind::kUnion) {
        emit_forms(kind, id, value, span);
        return;
    }
    emit_expr(dispatch(value, span, [&](TExpr* member) {
        BlockScope scope(*this);
        if (!result || prune(member->type)->kind != TypeKind::kNone) emit_forms(kind, id, member, span);
        return scope.finish(constant_none(span));
    }));
}

void Checker::emit_forms(int64_t kind, TExpr* id, TExpr* value, Span span) {
    value = hold(value);
    struct Made {
        const char* mime;  // null: a bundle, a dict of them
        TExpr* value;
    };
    std::vector<Made> made;
    // All is made before the display begins: what runs meanwhile may fail, or display something itself.
    const TypeKind kind_of = prune(value->type)->kind;
    if (kind_of == TypeKind::kList || kind_of == TypeKind::kDict || kind_of == TypeKind::kSet || kind_of == TypeKind::kDynamic)
        emit_expr(runtime(RT::kt_display_begin, types_.none, span, {constant_int(kShortenText, span), null(span)}));
    TExpr* text = hold(to_repr(value));
    for (const Form& form : kForms)
        if (TExpr* result = call_method(value, form.method, {}, span)) made.push_back({form.mime, hold(result)});
    if (TExpr* bundle = call_method(value, "_repr_mimebundle_", {}, span)) made.push_back({nullptr, hold(bundle)});

    emit_expr(runtime(RT::kt_display_begin, types_.none, span, {constant_int(kind, span), id}));
    auto add = [&](TExpr* mime, TExpr* content, std::string_view from) {
        const Type* t = prune(content->type);
        if (t->kind == TypeKind::kNone || t->kind == TypeKind::kNever) return;
        if (t->kind != TypeKind::kStr && t->kind != TypeKind::kBytes) {
            report(DiagCode::kTypeMismatch, span, std::string(from) + "() should return str or bytes, not " + to_string(resolved(t)));
            return;
        }
        emit_expr(runtime(t->kind == TypeKind::kStr ? RT::kt_display_add : RT::kt_display_add_bytes, types_.none, span, {mime, content}));
    };
    add(constant_str("text/plain", span), text, "__repr__");
    for (const Made& m : made) {
        if (m.mime != nullptr) {
            emit_expr(dispatch(m.value, span, [&](TExpr* member) {
                BlockScope scope(*this);
                add(constant_str(m.mime, span), member, "a _repr_ method");
                return scope.finish(constant_none(span));
            }));
            continue;
        }
        const Type* t = prune(m.value->type);
        if (t->kind != TypeKind::kDict || prune(t->args[0])->kind != TypeKind::kStr) {
            report(DiagCode::kTypeMismatch, span, "_repr_mimebundle_() should return a dict of str, not " + to_string(resolved(t)));
            continue;
        }
        loop_over(iterate_value(m.value, span), span, [&](TExpr* key) {
            TExpr* mime = hold(key);
            add(mime, dict_item(m.value, mime, span), "_repr_mimebundle_");
        });
    }
    emit_expr(runtime(RT::kt_display_end, types_.none, span, {}));
}

// display(*values, display_id=…), update_display(value, display_id=…), clear_output(wait=False)
TExpr* Checker::display_call(const std::string& name, const CallExpr& e) {
    const Span span = e.span;
    BlockScope scope(*this);
    if (name == "clear_output") {
        if (!only_keywords(e, name, {"wait"}) || e.args.size() > 1) {
            if (e.args.size() > 1) report(DiagCode::kBadArguments, span, "clear_output() takes at most 1 argument");
            return never(span);
        }
        const Expr* wait = e.args.empty() ? keyword(e, "wait") : e.args[0];
        auto clear = [&](DisplayKind kind) {
            emit_expr(runtime(RT::kt_display_begin, types_.none, span, {constant_int(static_cast<int64_t>(kind), span), null(span)}));
        };
        if (wait == nullptr) {
            clear(DisplayKind::kClear);
        } else {
            TStmt* node = stmt(SK::kIf, span);
            node->a = truth(expression(*wait));
            node->body = block([&] { clear(DisplayKind::kClearOnNext); });
            node->else_body = block([&] { clear(DisplayKind::kClear); });
            emit(node);
        }
        emit_expr(runtime(RT::kt_display_end, types_.none, span, {}));
        return scope.finish(constant_none(span));
    }
    if (!only_keywords(e, name, {"display_id"})) return never(span);
    const bool update = name == "update_display";
    const Expr* wanted = keyword(e, "display_id");
    if (update && (wanted == nullptr || e.args.size() != 1)) {
        report(DiagCode::kBadArguments, span, "update_display() takes a value and display_id=…");
        return never(span);
    }
    TExpr* id = wanted == nullptr ? null(span) : hold(coerce(expression(*wanted), types_.str, wanted->span, "display_id"));
    for (const Expr* arg : e.args) {
        if (arg->kind == ExprKind::kStarred) {
            report(DiagCode::kBadArguments, arg->span, name + "() takes its values one by one");
            return never(span);
        }
        emit_display(static_cast<int64_t>(update ? DisplayKind::kUpdate : DisplayKind::kShown), id, expression(*arg), span);
    }
    return scope.finish(constant_none(span));
}

}  // namespace kayton::check
