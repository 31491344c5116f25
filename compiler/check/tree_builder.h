// TreeBuilder: syntax trees of the checker's own making, for what means exactly what a piece of source would. They lie
// in an arena that lives as long as the checker; every node has the span of what they stand for.
// Used by the checker's thread.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"

namespace kayton::check {

class TreeBuilder {
  public:
    TreeBuilder(syntax::AstArena& arena, Span span) : arena_(arena), span_(span) {}

    syntax::Expr* none() { return make<syntax::Expr>(syntax::ExprKind::kNone); }
    syntax::Expr* name(std::string_view text) {
        auto* e = make<syntax::NameExpr>(syntax::ExprKind::kName);
        e->name = text;
        return e;
    }
    std::vector<syntax::Expr*> names(std::span<const std::string_view> texts) {
        std::vector<syntax::Expr*> all;
        for (std::string_view text : texts) all.push_back(name(text));
        return all;
    }
    syntax::Expr* string(std::string_view value) {
        auto* e = make<syntax::StrExpr>(syntax::ExprKind::kStr);
        e->value = value;
        return e;
    }
    syntax::Expr* integer(int64_t value) {
        auto* e = make<syntax::IntExpr>(syntax::ExprKind::kInt);
        e->value = static_cast<uint64_t>(value);
        return e;
    }
    syntax::Expr* tuple_of(const std::vector<syntax::Expr*>& items) {
        auto* e = make<syntax::SequenceExpr>(syntax::ExprKind::kTuple);
        e->items = arena_.copy(items);
        return e;
    }
    syntax::Expr* starred(syntax::Expr* value) {
        auto* e = make<syntax::StarredExpr>(syntax::ExprKind::kStarred);
        e->value = value;
        return e;
    }
    syntax::AttributeExpr* attribute(syntax::Expr* object, std::string_view name) {
        auto* e = make<syntax::AttributeExpr>(syntax::ExprKind::kAttribute);
        e->object = object;
        e->name = name;
        e->name_span = span_;
        return e;
    }
    syntax::Expr* subscript(syntax::Expr* object, syntax::Expr* index) {
        auto* e = make<syntax::SubscriptExpr>(syntax::ExprKind::kSubscript);
        e->object = object;
        e->index = index;
        return e;
    }
    syntax::CallExpr* call(const syntax::Expr& callee, const std::vector<syntax::Expr*>& args,
                           const std::vector<syntax::KeywordArg>& keywords = {}) {
        auto* e = make<syntax::CallExpr>(syntax::ExprKind::kCall);
        e->callee = const_cast<syntax::Expr*>(&callee);
        e->args = arena_.copy(args);
        e->keywords = arena_.copy(keywords);
        return e;
    }
    syntax::Param param(std::string_view name) {
        syntax::Param p{};
        p.name = name;
        p.span = span_;
        p.kind = syntax::ParamKind::kNormal;
        return p;
    }
    syntax::LambdaExpr* lambda(std::span<const std::string_view> names, syntax::Expr* body) {
        std::vector<syntax::Param> params;
        for (std::string_view n : names) params.push_back(param(n));
        auto* e = make<syntax::LambdaExpr>(syntax::ExprKind::kLambda);
        e->params = arena_.copy(params);
        e->body = body;
        return e;
    }
    syntax::FStringExpr* fstring(const std::vector<syntax::FStringPart>& parts) {
        auto* e = make<syntax::FStringExpr>(syntax::ExprKind::kFString);
        e->parts = arena_.copy(parts);
        return e;
    }

    syntax::Stmt* yield(syntax::Expr* value) {
        auto* y = make<syntax::YieldExpr>(syntax::ExprKind::kYield);
        y->value = value;
        y->span = value->span;
        auto* s = make<syntax::ExprStmt>(syntax::StmtKind::kExpr);
        s->span = value->span;
        s->value = y;
        return s;
    }
    syntax::Stmt* loop(syntax::Expr* target, syntax::Expr* iterable, syntax::Stmt* inner) {
        auto* s = make<syntax::ForStmt>(syntax::StmtKind::kFor);
        s->span = iterable->span;
        s->target = target;
        s->iterable = iterable;
        s->body = body(inner);
        return s;
    }
    syntax::Stmt* when(syntax::Expr* condition, syntax::Stmt* inner) {
        auto* s = make<syntax::IfStmt>(syntax::StmtKind::kIf);
        s->span = condition->span;
        s->condition = condition;
        s->body = body(inner);
        return s;
    }
    syntax::Body body(syntax::Stmt* only) {
        std::vector<syntax::Stmt*> statements = {only};
        return arena_.copy(statements);
    }

  private:
    template <typename Node, typename Kind>
    Node* make(Kind kind) {
        auto* node = arena_.make<Node>();
        node->kind = kind;
        node->span = span_;
        return node;
    }

    syntax::AstArena& arena_;
    Span span_;
};

}  // namespace kayton::check
