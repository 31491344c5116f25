// print() and open(): what they are given, and where it goes.

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using TK = typed::ExprKind;

TExpr* Checker::print_call(const CallExpr& e) {
    Span span = e.span;
    if (!only_keywords(e, "print", {"sep", "end", "file", "flush"})) return never(span);
    BlockScope scope(*this);
    TExpr* file = null(span);
    TExpr* writer = nullptr;  // an object with a method `write`, as io.StringIO is
    if (const Expr* f = keyword(e, "file")) {
        TExpr* given = expression(*f);
        if (is_instance(given->type) && find_method(*prune(given->type)->class_info, "write") != nullptr) writer = hold(given);
        else if (prune(given->type)->kind != TypeKind::kNone) file = hold(coerce(given, types_.text_file, f->span, "print(file=)"));
    }
    auto text_option = [&](const char* name, const char* fallback) -> TExpr* {
        const Expr* given = keyword(e, name);
        if (given == nullptr || given->kind == ExprKind::kNone) return constant_str(fallback, span);
        return hold(coerce(expression(*given), types_.str, given->span, std::string("print(") + name + "=)"));
    };
    // Arguments are evaluated before anything is written.
    struct Piece {
        TExpr* value;
        bool spread;
    };
    std::vector<Piece> pieces;
    for (const Expr* arg : e.args) {
        if (arg->kind == ExprKind::kStarred) {
            TExpr* inner = expression(*as<StarredExpr>(*arg).value);
            const Type* t = prune(inner->type);
            if (t->kind == TypeKind::kTuple) {
                TExpr* held = hold(inner);
                for (size_t i = 0; i < t->args.size(); ++i) {
                    TExpr* item = make(TK::kTupleGet, t->args[i], arg->span, {held});
                    item->index = static_cast<uint32_t>(i);
                    pieces.push_back({item, false});
                }
            } else {
                pieces.push_back({hold(inner), true});
            }
            continue;
        }
        TExpr* value = expression(*arg);
        pieces.push_back({e.args.size() == 1 ? value : hold(value), false});
    }
    TExpr* sep = text_option("sep", " ");
    TExpr* end = text_option("end", "\n");
    auto write = [&](TExpr* text) {
        if (text->kind == TK::kStr && text->text.empty()) return;
        emit_expr(writer != nullptr ? call_method(writer, "write", {text}, span) : runtime(RT::kt_print_text, types_.none, span, {file, text}));
    };
    auto write_value = [&](TExpr* value) {
        const Type* t = prune(value->type);
        if (t->kind == TypeKind::kNever) emit_expr(value);
        else if (t->kind == TypeKind::kStr) write(value);
        else if (writer != nullptr) write(to_str(value));
        else if (TExpr* shown = class_repr(value)) write(shown);
        else emit_expr(runtime(RT::kt_print_value, types_.none, span, {file, type_info(t, span), value}));
    };
    bool first_known = true;
    uint32_t first = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
        if (!pieces[i].spread) {
            if (i > 0) {
                if (first_known) {
                    write(sep);
                } else {
                    emit_if(negate(read_local(first, span)), span, [&] { write(sep); });
                    assign_local(first, constant_bool(false, span));
                }
            }
            write_value(pieces[i].value);
            if (!first_known) assign_local(first, constant_bool(false, span));
            continue;
        }
        if (first_known) {
            first = temp(types_.boolean);
            assign_local(first, constant_bool(i == 0, span));
            first_known = false;
        }
        if (typed::Iter* iter = iterate_value(pieces[i].value, pieces[i].value->span))
            loop_over(iter, span, [&](TExpr* element) {
                emit_if(negate(read_local(first, span)), span, [&] { write(sep); });
                assign_local(first, constant_bool(false, span));
                write_value(element);
            });
    }
    write(end);
    if (const Expr* flush = keyword(e, "flush")) {
        emit_if(truth(expression(*flush)), span, [&] {
            TExpr* flushed = writer != nullptr ? call_method(writer, "flush", {}, span) : runtime(RT::kt_flush, types_.none, span, {file});
            if (flushed != nullptr) emit_expr(flushed);
        });
    }
    return scope.finish(constant_none(span));
}

TExpr* Checker::open_call(const CallExpr& e) {
    Span span = e.span;
    if (!only_keywords(e, "open", {"mode", "encoding", "newline", "errors", "file"})) return never(span);
    if (!argument_count(e, "open", 1, 4)) return never(span);
    const Expr* mode = e.args.size() > 1 ? e.args[1] : keyword(e, "mode");
    BlockScope scope(*this);
    TExpr* chosen = constant_str("r", span);
    std::string_view text = "r";
    if (mode != nullptr && mode->kind == ExprKind::kStr) {
        text = as<StrExpr>(*mode).value;
        chosen = constant_str(text, span);
    } else if (mode != nullptr) {
        // A mode that is not a literal opens a text file, whatever it says beside that.
        chosen = hold(coerce(expression(*mode), types_.str, mode->span, "open()"));
        emit_if(runtime(RT::kt_str_contains, types_.boolean, span, {chosen, constant_str("b", span)}), span, [&] {
            raise_stmt(types_.find_exception("ValueError"), "the mode of a file of bytes must be a literal: it decides between text and bytes", span);
        });
    }
    const bool binary = text.find('b') != std::string_view::npos;
    auto option = [&](const char* name) -> TExpr* {
        const Expr* given = keyword(e, name);
        if (given == nullptr && std::string_view(name) == "encoding" && e.args.size() > 3) given = e.args[3];
        if (given == nullptr || given->kind == ExprKind::kNone) return null(span);
        TExpr* value = expression(*given);
        if (types::is_union_with_none(prune(value->type)) && accepts(types_.optional(types_.str), value->type)) return convert(value, types_.optional(types_.str));
        if (prune(value->type)->kind == TypeKind::kNone) return null(span);
        return coerce(value, types_.str, given->span, std::string("open(") + name + "=)");
    };
    TExpr* path = expression(*e.args[0]);
    if (is_instance(path->type) && find_method(*prune(path->type)->class_info, "__fspath__") != nullptr) path = call_method(path, "__fspath__", {}, span);
    path = hold(coerce(path, types_.str, e.args[0]->span, "open()"));
    return scope.finish(runtime(RT::kt_open, binary ? types_.binary_file : types_.text_file, span, {path, chosen, option("encoding"), option("newline")}));
}

}  // namespace kayton::check
