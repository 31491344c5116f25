// Builds typed programs by hand, for tests of lowering and code generation without the front end.
// Lives while one test runs.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/types/typed_program.h"

namespace kayton::test {

using types::Type;
using Expr = typed::Expr;
using Stmt = typed::Stmt;
using Exprs = std::vector<Expr*>;
using Stmts = std::vector<Stmt*>;

class TypedBuilder {
  public:
    TypedBuilder() : file("test.kay", std::string(4000, '\n')) {
        program.arena = std::make_unique<typed::TypedArena>();
        body = function("<module>", {}, t.none);
    }

    types::TypeContext t;
    SourceFile file;
    typed::TypedProgram program;
    typed::Function* body;
    uint32_t line = 0;  // each statement stands on a line of its own

    typed::Function* function(const std::string& name, std::initializer_list<const Type*> params, const Type* result) {
        auto made = std::make_unique<typed::Function>();
        made->symbol = name + "." + std::to_string(program.functions.size());
        made->display_name = name;
        made->file = &file;
        made->result = result;
        for (const Type* param : params) made->locals.push_back({"p" + std::to_string(made->locals.size()), param});
        made->param_count = static_cast<uint32_t>(params.size());
        program.functions.push_back(std::move(made));
        return program.functions.back().get();
    }
    uint32_t local(typed::Function* in, const std::string& name, const Type* type) {
        in->locals.push_back({name, type});
        return static_cast<uint32_t>(in->locals.size() - 1);
    }
    uint32_t global(const std::string& name, const Type* type) {
        program.globals.push_back({name, "kt.g." + name, type});
        return static_cast<uint32_t>(program.globals.size() - 1);
    }
    void set_body(typed::Function* in, const Stmts& stmts) { in->body = block(stmts); }
    typed::Block block(const Stmts& stmts) { return program.arena->copy(stmts); }

    // --- expressions
    Expr* make(typed::ExprKind kind, const Type* type, const Exprs& args = {}) {
        Expr* e = program.arena->make<Expr>();
        e->kind = kind;
        e->type = type;
        e->args = program.arena->copy(args);
        e->span = {line, line + 1};
        return e;
    }
    Expr* integer(int64_t value) {
        Expr* e = make(typed::ExprKind::kInt, t.integer);
        e->int_value = value;
        return e;
    }
    Expr* floating(double value) {
        Expr* e = make(typed::ExprKind::kFloat, t.floating);
        e->float_value = value;
        return e;
    }
    Expr* boolean(bool value) {
        Expr* e = make(typed::ExprKind::kBool, t.boolean);
        e->int_value = value ? 1 : 0;
        return e;
    }
    Expr* str(std::string_view text) {
        Expr* e = make(typed::ExprKind::kStr, t.str);
        e->text = program.arena->copy(text);
        return e;
    }
    Expr* none() { return make(typed::ExprKind::kNone, t.none); }
    Expr* null() { return make(typed::ExprKind::kNull, t.none); }
    Expr* get(typed::Function* in, uint32_t index) {
        Expr* e = make(typed::ExprKind::kLocal, in->locals[index].type);
        e->index = index;
        return e;
    }
    Expr* get_global(uint32_t index) {
        Expr* e = make(typed::ExprKind::kGlobal, program.globals[index].type);
        e->index = index;
        return e;
    }
    Expr* op(typed::Op code, const Type* type, const Exprs& args, std::string_view text = "a + b") {
        Expr* e = make(typed::ExprKind::kOp, type, args);
        e->op = code;
        e->text = text;
        return e;
    }
    Expr* add(Expr* a, Expr* b) { return op(typed::Op::kIntAdd, t.integer, {a, b}); }
    Expr* sub(Expr* a, Expr* b) { return op(typed::Op::kIntSub, t.integer, {a, b}, "a - b"); }
    Expr* mul(Expr* a, Expr* b) { return op(typed::Op::kIntMul, t.integer, {a, b}, "a * b"); }
    Expr* less(Expr* a, Expr* b) { return op(typed::Op::kIntLt, t.boolean, {a, b}); }
    Expr* call(typed::Function* callee, const Exprs& args) {
        Expr* e = make(typed::ExprKind::kCall, callee->result, args);
        e->callee = callee;
        return e;
    }
    Expr* runtime(typed::RuntimeFn fn, const Type* type, const Exprs& args) {
        Expr* e = make(typed::ExprKind::kRuntime, type, args);
        e->runtime = fn;
        return e;
    }
    Expr* type_info(const Type* type) {
        Expr* e = make(typed::ExprKind::kTypeInfo, t.none);
        e->type_arg = type;
        return e;
    }
    Expr* convert(Expr* value, const Type* type) { return make(typed::ExprKind::kConvert, type, {value}); }
    Expr* indexed(typed::ExprKind kind, const Type* type, Expr* value, uint32_t index) {
        Expr* e = make(kind, type, {value});
        e->index = index;
        return e;
    }

    // --- statements
    Stmt* stmt(typed::StmtKind kind, Expr* a = nullptr, Expr* b = nullptr, Expr* c = nullptr) {
        Stmt* s = program.arena->make<Stmt>();
        s->kind = kind;
        s->a = a;
        s->b = b;
        s->c = c;
        s->span = {line, line + 1};
        ++line;
        return s;
    }
    Stmt* expr(Expr* e) { return stmt(typed::StmtKind::kExpr, e); }
    Stmt* set(uint32_t local, Expr* value) {
        Stmt* s = stmt(typed::StmtKind::kAssign, value);
        s->index = local;
        return s;
    }
    Stmt* set_global(uint32_t global, Expr* value) {
        Stmt* s = stmt(typed::StmtKind::kAssignGlobal, value);
        s->index = global;
        return s;
    }
    Stmt* ret(Expr* value) { return stmt(typed::StmtKind::kReturn, value); }
    Stmt* cond(Expr* test, const Stmts& then, const Stmts& otherwise = {}) {
        Stmt* s = stmt(typed::StmtKind::kIf, test);
        s->body = block(then);
        s->else_body = block(otherwise);
        return s;
    }
    Stmt* loop_while(Expr* test, const Stmts& stmts) {
        Stmt* s = stmt(typed::StmtKind::kWhile, test);
        s->body = block(stmts);
        return s;
    }
    typed::Iter* iter(typed::IterKind kind, uint32_t local, const Exprs& args, const std::vector<typed::Iter*>& children = {}) {
        auto* it = program.arena->make<typed::Iter>();
        it->kind = kind;
        it->local = local;
        it->args = program.arena->copy(args);
        it->children = program.arena->copy(children);
        return it;
    }
    Stmt* loop(typed::Iter* it, const Stmts& stmts, const Stmts& otherwise = {}) {
        Stmt* s = stmt(typed::StmtKind::kFor);
        s->iter = it;
        s->body = block(stmts);
        s->else_body = block(otherwise);
        return s;
    }
    Stmt* loop_range(uint32_t local, Expr* start, Expr* stop, Expr* step, const Stmts& stmts) {
        return loop(iter(typed::IterKind::kRange, local, {start, stop, step}), stmts);
    }
    typed::Handler handler(std::initializer_list<const Type*> classes, int64_t local, const Stmts& stmts) {
        typed::Handler h;
        h.types = program.arena->copy(std::vector<const Type*>(classes));
        h.local = local;
        h.body = block(stmts);
        return h;
    }
    Stmt* attempt(const Stmts& stmts, const std::vector<typed::Handler>& handlers, const Stmts& otherwise = {},
                  const Stmts& finally = {}) {
        Stmt* s = stmt(typed::StmtKind::kTry);
        s->body = block(stmts);
        s->handlers = program.arena->copy(handlers);
        s->else_body = block(otherwise);
        s->finally_body = block(finally);
        return s;
    }
    Stmt* raise(const char* exception, std::string_view text) {
        const Type* type = t.find_exception(exception);
        return stmt(typed::StmtKind::kRaise,
                    runtime(typed::RuntimeFn::kt_exception_new_str, type, {type_info(type), str(text)}));
    }
    // print(value): the value and a newline, on standard output
    Stmt* print(Expr* value) {
        Expr* seq = make(typed::ExprKind::kSeq, t.none,
                         {runtime(typed::RuntimeFn::kt_print_text, t.none, {null(), str("\n")})});
        seq->block = block({expr(runtime(typed::RuntimeFn::kt_print_value, t.none, {null(), type_info(value->type), value}))});
        return expr(seq);
    }
};

}  // namespace kayton::test
