#include "compiler/syntax/ast_printer.h"

#include <cstdio>
#include <string_view>

namespace kayton::syntax {

namespace {

const char* spelling(BinaryOp op) {
    static constexpr const char* kText[] = {"+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^"};
    return kText[static_cast<size_t>(op)];
}
const char* spelling(UnaryOp op) {
    static constexpr const char* kText[] = {"-", "+", "~", "not"};
    return kText[static_cast<size_t>(op)];
}
const char* spelling(CompareOp op) {
    static constexpr const char* kText[] = {"==", "!=", "<", "<=", ">", ">=", "is", "is-not", "in", "not-in"};
    return kText[static_cast<size_t>(op)];
}

class Printer {
  public:
    std::string take() { return std::move(out_); }

    void module(const Module& m) {
        for (const Stmt* s : m.body) stmt(s, 0);
    }

    void expr(const Expr* e) {
        if (e == nullptr) {
            out_ += "-";
            return;
        }
        switch (e->kind) {
            case ExprKind::kError: out_ += "<error>"; return;
            case ExprKind::kName: text(as<NameExpr>(*e).name); return;
            case ExprKind::kInt: out_ += std::to_string(as<IntExpr>(*e).value); return;
            case ExprKind::kFloat: {
                char buffer[40];
                std::snprintf(buffer, sizeof buffer, "%.17gf", as<FloatExpr>(*e).value);
                out_ += buffer;
                return;
            }
            case ExprKind::kStr: quoted_text(as<StrExpr>(*e).value); return;
            case ExprKind::kBytes:
                out_ += "b";
                quoted_text(as<BytesExpr>(*e).value);
                return;
            case ExprKind::kBool: out_ += as<BoolExpr>(*e).value ? "True" : "False"; return;
            case ExprKind::kNone: out_ += "None"; return;
            case ExprKind::kEllipsis: out_ += "..."; return;
            case ExprKind::kFString: fstring(as<FStringExpr>(*e)); return;
            case ExprKind::kTuple: list("tuple", as<SequenceExpr>(*e).items); return;
            case ExprKind::kList: list("list", as<SequenceExpr>(*e).items); return;
            case ExprKind::kSet: list("set", as<SequenceExpr>(*e).items); return;
            case ExprKind::kDict:
                open("dict");
                for (const DictItem& item : as<DictExpr>(*e).items) {
                    out_ += ' ';
                    if (item.key == nullptr) {
                        open("**");
                        field(item.value);
                    } else {
                        out_ += '(';
                        expr(item.key);
                        field(item.value);
                    }
                    out_ += ')';
                }
                break;
            case ExprKind::kComprehension: comprehension(as<ComprehensionExpr>(*e)); return;
            case ExprKind::kUnary:
                open(spelling(as<UnaryExpr>(*e).op));
                field(as<UnaryExpr>(*e).operand);
                break;
            case ExprKind::kBinary:
                open(spelling(as<BinaryExpr>(*e).op));
                field(as<BinaryExpr>(*e).left);
                field(as<BinaryExpr>(*e).right);
                break;
            case ExprKind::kBoolOp: list(as<BoolOpExpr>(*e).is_and ? "and" : "or", as<BoolOpExpr>(*e).operands); return;
            case ExprKind::kCompare: {
                const auto& compare = as<CompareExpr>(*e);
                open("compare");
                field(compare.first);
                for (size_t i = 0; i < compare.ops.size(); ++i) {
                    out_ += ' ';
                    out_ += spelling(compare.ops[i]);
                    field(compare.rest[i]);
                }
                break;
            }
            case ExprKind::kConditional:
                open("if-else");
                field(as<ConditionalExpr>(*e).condition);
                field(as<ConditionalExpr>(*e).then_value);
                field(as<ConditionalExpr>(*e).else_value);
                break;
            case ExprKind::kCall:
                open("call");
                field(as<CallExpr>(*e).callee);
                fields(as<CallExpr>(*e).args);
                keywords(as<CallExpr>(*e).keywords);
                break;
            case ExprKind::kAttribute:
                open(".");
                field(as<AttributeExpr>(*e).object);
                out_ += ' ';
                text(as<AttributeExpr>(*e).name);
                break;
            case ExprKind::kSubscript:
                open("[]");
                field(as<SubscriptExpr>(*e).object);
                field(as<SubscriptExpr>(*e).index);
                break;
            case ExprKind::kSlice:
                open("slice");
                field(as<SliceExpr>(*e).start);
                field(as<SliceExpr>(*e).stop);
                field(as<SliceExpr>(*e).step);
                break;
            case ExprKind::kLambda:
                open("lambda");
                params(as<LambdaExpr>(*e).params);
                field(as<LambdaExpr>(*e).body);
                break;
            case ExprKind::kStarred:
                open("*");
                field(as<StarredExpr>(*e).value);
                break;
            case ExprKind::kNamedExpr:
                open(":=");
                field(as<NamedExpr>(*e).target);
                field(as<NamedExpr>(*e).value);
                break;
            case ExprKind::kRange:
                open(as<RangeExpr>(*e).inclusive ? "..=" : "..");
                field(as<RangeExpr>(*e).start);
                field(as<RangeExpr>(*e).stop);
                break;
            case ExprKind::kYield:
            case ExprKind::kYieldFrom:
            case ExprKind::kAwait:
                open(e->kind == ExprKind::kYield ? "yield" : e->kind == ExprKind::kAwait ? "await" : "yield-from");
                if (as<YieldExpr>(*e).value != nullptr) field(as<YieldExpr>(*e).value);
                break;
        }
        out_ += ')';
    }

  private:
    void text(std::string_view t) { out_ += t; }
    void quoted_text(std::string_view t) {
        out_ += '"';
        for (char c : t) {
            if (c == '"' || c == '\\') {
                out_ += '\\';
                out_ += c;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                char buffer[8];
                std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(c));
                out_ += buffer;
            } else {
                out_ += c;
            }
        }
        out_ += '"';
    }
    void open(const char* head) {
        out_ += '(';
        out_ += head;
    }
    void field(const Expr* e) {
        out_ += ' ';
        expr(e);
    }
    void fields(Exprs items) {
        for (const Expr* item : items) field(item);
    }
    void list(const char* head, Exprs items) {
        open(head);
        fields(items);
        out_ += ')';
    }
    void keywords(std::span<const KeywordArg> args) {
        for (const KeywordArg& arg : args) {
            out_ += ' ';
            if (arg.name.empty()) {
                open("**");
            } else {
                out_ += '(';
                text(arg.name);
                out_ += '=';
            }
            field(arg.value);
            out_ += ')';
        }
    }
    void fstring(const FStringExpr& f) {
        open("f");
        for (const FStringPart& part : f.parts) {
            out_ += ' ';
            if (part.value == nullptr) {
                quoted_text(part.text);
                continue;
            }
            out_ += '{';
            if (!part.debug_text.empty()) {
                quoted_text(part.debug_text);
                out_ += ' ';
            }
            expr(part.value);
            if (part.conversion != 0) {
                out_ += " !";
                out_ += part.conversion;
            }
            if (part.spec != nullptr) {
                out_ += " :";
                fstring(*part.spec);
            }
            out_ += '}';
        }
        out_ += ')';
    }
    void comprehension(const ComprehensionExpr& c) {
        static constexpr const char* kHead[] = {"list-of", "set-of", "dict-of", "generate"};
        open(kHead[static_cast<size_t>(c.comprehension)]);
        field(c.element);
        if (c.value != nullptr) field(c.value);
        for (const ComprehensionClause& clause : c.clauses) {
            out_ += " (for";
            field(clause.target);
            field(clause.iterable);
            if (!clause.conditions.empty()) {
                out_ += " if";
                fields(clause.conditions);
            }
            out_ += ')';
        }
        out_ += ')';
    }
    void params(std::span<const Param> list_of) {
        out_ += " (";
        static constexpr const char* kPrefix[] = {"/", "", "*", "kw:", "**"};
        for (size_t i = 0; i < list_of.size(); ++i) {
            const Param& param = list_of[i];
            if (i > 0) out_ += ' ';
            out_ += kPrefix[static_cast<size_t>(param.kind)];
            text(param.name);
            if (param.annotation != nullptr) {
                out_ += ':';
                expr(param.annotation);
            }
            if (param.default_value != nullptr) {
                out_ += '=';
                expr(param.default_value);
            }
        }
        out_ += ')';
    }
    void names(std::span<const std::string_view> list_of) {
        for (std::string_view name : list_of) {
            out_ += ' ';
            text(name);
        }
    }
    void line(int depth) { out_.append(static_cast<size_t>(depth) * 2, ' '); }
    void block(const char* head, Body body, int depth) {
        if (head != nullptr) {
            line(depth);
            out_ += head;
            out_ += '\n';
        }
        for (const Stmt* s : body) stmt(s, depth + 1);
    }
    void import_names(std::span<const ImportName> list_of) {
        for (const ImportName& name : list_of) {
            out_ += ' ';
            text(name.path);
            if (!name.alias.empty()) {
                out_ += '=';
                text(name.alias);
            }
        }
    }
    void pattern(const Pattern* p) {
        switch (p->kind) {
            case PatternKind::kWildcard: out_ += '_'; return;
            case PatternKind::kCapture: text(p->name); return;
            case PatternKind::kLiteral: expr(p->value); return;
            case PatternKind::kValue: expr(p->value); return;
            case PatternKind::kStar:
                out_ += '*';
                text(p->name.empty() ? "_" : p->name);
                return;
            case PatternKind::kSequence: open("seq"); break;
            case PatternKind::kOr: open("or"); break;
            case PatternKind::kAs:
                open("as ");
                text(p->name);
                break;
            case PatternKind::kClass:
                open("class ");
                expr(p->value);
                break;
            case PatternKind::kMapping: open("map"); break;
        }
        const size_t positional = p->children.size() - p->keyword_names.size();
        for (size_t i = 0; i < p->children.size(); ++i) {
            out_ += ' ';
            if (p->kind == PatternKind::kMapping) {
                expr(p->keys[i]);
                out_ += '=';
            } else if (i >= positional) {
                text(p->keyword_names[i - positional]);
                out_ += '=';
            }
            pattern(p->children[i]);
        }
        if (p->kind == PatternKind::kMapping && !p->name.empty()) {
            out_ += " **";
            text(p->name);
        }
        out_ += ')';
    }

    void if_stmt(const IfStmt* first, int depth) {
        // A chain of elif is a list, however long.
        for (const IfStmt* s = first;;) {
            if (s == first) {
                out_ += "(if";
            } else {
                line(depth);
                out_ += "elif";
            }
            field(s->condition);
            out_ += '\n';
            block(nullptr, s->body, depth);
            if (s->else_body.size() == 1 && s->else_body[0]->kind == StmtKind::kIf) {
                s = &as<IfStmt>(*s->else_body[0]);
                continue;
            }
            if (!s->else_body.empty()) block("else", s->else_body, depth);
            break;
        }
        out_.back() = ')';
    }

    void stmt(const Stmt* s, int depth) {
        line(depth);
        stmt_inner(s, depth);
        out_ += '\n';
    }

    void function(const FunctionStmt& f, int depth) {
        out_ += f.is_async ? "(async-" : "(";
        out_ += f.is_fn ? "fn " : "def ";
        text(f.name);
        if (f.is_generator) out_ += " generator";
        if (!f.type_params.empty()) {
            out_ += " [";
            names(f.type_params);
            out_ += " ]";
        }
        params(f.params);
        if (f.returns != nullptr) {
            out_ += " ->";
            field(f.returns);
        }
        for (const Expr* decorator : f.decorators) {
            out_ += " @";
            expr(decorator);
        }
        out_ += '\n';
        block(nullptr, f.body, depth);
        out_.back() = ')';
    }

    void stmt_inner(const Stmt* s, int depth) {
        switch (s->kind) {
            case StmtKind::kError: out_ += "<error>"; return;
            case StmtKind::kExpr: expr(as<ExprStmt>(*s).value); return;
            case StmtKind::kAssign:
                open("assign");
                fields(as<AssignStmt>(*s).targets);
                field(as<AssignStmt>(*s).value);
                break;
            case StmtKind::kAugAssign:
                open(spelling(as<AugAssignStmt>(*s).op));
                out_ += '=';
                field(as<AugAssignStmt>(*s).target);
                field(as<AugAssignStmt>(*s).value);
                break;
            case StmtKind::kAnnAssign:
                open(as<AnnAssignStmt>(*s).is_let ? "let" : "annotate");
                field(as<AnnAssignStmt>(*s).target);
                field(as<AnnAssignStmt>(*s).annotation);
                field(as<AnnAssignStmt>(*s).value);
                break;
            case StmtKind::kIf: if_stmt(&as<IfStmt>(*s), depth); return;
            case StmtKind::kWhile:
                open("while");
                field(as<WhileStmt>(*s).condition);
                loop_body(as<WhileStmt>(*s).body, as<WhileStmt>(*s).else_body, depth);
                return;
            case StmtKind::kFor:
                open("for");
                field(as<ForStmt>(*s).target);
                field(as<ForStmt>(*s).iterable);
                loop_body(as<ForStmt>(*s).body, as<ForStmt>(*s).else_body, depth);
                return;
            case StmtKind::kBreak: out_ += "(break)"; return;
            case StmtKind::kContinue: out_ += "(continue)"; return;
            case StmtKind::kPass: out_ += "(pass)"; return;
            case StmtKind::kReturn:
                open("return");
                if (as<ReturnStmt>(*s).value != nullptr) field(as<ReturnStmt>(*s).value);
                break;
            case StmtKind::kRaise:
                open("raise");
                if (as<RaiseStmt>(*s).value != nullptr) field(as<RaiseStmt>(*s).value);
                if (as<RaiseStmt>(*s).cause != nullptr) {
                    out_ += " from";
                    field(as<RaiseStmt>(*s).cause);
                }
                break;
            case StmtKind::kTry: {
                const auto& t = as<TryStmt>(*s);
                out_ += "(try\n";
                block(nullptr, t.body, depth);
                for (const ExceptHandler& handler : t.handlers) {
                    line(depth);
                    out_ += "except";
                    if (handler.type != nullptr) field(handler.type);
                    if (!handler.name.empty()) out_ += " as " + std::string(handler.name);
                    out_ += '\n';
                    block(nullptr, handler.body, depth);
                }
                if (!t.else_body.empty()) block("else", t.else_body, depth);
                if (!t.finally_body.empty()) block("finally", t.finally_body, depth);
                out_.back() = ')';
                return;
            }
            case StmtKind::kWith:
                open("with");
                for (const WithItem& item : as<WithStmt>(*s).items) {
                    out_ += " (";
                    expr(item.context);
                    field(item.target);
                    out_ += ')';
                }
                loop_body(as<WithStmt>(*s).body, {}, depth);
                return;
            case StmtKind::kAssert:
                open("assert");
                field(as<AssertStmt>(*s).condition);
                if (as<AssertStmt>(*s).message != nullptr) field(as<AssertStmt>(*s).message);
                break;
            case StmtKind::kDelete: list("del", as<DeleteStmt>(*s).targets); return;
            case StmtKind::kFunction: function(as<FunctionStmt>(*s), depth); return;
            case StmtKind::kClass: {
                const auto& c = as<ClassStmt>(*s);
                out_ += "(class ";
                text(c.name);
                if (!c.type_params.empty()) {
                    out_ += " [";
                    names(c.type_params);
                    out_ += " ]";
                }
                fields(c.bases);
                keywords(c.keywords);
                for (const Expr* decorator : c.decorators) {
                    out_ += " @";
                    expr(decorator);
                }
                loop_body(c.body, {}, depth);
                return;
            }
            case StmtKind::kImport:
            case StmtKind::kRimport:
                open(s->kind == StmtKind::kImport ? "import" : "rimport");
                import_names(as<ImportStmt>(*s).names);
                break;
            case StmtKind::kFromImport:
            case StmtKind::kFromRimport: {
                const auto& from = as<FromImportStmt>(*s);
                open(s->kind == StmtKind::kFromImport ? "from-import " : "from-rimport ");
                out_.append(static_cast<size_t>(from.level), '.');
                text(from.module);
                import_names(from.names);
                break;
            }
            case StmtKind::kGlobal:
            case StmtKind::kNonlocal:
                open(s->kind == StmtKind::kGlobal ? "global" : "nonlocal");
                names(as<NamesStmt>(*s).names);
                break;
            case StmtKind::kMatch:
                open("match");
                field(as<MatchStmt>(*s).subject);
                out_ += '\n';
                for (const MatchCase& match_case : as<MatchStmt>(*s).cases) {
                    line(depth + 1);
                    out_ += "case ";
                    pattern(match_case.pattern);
                    if (match_case.guard != nullptr) {
                        out_ += " if";
                        field(match_case.guard);
                    }
                    out_ += '\n';
                    block(nullptr, match_case.body, depth + 1);
                }
                out_.back() = ')';
                return;
            case StmtKind::kTypeAlias:
                open("type ");
                text(as<TypeAliasStmt>(*s).name);
                if (!as<TypeAliasStmt>(*s).type_params.empty()) {
                    out_ += " [";
                    names(as<TypeAliasStmt>(*s).type_params);
                    out_ += " ]";
                }
                field(as<TypeAliasStmt>(*s).value);
                break;
        }
        out_ += ')';
    }

    void loop_body(Body body, Body else_body, int depth) {
        out_ += '\n';
        block(nullptr, body, depth);
        if (!else_body.empty()) block("else", else_body, depth);
        out_.back() = ')';
    }

    std::string out_;
};

}  // namespace

std::string print_module(const Module& module) {
    Printer printer;
    printer.module(module);
    return printer.take();
}

std::string print_expr(const Expr* e) {
    Printer printer;
    printer.expr(e);
    return printer.take();
}

}  // namespace kayton::syntax
