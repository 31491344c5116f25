// Generator functions: yield in both forms, what is sent and returned, and the methods of generators.
// A call of a generator function gives Generator[T, S, R]: T grows with what it yields, S with what its users send, R with
// what it returns. A yield gives S. It is None where nobody sends; it holds None besides what is sent where the function
// looks for that (a value resumed by next() is None), else resuming by next() a yield that needs a value is a TypeError.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

// Finds names that are assigned from a yield, and names that are compared with None or tested for truth.
class SentNames {
  public:
    explicit SentNames(Body body) { statements(body); }
    [[nodiscard]] bool looks_for_none() const {
        return std::any_of(sent_.begin(), sent_.end(), [&](std::string_view name) { return tested_.contains(name); }) || tests_yield_;
    }

  private:
    static bool is_yield(const Expr* e) { return e != nullptr && e->kind == ExprKind::kYield; }

    void test(const Expr* e) {
        if (e == nullptr) return;
        if (e->kind == ExprKind::kName) tested_.insert(as<NameExpr>(*e).name);
        if (is_yield(e)) tests_yield_ = true;
        if (e->kind == ExprKind::kNamedExpr) {
            tested_.insert(as<NamedExpr>(*e).target->name);
            if (is_yield(as<NamedExpr>(*e).value)) tests_yield_ = true;
        }
        expression(e);
    }

    void expression(const Expr* e) {
        if (e == nullptr) return;
        switch (e->kind) {
            case ExprKind::kNamedExpr:
                if (is_yield(as<NamedExpr>(*e).value)) sent_.insert(as<NamedExpr>(*e).target->name);
                expression(as<NamedExpr>(*e).value);
                break;
            case ExprKind::kUnary:
                if (as<UnaryExpr>(*e).op == UnaryOp::kNot) test(as<UnaryExpr>(*e).operand);
                break;
            case ExprKind::kBoolOp:
                for (const Expr* operand : as<BoolOpExpr>(*e).operands) test(operand);
                break;
            case ExprKind::kConditional:
                test(as<ConditionalExpr>(*e).condition);
                expression(as<ConditionalExpr>(*e).then_value);
                expression(as<ConditionalExpr>(*e).else_value);
                break;
            case ExprKind::kCompare: {
                const auto& c = as<CompareExpr>(*e);
                for (const Expr* other : c.rest)
                    if (other->kind == ExprKind::kNone) test(c.first);
                break;
            }
            case ExprKind::kYield: expression(as<YieldExpr>(*e).value); break;
            case ExprKind::kCall:
                for (const Expr* arg : as<CallExpr>(*e).args) expression(arg);
                break;
            default: break;
        }
    }

    void statements(Body body) {
        for (const Stmt* s : body) statement(*s);
    }

    void statement(const Stmt& s) {
        switch (s.kind) {
            case StmtKind::kAssign:
                if (is_yield(as<AssignStmt>(s).value))
                    for (const Expr* target : as<AssignStmt>(s).targets)
                        if (target->kind == ExprKind::kName) sent_.insert(as<NameExpr>(*target).name);
                expression(as<AssignStmt>(s).value);
                break;
            case StmtKind::kAnnAssign:
                if (is_yield(as<AnnAssignStmt>(s).value) && as<AnnAssignStmt>(s).target->kind == ExprKind::kName)
                    sent_.insert(as<NameExpr>(*as<AnnAssignStmt>(s).target).name);
                break;
            case StmtKind::kExpr: expression(as<ExprStmt>(s).value); break;
            case StmtKind::kReturn: expression(as<ReturnStmt>(s).value); break;
            case StmtKind::kIf:
                test(as<IfStmt>(s).condition);
                statements(as<IfStmt>(s).body);
                statements(as<IfStmt>(s).else_body);
                break;
            case StmtKind::kWhile:
                test(as<WhileStmt>(s).condition);
                statements(as<WhileStmt>(s).body);
                statements(as<WhileStmt>(s).else_body);
                break;
            case StmtKind::kFor:
                statements(as<ForStmt>(s).body);
                statements(as<ForStmt>(s).else_body);
                break;
            case StmtKind::kTry:
                statements(as<TryStmt>(s).body);
                for (const ExceptHandler& h : as<TryStmt>(s).handlers) statements(h.body);
                statements(as<TryStmt>(s).else_body);
                statements(as<TryStmt>(s).finally_body);
                break;
            case StmtKind::kWith: statements(as<WithStmt>(s).body); break;
            default: break;
        }
    }

    std::set<std::string_view> sent_, tested_;
    bool tests_yield_ = false;
};

}  // namespace

void Checker::begin_generator(Instance& instance, typed::Function& function) {
    const FunctionDecl& decl = *instance.decl;
    const Type* sent = variable_at(&decl, 1);
    const Type* type = types_.generator(variable_at(&decl, 0), sent, variable_at(&decl, 2));
    function.is_generator = true;
    if (instance.result != type) {
        instance.result = type;
        changed_ = true;
    }
    if (instance.forced_result != nullptr) flow_into(type, instance.forced_result);
    bool none = SentNames(decl.body).looks_for_none();
    if (decl.returns != nullptr) {
        const Type* annotated = annotation(*decl.returns);
        if (annotated != nullptr && annotated->kind == TypeKind::kIterator && annotated->args.size() == 3)
            none |= types::is_union_with_none(annotated->args[1]);
    }
    if (none && prune(sent)->kind != TypeKind::kVar && !types::contains(prune(sent), types_.none)) grow(sent, types_.none);
}

// In the pass that found nothing new: a generator whose yields give something to a name, and that nobody sends anything.
bool Checker::settle_generators() {
    bool settled = false;
    for (Instance* instance : checked_) {
        if (!instance->wants_sent) continue;
        const Type* sent = prune(instance->result)->args[1];
        if (prune(sent)->kind == TypeKind::kVar) settled |= grow(sent, types_.none);
    }
    return settled;
}

void Checker::generator_return(TExpr* value, Span span) {
    const Type* result = prune(state_->instance->result)->args[2];
    if (prune(value->type)->kind == TypeKind::kNever) {
        emit_expr(value);
    } else {
        grow(result, value->type);
        TStmt* s = stmt(SK::kReturn, span);
        s->a = convert(value, result);
        emit(s);
    }
    state_->env.reachable = false;
}

TExpr* Checker::yield(const YieldExpr& e, bool used) {
    Instance& instance = *state_->instance;
    if (!instance.decl->is_generator) return never(e.span);  // the parser has reported it
    if (e.kind == ExprKind::kYieldFrom) return yield_from(e, used);
    const Type* type = prune(instance.result);
    TExpr* value = e.value != nullptr ? expression(*e.value) : constant_none(e.span);
    if (prune(value->type)->kind == TypeKind::kNever) return value;
    if (instance.decl->returns != nullptr) {
        const Type* annotated = annotation(*instance.decl->returns);
        if (annotated != nullptr && annotated->kind == TypeKind::kIterator) {
            if (!flow_into(value->type, annotated->args[0]) && !annotation_accepts(annotated->args[0], value->type)) {
                Diagnostic& d = report_limit(DiagCode::kTypeMismatch, value->span,
                                       "`" + instance.decl->name + "` yields " + to_string(resolved(annotated->args[0])) + ", found " +
                                           to_string(resolved(value->type)),
                                       "this is " + to_string(resolved(value->type)));
                d.secondary.push_back({&file(), instance.decl->returns->span, "because of this annotation"});
                return never(e.span);
            }
        }
    }
    if (!grow(type->args[0], value->type)) {
        report(DiagCode::kRecursiveType, e.span, "this generator would yield itself, in a type without end");
        return never(e.span);
    }
    if (used && prune(type->args[1])->kind == TypeKind::kVar) instance.wants_sent = true;
    return make(TK::kYield, used ? type->args[1] : types_.none, e.span, {convert(value, type->args[0])});
}

TExpr* Checker::yield_from(const YieldExpr& e, bool used) {
    const Type* type = prune(state_->instance->result);
    const Type* element = type->args[0];
    Span span = e.span;
    BlockScope scope(*this);
    auto each = [&](typed::Iter* iter, TExpr* delegate) {
        loop_over(iter, span, [&](TExpr* value) {
            if (!grow(element, value->type)) {
                report(DiagCode::kRecursiveType, span, "this generator would yield itself, in a type without end");
                return;
            }
            Args args = {convert(value, element)};
            if (delegate != nullptr) args.push_back(read_local(delegate->index, span));
            emit_expr(make(TK::kYield, types_.none, span, args));
        });
    };
    if (std::string builtin; is_iterator_builtin(*e.value, builtin) && builtin != "iter") {
        if (typed::Iter* iter = iterate(*e.value)) each(iter, nullptr);
        return scope.finish(constant_none(span));
    }
    TExpr* value = expression(*e.value);
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kNever) return value;
    if (t->kind != TypeKind::kIterator) {
        if (typed::Iter* iter = iterate_value(value, span)) each(iter, nullptr);
        return scope.finish(constant_none(span));
    }
    const bool generator = t->args.size() == 3;
    flow_into(types_.iterator(t->args[0]), types_.iterator(element));
    if (generator && prune(t->args[1])->kind != TypeKind::kNone) flow_into(types_.iterator(t->args[1]), types_.iterator(type->args[1]));
    TExpr* inner = hold(value);
    // While it stands here, what is sent and thrown goes to the inner one; not where each element is converted.
    const bool same = resolved(t->args[0]) == resolved(element);
    each(iterate_value(inner, span), same ? inner : nullptr);
    TExpr* result = constant_none(span);
    if (used && generator && prune(t->args[2])->kind != TypeKind::kNone && prune(t->args[2])->kind != TypeKind::kVar)
        result = hold(runtime(RT::kt_generator_result, t->args[2], span, {read_local(inner->index, span)}));
    TStmt* done = stmt(SK::kUnbind, span);
    done->index = inner->index;
    emit(done);
    return scope.finish(result);
}

TExpr* Checker::next_value(TExpr* iterator, Span span) { return runtime(RT::kt_next, prune(iterator->type)->args[0], span, {iterator}); }

TExpr* Checker::next_call(const CallExpr& e) {
    Span span = e.span;
    if (!only_keywords(e, "next", {}) || !argument_count(e, "next", 1, 2)) return never(span);
    TExpr* iterator = expression(*e.args[0]);
    const Type* t = prune(iterator->type);
    if (t->kind == TypeKind::kNever) return iterator;
    const bool file = t->kind == TypeKind::kTextFile || t->kind == TypeKind::kBinaryFile;
    const Manifest* manifest = t->kind == TypeKind::kHandle ? manifest_of(t) : nullptr;
    const bool crate = manifest != nullptr && !crate_functions(*manifest, std::string(t->name) + ".__next__").empty();
    const bool object = is_instance(t) && find_method(*t->class_info, "__next__") != nullptr;
    if (t->kind != TypeKind::kIterator && !file && !crate && !object) {
        report(DiagCode::kTypeMismatch, e.args[0]->span, "'" + to_string(resolved(t)) + "' object is not an iterator",
               "this is " + to_string(resolved(t)), "iter(...) gives an iterator over it");
        return never(span);
    }
    if (e.args.size() == 1) {
        if (file)
            return t->kind == TypeKind::kTextFile ? runtime(RT::kt_file_next, types_.str, span, {iterator})
                                                  : runtime(RT::kt_file_next_bytes, types_.bytes, span, {iterator});
        if (object) return call_method(iterator, "__next__", {}, span);
        return crate ? crate_protocol(t, "__next__", {iterator}, span) : next_value(iterator, span);
    }
    BlockScope scope(*this);
    TExpr* held = hold(iterator);
    const Type* result = variable_at(&e);
    TExpr* fallback = expression(*e.args[1]);
    grow(result, fallback->type);
    uint32_t found = temp(result);
    assign_local(found, convert(fallback, result));
    if (typed::Iter* iter = iterate_value(held, span))
        loop_over(iter, span, [&](TExpr* element) {
            grow(result, element->type);
            assign_local(found, convert(element, result));
            break_out(span);
        });
    return scope.finish(read_local(found, span));
}

TExpr* Checker::generator_method(TExpr* object, std::string_view name, const CallExpr& e, bool& handled) {
    const Type* t = prune(object->type);
    Span span = e.span;
    const bool generator = t->args.size() == 3;
    if (name == "__next__" || name == "__iter__") {
        handled = true;
        if (!argument_count(e, std::string(name), 0, 0)) return never(span);
        return name == "__iter__" ? object : next_value(object, span);
    }
    if (name == "close" && generator) {
        handled = true;
        if (!argument_count(e, "close", 0, 0)) return never(span);
        return runtime(RT::kt_generator_close, types_.none, span, {object});
    }
    if (name == "throw" && generator) {
        handled = true;
        if (!argument_count(e, "throw", 1, 1)) return never(span);
        TExpr* held = hold(object);
        TExpr* exception = exception_object(*e.args[0]);
        if (exception == nullptr) return never(span);
        return runtime(RT::kt_generator_throw, t->args[0], span, {held, exception});
    }
    if (name == "send" && generator) {
        handled = true;
        if (!argument_count(e, "send", 1, 1)) return never(span);
        TExpr* held = hold(object);
        TExpr* value = expression(*e.args[0]);
        const Type* v = prune(value->type);
        if (v->kind == TypeKind::kNever) return value;
        if (v->kind == TypeKind::kNone) {  // what next() does
            emit_expr(value);
            return next_value(held, span);
        }
        if (!grow(t->args[1], value->type)) {
            report_limit(DiagCode::kTypeMismatch, e.args[0]->span,
                   "this generator is sent " + to_string(resolved(t->args[1])) + ", found " + to_string(resolved(v)),
                   "this is " + to_string(resolved(v)));
            return never(span);
        }
        return runtime(RT::kt_generator_send, t->args[0], span, {held, convert(value, t->args[1])});
    }
    return nullptr;
}

}  // namespace kayton::check
