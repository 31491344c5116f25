// Fields that an object may not have yet. A field is there from the start when every way through __init__ assigns it, or
// a class attribute stands for it; any other is None until it is assigned, and reading it then raises AttributeError, as
// in Python. A field that may hold None besides cannot be told from an unset one and is None.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::ClassField;
using types::ClassInfo;
using types::Method;
using types::prune;
using SK = typed::StmtKind;

namespace {

using Names = std::set<std::string, std::less<>>;

void keep_common(Names& names, const Names& others) {
    std::erase_if(names, [&](const std::string& n) { return !others.contains(n); });
}

// What the body of a method assigns to its object on every way through.
class Assigned {
  public:
    using Find = std::function<const Method*(const ClassInfo& after, std::string_view name, bool skip_own)>;
    Assigned(const ClassInfo& c, const Find& find) : class_(c), find_(find) {}

    Names of(const Method& method) {
        if (method.decl == nullptr || method.decl->params.empty() || !seen_.insert(method.decl).second) return {};
        const std::string_view outer = std::exchange(self_, method.decl->params[0].name);
        const ClassInfo* outer_owner = std::exchange(owner_, method.owner);
        Names names;
        body(method.decl->body, names);
        self_ = outer;
        owner_ = outer_owner;
        seen_.erase(method.decl);
        return names;
    }

  private:
    // False: what follows is never reached, or perhaps not.
    bool body(Body statements, Names& names) {
        return std::all_of(statements.begin(), statements.end(), [&](const Stmt* s) { return statement(*s, names); });
    }

    bool statement(const Stmt& s, Names& names) {
        switch (s.kind) {
            case StmtKind::kAssign: {
                const auto& a = as<AssignStmt>(s);
                called(*a.value, names);
                for (const Expr* t : a.targets) target(*t, names);
                return true;
            }
            case StmtKind::kAnnAssign: {
                const auto& a = as<AnnAssignStmt>(s);
                if (a.value == nullptr) return true;
                called(*a.value, names);
                target(*a.target, names);
                return true;
            }
            case StmtKind::kExpr: called(*as<ExprStmt>(s).value, names); return true;
            case StmtKind::kIf: {
                const auto& i = as<IfStmt>(s);
                Names one, two;
                const bool first = body(i.body, one), second = body(i.else_body, two);
                // A branch that raises says nothing of the objects there are.
                const bool first_raises = !first && raises(i.body), second_raises = !second && raises(i.else_body);
                if (!first_raises && !second_raises) keep_common(one, two);
                const Names& kept = first_raises ? two : one;
                names.insert(kept.begin(), kept.end());
                return (first || first_raises) && (second || second_raises);
            }
            case StmtKind::kWith: return body(as<WithStmt>(s).body, names);
            case StmtKind::kTry: {
                const auto& t = as<TryStmt>(s);
                Names tried;
                bool goes_on = body(t.body, tried) && body(t.else_body, tried);
                for (const ExceptHandler& h : t.handlers) {
                    Names handled;
                    const bool ends = body(h.body, handled);
                    if (!ends && raises(h.body)) continue;
                    goes_on = goes_on && ends;
                    keep_common(tried, handled);
                }
                names.insert(tried.begin(), tried.end());
                return body(t.finally_body, names) && goes_on;
            }
            case StmtKind::kFor: return !may_return(as<ForStmt>(s).body) && !may_return(as<ForStmt>(s).else_body);
            case StmtKind::kWhile: return !may_return(as<WhileStmt>(s).body) && !may_return(as<WhileStmt>(s).else_body);
            case StmtKind::kReturn:
            case StmtKind::kRaise: return false;
            case StmtKind::kMatch:
                for (const MatchCase& c : as<MatchStmt>(s).cases)
                    if (may_return(c.body)) return false;
                return true;
            default: return true;
        }
    }

    static bool raises(Body statements) { return !statements.empty() && statements.back()->kind == StmtKind::kRaise && !may_return(statements); }

    static bool may_return(Body statements) {
        return std::any_of(statements.begin(), statements.end(), [](const Stmt* s) {
            switch (s->kind) {
                case StmtKind::kReturn: return true;
                case StmtKind::kIf: return may_return(as<IfStmt>(*s).body) || may_return(as<IfStmt>(*s).else_body);
                case StmtKind::kFor: return may_return(as<ForStmt>(*s).body) || may_return(as<ForStmt>(*s).else_body);
                case StmtKind::kWhile: return may_return(as<WhileStmt>(*s).body) || may_return(as<WhileStmt>(*s).else_body);
                case StmtKind::kWith: return may_return(as<WithStmt>(*s).body);
                case StmtKind::kTry:
                case StmtKind::kMatch: return true;  // not looked into
                default: return false;
            }
        });
    }

    void target(const Expr& e, Names& names) {
        if (e.kind == ExprKind::kTuple || e.kind == ExprKind::kList) {
            for (const Expr* item : as<SequenceExpr>(e).items) target(*item, names);
        } else if (e.kind == ExprKind::kStarred) {
            target(*as<StarredExpr>(e).value, names);
        } else if (e.kind == ExprKind::kAttribute && is_self(*as<AttributeExpr>(e).object)) {
            names.emplace(as<AttributeExpr>(e).name);
        }
    }

    // `self.reset()`, `super().__init__(…)`, `Base.__init__(self, …)`
    void called(const Expr& e, Names& names) {
        if (e.kind != ExprKind::kCall || as<CallExpr>(e).callee->kind != ExprKind::kAttribute) return;
        const auto& call = as<CallExpr>(e);
        const auto& a = as<AttributeExpr>(*call.callee);
        const Method* method = nullptr;
        if (is_self(*a.object)) {
            method = find_(class_, a.name, false);
        } else if (a.object->kind == ExprKind::kCall && as<CallExpr>(*a.object).callee->kind == ExprKind::kName &&
                   as<NameExpr>(*as<CallExpr>(*a.object).callee).name == "super" && owner_ != nullptr) {
            method = find_(*owner_, a.name, true);
        } else if (a.object->kind == ExprKind::kName && !call.args.empty() && is_self(*call.args[0])) {
            for (const ClassInfo* k : class_.mro)
                if (k->name == as<NameExpr>(*a.object).name) method = find_(*k, a.name, false);
        }
        if (method == nullptr) return;
        const Names more = of(*method);
        names.insert(more.begin(), more.end());
    }

    bool is_self(const Expr& e) const { return e.kind == ExprKind::kName && as<NameExpr>(e).name == self_; }

    const ClassInfo& class_;
    const Find& find_;
    std::string_view self_;
    const ClassInfo* owner_ = nullptr;
    std::set<const FunctionDecl*> seen_;
};

}  // namespace

// Whether an object of the class, or of one derived from it, may be without the field.
bool Checker::may_be_unset(ClassInfo& c, ClassField& field) {
    if (field.holds_none || c.committed || c.is_enum) return false;
    if (field.may_be_unset) return true;
    if (field.looked_in == pass_) return false;
    field.looked_in = pass_;
    ClassInfo* owner = &c;
    while (std::none_of(owner->fields.begin(), owner->fields.end(), [&](const ClassField& f) { return &f == &field; })) owner = owner->base;
    std::vector<ClassInfo*> concrete;
    collect_concrete(*owner, concrete);
    for (ClassInfo* k : concrete) {
        if (attribute_owner(*k, field.name) != nullptr) continue;
        if (k->present_in != pass_) {
            k->present_in = pass_;
            k->present.clear();
            const Assigned::Find find = [&](const ClassInfo& after, std::string_view name, bool skip_own) -> const Method* {
                if (!skip_own) return find_method(after, name);
                auto at = std::find(k->mro.begin(), k->mro.end(), &after);
                if (at == k->mro.end()) return nullptr;
                for (++at; at != k->mro.end(); ++at)
                    if (auto found = (*at)->methods.find(name); found != (*at)->methods.end()) return &found->second;
                return nullptr;
            };
            Assigned assigned(*k, find);
            for (const char* name : {"_start", "__init__"})
                if (const Method* method = find_method(*k, name)) k->present.merge(assigned.of(*method));
        }
        if (k->present.contains(field.name)) continue;
        field.may_be_unset = true;
        changed_ = true;
        grow(field.type, types_.none);
        return true;
    }
    return false;
}

// `del object.name`: the field is unset from here on.
void Checker::delete_attribute(const AttributeExpr& target) {
    TExpr* object = object_of(expression(*target.object), std::string(target.name));
    emit_expr(dispatch(object, target.span, [&](TExpr* one) -> TExpr* {
        const Type* t = prune(one->type);
        if (t->kind == TypeKind::kNever) return one;
        ClassField* field = is_instance(t) ? find_field(*t->class_info, target.name) : nullptr;
        if (field == nullptr) {
            report(DiagCode::kUnknownAttribute, target.name_span, "'" + type_name(t) + "' object has no attribute '" + std::string(target.name) + "'", "no such field");
            return never(target.span);
        }
        if (field->holds_none || t->class_info->committed) {
            report(DiagCode::kUnsupported, target.span, "a field that may be None cannot be deleted", "None says that it is unset", "assign None in its place");
            return never(target.span);
        }
        if (!field->may_be_unset) {
            field->may_be_unset = changed_ = true;
            grow(field->type, types_.none);
        }
        BlockScope scope(*this);
        TExpr* held = hold(one);
        emit_expr(read_field(held, *t->class_info, target.name, target.span));
        TStmt* store = stmt(SK::kSetField, target.span);
        store->a = held;
        store->index = field_index(*t->class_info, target.name);
        store->b = convert(constant_none(target.span), field->type);
        emit(store);
        return scope.finish(constant_none(target.span));
    }));
    forget_paths(target.name);
}

}  // namespace kayton::check
