// Building nodes of the typed program.
#include "compiler/check/checker.h"

namespace kayton::check {

using typed::ExprKind;
using typed::StmtKind;

BlockScope::BlockScope(Checker& owner) : checker(owner), before(owner.state_->out) { owner.state_->out = &statements; }

BlockScope::~BlockScope() {
    if (checker.state_->out == &statements) checker.state_->out = before;
}

std::span<TStmt* const> BlockScope::take() {
    checker.state_->out = before;
    return checker.keep(statements);
}

TExpr* BlockScope::finish(TExpr* value) {
    auto block = take();
    if (block.empty()) return value;
    TExpr* seq = checker.make(ExprKind::kSeq, value->type, value->span, {value});
    seq->block = block;
    return seq;
}

TExpr* Checker::make(ExprKind kind, const Type* type, Span span) {
    auto* e = program_.arena->make<TExpr>();
    e->kind = kind;
    // What nothing has decided yet has no value: later passes know more.
    e->type = types::prune(type)->kind == TypeKind::kVar ? types_.never : type;
    e->span = span;
    exprs_.push_back(e);
    return e;
}

TExpr* Checker::make(ExprKind kind, const Type* type, Span span, std::span<TExpr* const> args) {
    TExpr* e = make(kind, type, span);
    e->args = keep(args);
    return e;
}

TExpr* Checker::constant_int(int64_t value, Span span) {
    TExpr* e = make(ExprKind::kInt, types_.integer, span);
    e->int_value = value;
    return e;
}

TExpr* Checker::constant_bool(bool value, Span span) {
    TExpr* e = make(ExprKind::kBool, types_.boolean, span);
    e->int_value = value ? 1 : 0;
    return e;
}

TExpr* Checker::constant_str(std::string_view value, Span span) {
    TExpr* e = make(ExprKind::kStr, types_.str, span);
    e->text = program_.arena->copy(value);
    return e;
}

// What `__doc__` is of a module, class or function with this body.
TExpr* Checker::docstring(const syntax::Body& body, Span span) {
    if (body.empty() || body.front()->kind != syntax::StmtKind::kExpr) return constant_none(span);
    const syntax::Expr& first = *syntax::as<syntax::ExprStmt>(*body.front()).value;
    return first.kind == syntax::ExprKind::kStr ? constant_str(syntax::as<syntax::StrExpr>(first).value, span) : constant_none(span);
}

TExpr* Checker::constant_none(Span span) { return make(ExprKind::kNone, types_.none, span); }

TExpr* Checker::never(Span span) { return make(ExprKind::kConvert, types_.never, span, {constant_none(span)}); }

TExpr* Checker::runtime(RT fn, const Type* type, Span span, std::span<TExpr* const> args) {
    TExpr* e = make(ExprKind::kRuntime, type, span, args);
    e->runtime = fn;
    return e;
}

TExpr* Checker::type_info(const Type* type, Span span) {
    TExpr* e = make(ExprKind::kTypeInfo, types_.none, span);
    e->type_arg = type;
    return e;
}

TExpr* Checker::null(Span span) { return make(ExprKind::kNull, types_.none, span); }

TExpr* Checker::op(typed::Op op, const Type* type, Span span, std::span<TExpr* const> args, std::string_view text) {
    if (args.size() == 2 && args[0]->kind == ExprKind::kInt && args[1]->kind == ExprKind::kInt) {
        const int64_t a = args[0]->int_value, b = args[1]->int_value;
        switch (op) {
            case typed::Op::kIntEq: return constant_bool(a == b, span);
            case typed::Op::kIntNe: return constant_bool(a != b, span);
            case typed::Op::kIntLt: return constant_bool(a < b, span);
            case typed::Op::kIntLe: return constant_bool(a <= b, span);
            case typed::Op::kIntGt: return constant_bool(a > b, span);
            case typed::Op::kIntGe: return constant_bool(a >= b, span);
            default: break;
        }
    }
    TExpr* e = make(ExprKind::kOp, type, span, args);
    e->op = op;
    e->text = program_.arena->copy(text);
    return e;
}

TExpr* Checker::type_test(TExpr* value, const Type* type, Span span) {
    TExpr* e = make(ExprKind::kTypeTest, types_.boolean, span, {value});
    e->type_arg = type;
    return e;
}

TExpr* Checker::if_expr(TExpr* test, TExpr* then_value, TExpr* else_value, const Type* type) {
    return make(ExprKind::kIf, type, test->span, {test, convert(then_value, type), convert(else_value, type)});
}

TExpr* Checker::len(TExpr* value) {
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kTuple && is_plain_read(value)) return constant_int(static_cast<int64_t>(t->args.size()), value->span);
    return make(ExprKind::kLen, types_.integer, value->span, {value});
}

std::string_view Checker::keep(std::string text) { return program_.arena->copy(std::string_view(text)); }

TStmt* Checker::stmt(StmtKind kind, Span span) {
    auto* s = program_.arena->make<TStmt>();
    s->kind = kind;
    s->span = span;
    return s;
}

void Checker::emit(TStmt* s) { state_->out->push_back(s); }

void Checker::emit_if(TExpr* test, Span span, const std::function<void()>& then) {
    TStmt* s = stmt(StmtKind::kIf, span);
    s->a = test;
    s->body = block(then);
    emit(s);
}

void Checker::emit_expr(TExpr* e) {
    TStmt* s = stmt(StmtKind::kExpr, e->span);
    s->a = e;
    emit(s);
}

uint32_t Checker::temp(const Type* type, std::string name) {
    auto& locals = state_->function->locals;
    typed::Local local;
    local.name = std::move(name);
    local.type = type;
    locals.push_back(std::move(local));
    return static_cast<uint32_t>(locals.size() - 1);
}

TExpr* Checker::read_local(uint32_t local, Span span) {
    TExpr* e = make(ExprKind::kLocal, state_->function->locals[local].type, span);
    e->index = local;
    return e;
}

void Checker::assign_local(uint32_t local, TExpr* value) {
    TStmt* s = stmt(StmtKind::kAssign, value->span);
    s->index = local;
    s->a = convert(value, state_->function->locals[local].type);
    emit(s);
}

TExpr* Checker::hold(TExpr* value) {
    switch (value->kind) {
        case ExprKind::kNone:
        case ExprKind::kBool:
        case ExprKind::kInt:
        case ExprKind::kFloat:
        case ExprKind::kStr: return value;
        default: break;
    }
    uint32_t local = temp(value->type);
    assign_local(local, value);
    return read_local(local, value->span);
}

TExpr* Checker::raise_stmt(const Type* exception, std::string_view message, Span span) {
    return raise_text(exception, constant_str(message, span), span);
}

TExpr* Checker::raise_text(const Type* exception, TExpr* message, Span span) {
    TExpr* object = runtime(RT::kt_exception_new_str, exception, span, {type_info(exception, span), message});
    TStmt* s = stmt(StmtKind::kRaise, span);
    s->a = object;
    emit(s);
    return never(span);
}

}  // namespace kayton::check
